"""reference_sklearn - job a with scikit-learn's MLPClassifier

usage: reference_sklearn.py DATA DTYPE EPOCHS

partial_fit is one full-batch step here. The estimator tells the loss only, so that the metrics of
both splits come from predict_proba; those of the training split before the step, as in the others.
"""
import sys

import numpy as np
from sklearn.neural_network import MLPClassifier

from peers import he_weights, load, pixels, run_reference

LR, LAMBDA = 0.01, 10
dtype = np.dtype(sys.argv[2])


def split(name, count):
    images, labels = load(sys.argv[1], name, count)
    return pixels(images, dtype), labels, np.arange(count)


train, test = split("train", 6000), split("t10k", 1000)
net = MLPClassifier((25, 25), solver="sgd", batch_size=6000, learning_rate_init=LR, momentum=0,
                    alpha=LAMBDA, shuffle=False)
net.partial_fit(train[0], train[1], classes=np.arange(10))
# The first call drew weights of its own; from here on the reference's.
for coefs, intercepts, W in zip(net.coefs_, net.intercepts_, he_weights([784, 25, 25, 10])):
    coefs[...] = W.T
    intercepts[...] = 0


def metrics(p, y, rows, squares):
    q = 1 - p
    q[rows, y] = p[rows, y]
    cost = (LAMBDA / 2 * squares - np.log(q).sum(dtype=np.float64)) / len(y)
    return cost, np.mean(p.argmax(axis=1) == y)


def run_epoch():
    p = net.predict_proba(train[0])
    net.partial_fit(train[0], train[1])
    squares = sum(np.vdot(W, W) for W in net.coefs_)
    cost, accuracy = metrics(p, *train[1:], squares)
    test_cost, test_accuracy = metrics(net.predict_proba(test[0]), *test[1:], squares)
    return cost, test_cost, accuracy, test_accuracy


run_reference(run_epoch, int(sys.argv[3]))
