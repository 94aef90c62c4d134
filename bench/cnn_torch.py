"""cnn_torch - job g in PyTorch as an expert would write it

usage: cnn_torch.py DATA CHANNELS KERNEL BATCH SAMPLES        (as cnn.lua)

No data loader: tensors are in memory and index_select makes the batches.
"""
import sys
from time import perf_counter

import numpy as np
import torch
import torch.nn.functional as F

from peers import print_test, start_layers
from peers_torch import Adam, split

first, second = (int(n) for n in sys.argv[2].split(","))
kernel, batch, samples = (int(arg) for arg in sys.argv[3:6])

x, y = split(sys.argv[1], "train", 60000)
test_x, test_y = split(sys.argv[1], "t10k", 10000)
x, test_x = x.reshape(-1, 1, 28, 28), test_x.reshape(-1, 1, 28, 28)

side = ((28 - kernel + 1) // 2 - kernel + 1) // 2
random, initial = start_layers([(first, 1, kernel, kernel), (second, first, kernel, kernel),
                                (10, second * side * side)])
parameters = [torch.from_numpy(p).requires_grad_() for layer in initial for p in layer]


def forward(a):
    W1, b1, W2, b2, W3, b3 = parameters
    a = F.max_pool2d(F.relu_(F.conv2d(a, W1, b1)), 2)
    a = F.max_pool2d(F.relu_(F.conv2d(a, W2, b2)), 2)
    return F.linear(a.flatten(1), W3, b3)


optimizer = Adam(parameters)


def run_epoch(count):
    order = torch.from_numpy(random.permutation(len(x)))
    for start in range(0, count, batch):
        rows = order[start:min(start + batch, count)]
        loss = F.cross_entropy(forward(x.index_select(0, rows)), y.index_select(0, rows))
        optimizer.step(torch.autograd.grad(loss, parameters))


run_epoch(min(10 * batch, samples))
start = perf_counter()
run_epoch(samples)
print("seconds", perf_counter() - start)
with torch.no_grad():
    print_test(np.concatenate([forward(part).numpy() for part in test_x.split(500)]),
               test_y.numpy())
