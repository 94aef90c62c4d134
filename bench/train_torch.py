"""train_torch - jobs b, c, d in PyTorch as an expert would write it

usage: train_torch.py DATA HIDDEN BATCH SAMPLES        (as train.lua)

No data loader: tensors are in memory and index_select makes the batches.
"""
import sys
from time import perf_counter

import torch
import torch.nn.functional as F

from peers import print_test, start_network
from peers_torch import Adam, split

hidden = [int(n) for n in sys.argv[2].split(",")]
batch, samples = int(sys.argv[3]), int(sys.argv[4])

x, y = split(sys.argv[1], "train", 60000)
test_x, test_y = split(sys.argv[1], "t10k", 10000)
random, initial = start_network(hidden)
parameters = [torch.from_numpy(p).requires_grad_() for layer in initial for p in layer]


def forward(a):
    for i in range(0, len(parameters) - 2, 2):
        a = F.relu_(F.linear(a, parameters[i], parameters[i + 1]))
    return F.linear(a, parameters[-2], parameters[-1])


optimizer = Adam(parameters)


def run_epoch(count):
    order = torch.from_numpy(random.permutation(len(x)))
    for first in range(0, count, batch):
        rows = order[first:min(first + batch, count)]
        loss = F.cross_entropy(forward(x.index_select(0, rows)), y.index_select(0, rows))
        optimizer.step(torch.autograd.grad(loss, parameters))


run_epoch(min(10 * batch, samples))
start = perf_counter()
run_epoch(samples)
print("seconds", perf_counter() - start)
with torch.no_grad():
    print_test(forward(test_x).numpy(), test_y.numpy())
