"""peers - what the Python programs share: MNIST, the same start for all, what bench/run reads"""
import gzip
import os
from time import perf_counter

import numpy as np


def read(folder, name, header, count):
    """The first count bytes behind the header of a file, plain or gzip."""
    path = os.path.join(folder, name)
    with open(path, "rb") if os.path.exists(path) else gzip.open(path + ".gz", "rb") as f:
        return np.frombuffer(f.read(header + count), np.uint8, offset=header)


def load(folder, split, count):
    """Images uint8 [count,784] and labels int64 0..9 of a split, "train" or "t10k"."""
    images = read(folder, split + "-images-idx3-ubyte", 16, count * 784).reshape(-1, 784)
    return images, read(folder, split + "-labels-idx1-ubyte", 8, count).astype(np.int64)


def pixels(images, dtype):
    """In 0..1; divided in float32 whatever the dtype, as the reference does."""
    return (images.astype(np.float32) / np.float32(255)).astype(dtype, copy=False)


def he_weights(sizes):
    """The reference job's initial weights [out,in], float64."""
    np.random.seed(42)
    return [np.random.randn(n, k) * np.sqrt(2 / k) for k, n in zip(sizes, sizes[1:])]


def start_layers(shapes):
    """RandomState(1), and what it draws first: weights of the given shapes, [out,in,...], and biases,
    uniform in +-1/sqrt(terms of a sum). nnlua draws the same, and then the same permutations."""
    random, layers = np.random.RandomState(1), []
    for shape in shapes:
        bound = 1 / np.sqrt(np.prod(shape[1:]))
        layers.append(tuple((random.uniform(-1, 1, size) * bound).astype(np.float32)
                            for size in (shape, shape[0])))
    return random, layers


def start_network(hidden):
    """The same for linear layers of these sizes between 784 pixels and 10 classes."""
    sizes = [784] + hidden + [10]
    return start_layers([(n, k) for k, n in zip(sizes, sizes[1:])])


def print_test(scores, labels):
    """The lines about how well a network trained by job b, c or d does on the test images."""
    scores = scores - scores.max(axis=1, keepdims=True)
    losses = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(labels)), labels]
    print("loss", losses.mean(dtype=np.float64))
    print("accuracy", np.mean(scores.argmax(axis=1) == labels))


def peak_memory():
    """This process's peak resident memory in bytes, data included."""
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM:"))


def run_reference(run_epoch, epochs):
    """Runs and times job a. run_epoch() -> cost, test cost, accuracy, test accuracy."""
    print("epoch 0 %.15g %.15g %.15g %.15g" % run_epoch())
    start = perf_counter()
    for _ in range(epochs - 1):
        metrics = run_epoch()
    print("seconds", (perf_counter() - start) / (epochs - 1))
    print("epoch", epochs - 1, "%.15g %.15g %.15g %.15g" % metrics)
    print("memory", peak_memory())


def time_case(name, dtype, f):
    """Job e: prints the seconds of a call of f, the best of three passes of 10 ms or more."""
    def seconds(calls):
        start = perf_counter()
        for _ in range(calls):
            f()
        return perf_counter() - start

    calls = 1
    while seconds(calls) < 0.01:
        calls *= 2
    print("case", name, dtype, min(seconds(calls) for _ in range(3)) / calls)
