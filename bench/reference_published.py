"""reference_published - job a as the published NumPy program computes it

usage: reference_published.py DATA float64 EPOCHS

Nothing is tuned: samples are columns of a transposed float32 array of all images, so that every
product with the float64 weights converts the pixels first; every step makes new arrays; the test
images go through the network twice, once for the cost and once for the accuracy.
"""
import sys

import numpy as np

from peers import he_weights, load, run_reference

LR, LAMBDA = 0.01, 10
LAYERS = 3


def columns(split, all_images, count):
    images, labels = load(sys.argv[1], split, all_images)
    pixels = (images.astype("float32") / 255).T
    return pixels[:, :count], np.eye(10)[labels[:count]].T


x, y = columns("train", 60000, 6000)
test_x, test_y = columns("t10k", 10000, 1000)
weights = dict(enumerate(he_weights([784, 25, 25, 10]), 1))
biases = {layer: np.zeros((len(weights[layer]), 1)) for layer in weights}


def softmax(z):
    e = np.exp(z - np.max(z, axis=0, keepdims=True))
    return e / np.sum(e, axis=0, keepdims=True)


def forward(images):
    z, a = {}, {0: images}
    for layer in range(1, LAYERS + 1):
        z[layer] = np.matmul(weights[layer], a[layer - 1]) + biases[layer]
        a[layer] = softmax(z[layer]) if layer == LAYERS else np.maximum(0, z[layer])
    return z, a


def backward(z, a):
    m = y.shape[1]
    dW, db = {}, {}
    dz = a[LAYERS] - y
    for layer in range(LAYERS, 0, -1):
        dW[layer] = (1 / m) * np.matmul(dz, a[layer - 1].T)
        db[layer] = (1 / m) * np.sum(dz, axis=1, keepdims=True)
        if layer > 1:
            dz = np.matmul(weights[layer].T, dz) * (z[layer - 1] > 0).astype(float)
    return dW, db


def cost(truth, p):
    m = truth.shape[1]
    entropy = (1 / m) * np.sum(-truth * np.log(p) - (1 - truth) * np.log(1 - p))
    return entropy + LAMBDA / (2 * m) * sum(np.sum(W ** 2) for W in weights.values())


def accuracy(truth, p):
    return np.mean(np.argmax(p, axis=0) == np.argmax(truth, axis=0))


def run_epoch():
    m = y.shape[1]
    z, a = forward(x)
    dW, db = backward(z, a)
    for layer in weights:
        weights[layer] = weights[layer] - LR * (dW[layer] + (LAMBDA / m) * weights[layer])
        biases[layer] = biases[layer] - LR * db[layer]
    train_cost = cost(y, a[LAYERS])
    test_cost = cost(test_y, forward(test_x)[1][LAYERS])
    return (train_cost, test_cost, accuracy(y, a[LAYERS]),
            accuracy(test_y, forward(test_x)[1][LAYERS]))


run_reference(run_epoch, int(sys.argv[3]))
