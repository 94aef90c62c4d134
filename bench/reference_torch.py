"""reference_torch - job a in PyTorch as an expert would write it

usage: reference_torch.py DATA DTYPE EPOCHS

Tensors are loaded before; autograd gives the gradients, foreach calls update in place, metrics
reuse the training pass's scores. Samples are columns after the first product: so BLAS is fastest.
"""
import os
import sys

import torch
import torch.nn.functional as F

from peers import he_weights, load, pixels, run_reference

LR, LAMBDA = 0.01, 10
torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
dtype = sys.argv[2]


def split(name, count):
    images, labels = load(sys.argv[1], name, count)
    return torch.from_numpy(pixels(images, dtype)), torch.from_numpy(labels), torch.arange(count)


train, test = split("train", 6000), split("t10k", 1000)
weights = [torch.from_numpy(W.astype(dtype)).requires_grad_()
           for W in he_weights([784, 25, 25, 10])]
biases = [torch.zeros(len(W), 1, dtype=W.dtype, requires_grad=True) for W in weights]
parameters = weights + biases


def forward(x):
    a = x.t()
    for W, b in zip(weights[:-1], biases):
        a = F.relu_(torch.addmm(b, W, a))
    return torch.addmm(biases[-1], weights[-1], a).t()


def metrics(scores, y, rows, squares):
    """The probability given to the truth is p at the label, elsewhere 1 - p."""
    p = torch.softmax(scores, 1)
    q = 1 - p
    q[rows, y] = p[rows, y]
    cost = (LAMBDA / 2 * squares - q.log_().sum().item()) / len(y)
    return cost, (scores.argmax(1) == y).sum().item() / len(y)


def run_epoch():
    x, y, rows = train
    scores = forward(x)
    gradients = torch.autograd.grad(F.cross_entropy(scores, y), parameters)
    with torch.no_grad():
        torch._foreach_mul_(weights, 1 - LR * LAMBDA / len(y))
        torch._foreach_add_(parameters, gradients, alpha=-LR)
        squares = sum(W.square().sum().item() for W in weights)
        cost, accuracy = metrics(scores.detach(), y, rows, squares)
        test_cost, test_accuracy = metrics(forward(test[0]), test[1], test[2], squares)
    return cost, test_cost, accuracy, test_accuracy


run_reference(run_epoch, int(sys.argv[3]))
