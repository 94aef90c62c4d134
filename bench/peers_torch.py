"""peers_torch - what the PyTorch programs of mini-batches share: data as tensors, and Adam"""
import os

import torch

from peers import load, pixels

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def split(folder, name, count):
    """Float pixels [count,784] and labels 0..9 of a split, "train" or "t10k"."""
    images, labels = load(folder, name, count)
    return torch.from_numpy(pixels(images, "float32")), torch.from_numpy(labels)


class Adam:
    """Foreach calls, in place: less to do per step than torch.optim.Adam on the CPU."""

    def __init__(self, parameters, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.parameters = parameters
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
        torch._foreach_addcdiv_(self.parameters, self.m, roots,
                                -self.lr * scale / (1 - beta1 ** self.steps))
