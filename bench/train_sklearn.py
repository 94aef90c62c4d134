"""train_sklearn - jobs b, c, d with scikit-learn's MLPClassifier

usage: train_sklearn.py DATA HIDDEN BATCH SAMPLES        (as train.lua)

A call of partial_fit is an epoch of shuffled mini-batches.
"""
import sys
from time import perf_counter

import numpy as np
from sklearn.neural_network import MLPClassifier

from peers import load, pixels, print_test

hidden = [int(n) for n in sys.argv[2].split(",")]
batch, samples = int(sys.argv[3]), int(sys.argv[4])


def split(name, count):
    images, labels = load(sys.argv[1], name, count)
    return pixels(images, np.float32), labels


x, y = split("train", 60000)
test_x, test_y = split("t10k", 10000)
order = np.random.RandomState(1).permutation(len(x))[:samples]
x, y = x[order], y[order]

net = MLPClassifier(hidden, solver="adam", batch_size=batch, learning_rate_init=1e-3, alpha=0,
                    random_state=1)
warm = min(10 * batch, samples)
net.partial_fit(x[:warm], y[:warm], classes=np.arange(10))
start = perf_counter()
net.partial_fit(x, y)
print("seconds", perf_counter() - start)
print_test(np.log(net.predict_proba(test_x)), test_y)
