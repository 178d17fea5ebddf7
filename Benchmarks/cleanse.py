#!/usr/bin/env python3
"""Times Neural Cleanse in PyTorch as it is usually run, one class after another, on the network of the CSAW lab.

    Benchmarks/cleanse.py MODEL.h5 IMAGES.h5 [--classes 0,500,1000] [--steps 100] [--batches 31] [--threads 2] [--scale 1]

MODEL.h5 has the layers of networks.py's `deepid`; IMAGES.h5 holds `data` or `clean`, [images, 3, 55, 47]. A step is `--batches` batches
of 32 images; mask, pattern, Adam and the schedule of the cost are those of Wang et al. 2019 (Documentation/Algorithms.md). Prints seconds
and the size of the smallest mask for each class, the mean, and what all classes would take.
"""

import argparse
import time

import h5py
import numpy as np
import torch
from torch.nn import functional as F


def arrays(path):
    """The weights of a Keras file by layer and role."""
    found = {}

    def take(name, item):
        if isinstance(item, h5py.Dataset):
            layer, role = name.split("/")[-2:]
            found[layer, role.split(":")[0]] = np.asarray(item)

    with h5py.File(path) as file:
        file.get("model_weights", file).visititems(take)
    return found


class DeepID(torch.nn.Module):
    def __init__(self, path):
        super().__init__()
        weights = arrays(path)
        for (layer, role), array in weights.items():
            if array.ndim == 4:
                array = array.transpose(3, 2, 0, 1)
            if array.ndim == 2:
                array = array.transpose(1, 0)
            self.register_buffer(f"{layer}_{role}", torch.from_numpy(np.ascontiguousarray(array)))

    def convolved(self, layer, x):
        return F.relu(F.conv2d(x, getattr(self, layer + "_kernel"), getattr(self, layer + "_bias")))

    def dense(self, layer, x):
        return F.linear(x, getattr(self, layer + "_kernel"), getattr(self, layer + "_bias"))

    def forward(self, x):
        for layer in ("conv_1", "conv_2", "conv_3"):
            x = F.max_pool2d(self.convolved(layer, x), 2)
        y = self.convolved("conv_4", x)
        # Keras flattens with the channels last.
        x, y = (self.dense(name, v.permute(0, 2, 3, 1).flatten(1)) for name, v in (("fc_1", x), ("fc_2", y)))
        return self.dense("output", F.relu(x + y))


def smallest_mask(network, images, target, options, generator):
    """Searches for a trigger toward a class; returns the sum of the smallest mask that succeeds, and the steps taken."""
    height, width = images.shape[2:]
    uniform = torch.rand((4, height, width), generator=generator) * 2 - 1
    mask = torch.atanh(uniform[:1] * (1 - 1e-6)).requires_grad_()
    pattern = torch.atanh(uniform[1:] * (1 - 1e-6)).requires_grad_()
    adam = torch.optim.Adam([mask, pattern], lr=0.1, betas=(0.5, 0.9))
    labels = torch.full((32,), target)
    cost, best, mark, waited = 0.0, None, float("inf"), 0
    successes = failures = 0
    risen = fallen = False
    for step in range(1, options.steps + 1):
        hits = 0
        for _ in range(options.batches):
            x = images[torch.randint(len(images), (32,), generator=generator)]
            m, p = (torch.tanh(mask) + 1) / 2, 255 * (torch.tanh(pattern) + 1) / 2
            scores = network(((1 - m) * x + m * p) * options.scale)
            loss = F.cross_entropy(scores, labels) + cost * m.sum()
            adam.zero_grad()
            loss.backward()
            adam.step()
            hits += int((scores.argmax(1) == target).sum())
        succeeded = hits >= 0.99 * 32 * options.batches
        size = float(((torch.tanh(mask) + 1) / 2).sum())
        if succeeded and (best is None or size < best):
            best = size
        if best is not None:
            waited = 0 if best < 0.99 * mark else waited + 1
            if waited == 0:
                mark = best
        if risen and fallen and waited >= 25:
            return best, step
        successes, failures = (successes + 1, 0) if succeeded else (0, failures + 1)
        if successes == 5:
            risen, cost, successes = risen or cost > 0, 1e-3 if cost == 0 else 2 * cost, 0
        elif failures == 5:
            fallen, cost, failures = fallen or cost > 0, cost / 2**1.5, 0
    return best, options.steps


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("images")
    parser.add_argument("--classes", default="0,500,1000")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--batches", type=int, default=31)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--scale", type=float, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    network = DeepID(options.model)
    with h5py.File(options.images) as file:
        images = torch.from_numpy(np.asarray(file["data" if "data" in file else "clean"])).float()
    generator = torch.Generator().manual_seed(0)
    seconds = []
    for target in map(int, options.classes.split(",")):
        start = time.perf_counter()
        size, steps = smallest_mask(network, images, target, options, generator)
        seconds.append(time.perf_counter() - start)
        print(f"class {target}: {seconds[-1]:.1f} s, {steps} steps, smallest mask {'none' if size is None else f'{size:.1f} pixels'}")
    mean, count = sum(seconds) / len(seconds), len(network.output_bias)
    print(f"mean {mean:.1f} s a class; all {count} classes would take {mean * count / 3600:.1f} hours")


if __name__ == "__main__":
    main()
