"""reference_numpy - job a in NumPy as an expert would write it

usage: reference_numpy.py DATA DTYPE EPOCHS

Pixels are converted once and lie in rows, whose transpose BLAS takes as it is; activations are
columns; results go into arrays that are there already; one logarithm per output; one test pass.
"""
import sys

import numpy as np

from peers import he_weights, load, pixels, run_reference

LR, LAMBDA = 0.01, 10
dtype = np.dtype(sys.argv[2])


class Split:
    """Images, labels, and room for what the network makes of them."""

    def __init__(self, split, count):
        images, self.labels = load(sys.argv[1], split, count)
        self.x = pixels(images, dtype)
        self.count, self.columns = count, np.arange(count)
        self.a1, self.a2, self.p = (np.empty((n, count), dtype) for n in (25, 25, 10))
        self.q = np.empty_like(self.p)
        self.line = np.empty((1, count), dtype)

    def forward(self):
        for W, b, x, a in ((W1, b1, self.x.T, self.a1), (W2, b2, self.a1, self.a2)):
            np.matmul(W, x, out=a)
            a += b
            np.maximum(a, 0, out=a)
        p = np.matmul(W3, self.a2, out=self.p)
        p += b3
        p -= p.max(axis=0, out=self.line, keepdims=True)
        np.exp(p, out=p)
        p /= p.sum(axis=0, out=self.line, keepdims=True)

    def cost(self, squares):
        """Needs p; the probability given to the truth is p at the label, elsewhere 1 - p."""
        q = np.subtract(1, self.p, out=self.q)
        q[self.labels, self.columns] = self.p[self.labels, self.columns]
        return (LAMBDA / 2 * squares - np.log(q, out=q).sum(dtype=np.float64)) / self.count

    def accuracy(self):
        return np.count_nonzero(self.p.argmax(axis=0) == self.labels) / self.count


W1, W2, W3 = weights = [W.astype(dtype) for W in he_weights([784, 25, 25, 10])]
b1, b2, b3 = (np.zeros((len(W), 1), dtype) for W in weights)
train, test = Split("train", 6000), Split("t10k", 1000)
dz1, dz2, dz3 = (np.empty_like(a) for a in (train.a1, train.a2, train.p))
dW1, dW2, dW3 = (np.empty_like(W) for W in weights)


def run_epoch():
    train.forward()
    np.copyto(dz3, train.p)
    dz3[train.labels, train.columns] -= 1
    np.matmul(W3.T, dz3, out=dz2)
    np.multiply(dz2, train.a2 > 0, out=dz2)
    np.matmul(W2.T, dz2, out=dz1)
    np.multiply(dz1, train.a1 > 0, out=dz1)
    rate = LR / train.count
    for W, b, dz, a, dW in ((W1, b1, dz1, train.x, dW1), (W2, b2, dz2, train.a1.T, dW2),
                            (W3, b3, dz3, train.a2.T, dW3)):
        np.matmul(dz, a, out=dW)
        dW *= rate
        W *= 1 - rate * LAMBDA
        W -= dW
        b -= rate * dz.sum(axis=1, keepdims=True)
    test.forward()
    squares = sum(np.vdot(W, W) for W in weights)
    return train.cost(squares), test.cost(squares), train.accuracy(), test.accuracy()


run_reference(run_epoch, int(sys.argv[3]))
