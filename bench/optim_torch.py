"""optim_torch.py - the same steps as optim.lua in torch.optim

usage: optim_torch.py [STEPS]

Prints "NAME FOREACH SECONDS" for each, the median of STEPS steps after 20 that warm up.
"""
import os
import sys
from statistics import median
from time import perf_counter

import torch

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())))
steps = int(sys.argv[1]) if len(sys.argv) > 1 else 100
shapes = [(800, 784), (800,), (400, 800), (400,), (100, 400), (100,), (10, 100), (10,)]

for name in "SGD", "Adam", "AdamW", "RMSprop", "Adagrad":
    for foreach in False, True:
        torch.manual_seed(1)
        params = [torch.randn(shape, requires_grad=True) for shape in shapes]
        for p in params:
            p.grad = torch.randn(p.shape)
        optimizer = getattr(torch.optim, name)(params, lr=1e-3, foreach=foreach)
        seconds = []
        for i in range(20 + steps):
            started = perf_counter()
            optimizer.step()
            seconds.append(perf_counter() - started)
        print(name, "foreach" if foreach else "single", f"{median(seconds[20:]):.7f}")
