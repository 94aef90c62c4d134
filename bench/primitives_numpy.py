"""primitives_numpy - job e in NumPy; see primitives.lua"""
from itertools import cycle

import numpy as np

from peers import time_case

random = np.random.RandomState(0)


def softmax(x):
    e = x - x.max(axis=1, keepdims=True)
    np.exp(e, out=e)
    e /= e.sum(axis=1, keepdims=True)
    return e


for dtype in ("float32", "float64"):
    def rand(*sizes):
        return random.rand(*sizes).astype(dtype)

    def case(name, f):
        time_case(name, dtype, f)

    for m, k, n in ((16,) * 3, (64,) * 3, (256,) * 3, (1024,) * 3, (6000, 784, 25)):
        a, b = rand(m, k), rand(k, n)
        case("matmul_%dx%dx%d" % (m, k, n), lambda: a @ b)
    for size in (1000, 100000, 4000000) if dtype == "float32" else (100000,):
        x = rand(size) + np.float32(0.5)
        case("exp_%d" % size, lambda: np.exp(x))
        case("log_%d" % size, lambda: np.log(x))
        case("tanh_%d" % size, lambda: np.tanh(x))
        case("sum_%d" % size, lambda: x.sum())
    if dtype == "float64":
        break

    for rows, columns in ((64, 10), (6000, 10), (1000, 1000)):
        x = rand(rows, columns)
        case("softmax_%dx%d" % (rows, columns), lambda: softmax(x))
    x, half, left, square = rand(6000, 784), rand(3000, 784), rand(6000, 392), rand(1000, 1000)
    case("sum_columns_6000x784", lambda: x.sum(axis=0))
    case("cat_rows_3000x784", lambda: np.concatenate((half, half)))
    case("cat_columns_6000x392", lambda: np.concatenate((left, left), axis=1))
    case("transpose_1000x1000", lambda: np.ascontiguousarray(square.T))
    case("transpose_6000x784", lambda: np.ascontiguousarray(x.T))
    images, order = rand(60000, 784), random.permutation(60000)
    for count in (64, 4096):
        # Other rows in every call, or they would all be in the cache.
        batches = cycle(np.split(order[:60000 // count * count], 60000 // count))
        case("gather_%d_of_60000x784" % count, lambda: images.take(next(batches), axis=0))
