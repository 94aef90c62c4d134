"""train_torch - jobs b, c, d in PyTorch as an expert would write it

usage: train_torch.py DATA HIDDEN BATCH SAMPLES        (as train.lua)

No data loader: tensors are in memory and index_select makes the batches. Adam is written with
foreach calls, in place: less to do per step than torch.optim.Adam on the CPU.
"""
import os
import sys
from time import perf_counter

import torch
import torch.nn.functional as F

from peers import load, pixels, print_test, start_network

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
hidden = [int(n) for n in sys.argv[2].split(",")]
batch, samples = int(sys.argv[3]), int(sys.argv[4])


def split(name, count):
    images, labels = load(sys.argv[1], name, count)
    return torch.from_numpy(pixels(images, "float32")), torch.from_numpy(labels)


x, y = split("train", 60000)
test_x, test_y = split("t10k", 10000)
random, initial = start_network(hidden)
parameters = [torch.from_numpy(p).requires_grad_() for layer in initial for p in layer]


def forward(a):
    for i in range(0, len(parameters) - 2, 2):
        a = F.relu_(F.linear(a, parameters[i], parameters[i + 1]))
    return F.linear(a, parameters[-2], parameters[-1])


class Adam:
    def __init__(self, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.lr, self.betas, self.eps, self.steps = lr, betas, eps, 0
        self.m = [torch.zeros_like(p) for p in parameters]
        self.v = [torch.zeros_like(p) for p in parameters]

    @torch.no_grad()
    def step(self, gradients):
        self.steps += 1
        beta1, beta2 = self.betas
        scale = (1 - beta2 ** self.steps) ** 0.5
        torch._foreach_mul_(self.m, beta1)
        torch._foreach_add_(self.m, gradients, alpha=1 - beta1)
        torch._foreach_mul_(self.v, beta2)
        torch._foreach_addcmul_(self.v, gradients, gradients, 1 - beta2)
        roots = torch._foreach_sqrt(self.v)
        torch._foreach_add_(roots, self.eps * scale)
        torch._foreach_addcdiv_(parameters, self.m, roots,
                                -self.lr * scale / (1 - beta1 ** self.steps))


optimizer = Adam()


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
