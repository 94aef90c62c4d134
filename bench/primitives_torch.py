"""primitives_torch - job e in PyTorch; see primitives.lua"""
import os
from itertools import cycle

import torch

from peers import time_case

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))

for dtype in ("float32", "float64"):
    def rand(*sizes):
        return torch.rand(*sizes, dtype=getattr(torch, dtype))

    def case(name, f):
        time_case(name, dtype, f)

    for m, k, n in ((16,) * 3, (64,) * 3, (256,) * 3, (1024,) * 3, (6000, 784, 25)):
        a, b = rand(m, k), rand(k, n)
        case("matmul_%dx%dx%d" % (m, k, n), lambda: a @ b)
    for size in (1000, 100000, 4000000) if dtype == "float32" else (100000,):
        x = rand(size) + 0.5
        case("exp_%d" % size, lambda: torch.exp(x))
        case("log_%d" % size, lambda: torch.log(x))
        case("tanh_%d" % size, lambda: torch.tanh(x))
        case("sum_%d" % size, lambda: x.sum())
    if dtype == "float64":
        break

    for rows, columns in ((64, 10), (6000, 10), (1000, 1000)):
        x = rand(rows, columns)
        case("softmax_%dx%d" % (rows, columns), lambda: torch.softmax(x, 1))
    x, half, left, square = rand(6000, 784), rand(3000, 784), rand(6000, 392), rand(1000, 1000)
    case("sum_columns_6000x784", lambda: x.sum(0))
    case("cat_rows_3000x784", lambda: torch.cat((half, half)))
    case("cat_columns_6000x392", lambda: torch.cat((left, left), 1))
    case("transpose_1000x1000", lambda: square.t().contiguous())
    case("transpose_6000x784", lambda: x.t().contiguous())
    images, order = rand(60000, 784), torch.randperm(60000)
    for count in (64, 4096):
        # Other rows in every call, or they would all be in the cache.
        batches = cycle(order[:60000 // count * count].split(count))
        case("gather_%d_of_60000x784" % count, lambda: images.index_select(0, next(batches)))
