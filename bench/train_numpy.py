"""train_numpy - jobs b, c, d in NumPy as an expert would write it

usage: train_numpy.py DATA HIDDEN BATCH SAMPLES        (as train.lua)

All parameters are views of one array, so that Adam is a few calls on it, in place.
"""
import sys
from time import perf_counter

import numpy as np

from peers import load, pixels, print_test, start_network

hidden = [int(n) for n in sys.argv[2].split(",")]
batch, samples = int(sys.argv[3]), int(sys.argv[4])


def split(name, count):
    images, labels = load(sys.argv[1], name, count)
    return pixels(images, np.float32), labels


x, y = split("train", 60000)
test_x, test_y = split("t10k", 10000)
sizes = [784] + hidden + [10]


def views(flat):
    """The weights and biases of every layer, as parts of one array."""
    layers, at = [], 0
    for k, n in zip(sizes, sizes[1:]):
        layers.append((flat[at:at + n * k].reshape(n, k), flat[at + n * k:at + n * (k + 1)]))
        at += n * (k + 1)
    return layers


random, initial = start_network(hidden)
parameters = np.concatenate([part.ravel() for layer in initial for part in layer])
gradients, m, v, work = (np.zeros_like(parameters) for _ in range(4))
layers, layer_gradients = views(parameters), views(gradients)


def forward(a):
    activations = [a]
    for i, (W, b) in enumerate(layers):
        a = a @ W.T
        a += b
        if i < len(layers) - 1:
            np.maximum(a, 0, out=a)
        activations.append(a)
    return activations


def backprop(x, y):
    activations = forward(x)
    dz = activations[-1]
    dz -= dz.max(axis=1, keepdims=True)
    np.exp(dz, out=dz)
    dz /= dz.sum(axis=1, keepdims=True)
    dz[np.arange(len(y)), y] -= 1
    dz *= np.float32(1 / len(y))
    for i in range(len(layers) - 1, -1, -1):
        dW, db = layer_gradients[i]
        a = activations[i]
        np.matmul(dz.T, a, out=dW)
        dz.sum(axis=0, out=db)
        if i > 0:
            dz = dz @ layers[i][0]
            dz *= a > 0


steps = 0


def adam(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    global steps
    steps += 1
    scale = (1 - beta2 ** steps) ** 0.5
    np.multiply(m, beta1, out=m)
    np.add(m, np.multiply(gradients, 1 - beta1, out=work), out=m)
    np.multiply(v, beta2, out=v)
    np.multiply(gradients, gradients, out=work)
    np.add(v, np.multiply(work, 1 - beta2, out=work), out=v)
    np.sqrt(v, out=work)
    np.add(work, eps * scale, out=work)
    np.divide(m, work, out=work)
    np.multiply(work, lr * scale / (1 - beta1 ** steps), out=work)
    np.subtract(parameters, work, out=parameters)


def run_epoch(count):
    order = random.permutation(len(x))
    for first in range(0, count, batch):
        rows = order[first:min(first + batch, count)]
        backprop(x[rows], y[rows])
        adam()


run_epoch(min(10 * batch, samples))
start = perf_counter()
run_epoch(samples)
print("seconds", perf_counter() - start)
print_test(forward(test_x)[-1], test_y)
