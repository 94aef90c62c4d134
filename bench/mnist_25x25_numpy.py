#!/usr/bin/env python3
"""The reference job the way the published NumPy program does it, for comparison of speed.

usage: mnist_25x25_numpy.py DIR EPOCHS

DIR holds the MNIST files (IDX, gzip or plain). Samples are columns; every epoch computes the
gradient, the update, and both costs and accuracies, in float64. Prints the last epoch's line and
the milliseconds per epoch.
"""
import gzip
import os
import sys
import time

import numpy as np


def read(folder, name, header):
    path = os.path.join(folder, name)
    opener = open
    if not os.path.exists(path):
        path, opener = path + ".gz", gzip.open
    with opener(path, "rb") as f:
        return np.frombuffer(f.read(), np.uint8, offset=header)


def load(folder, prefix, count):
    x = read(folder, prefix + "-images-idx3-ubyte", 16).reshape(-1, 784)[:count]
    y = read(folder, prefix + "-labels-idx1-ubyte", 8)[:count]
    x = (x.astype(np.float32) / 255).T.astype(np.float64)
    return x, np.eye(10)[y].T


def softmax(z):
    e = np.exp(z - np.max(z, axis=0, keepdims=True))
    return e / np.sum(e, axis=0, keepdims=True)


def forward(x, weights, biases):
    a, caches = x, []
    for i, (w, b) in enumerate(zip(weights, biases)):
        z = np.dot(w, a) + b
        caches.append((a, z))
        a = np.maximum(0, z) if i < len(weights) - 1 else softmax(z)
    return a, caches


def backward(p, y, weights, caches, lam):
    m = y.shape[1]
    dz, gradients = p - y, []
    for i in reversed(range(len(weights))):
        a, _ = caches[i]
        gradients.append((np.dot(dz, a.T) / m + lam / m * weights[i],
                          np.sum(dz, axis=1, keepdims=True) / m))
        if i > 0:
            dz = np.dot(weights[i].T, dz) * (caches[i - 1][1] > 0)
    return gradients[::-1]


def cost(p, y, weights, lam):
    m = y.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.nan_to_num(y * np.log(p) + (1 - y) * np.log(1 - p))
    return -np.sum(terms) / m + lam / (2 * m) * sum(np.sum(np.square(w)) for w in weights)


def accuracy(p, y):
    return np.mean(np.argmax(p, axis=0) == np.argmax(y, axis=0))


def main():
    folder, epochs = sys.argv[1], int(sys.argv[2])
    lam, alpha = 10.0, 0.01
    x, y = load(folder, "train", 6000)
    tx, ty = load(folder, "t10k", 1000)
    np.random.seed(42)
    sizes = [784, 25, 25, 10]
    weights = [np.random.randn(n, k) * np.sqrt(2 / k) for k, n in zip(sizes, sizes[1:])]
    biases = [np.zeros((n, 1)) for n in sizes[1:]]
    start = time.perf_counter()
    for epoch in range(epochs):
        p, caches = forward(x, weights, biases)
        for i, (dw, db) in enumerate(backward(p, y, weights, caches, lam)):
            weights[i] = weights[i] - alpha * dw
            biases[i] = biases[i] - alpha * db
        tp, _ = forward(tx, weights, biases)
        line = "Epoch %d, Train Cost: %.4f, Test Cost: %.4f  accuracies %.4f %.4f" % (
            epoch, cost(p, y, weights, lam), cost(tp, ty, weights, lam), accuracy(p, y),
            accuracy(tp, ty))
    print(line)
    print("%.3f ms/epoch" % ((time.perf_counter() - start) / epochs * 1e3))


main()
