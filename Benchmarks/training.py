"""PyTorch training the networks of `benchmark train`, as a long-lived process for `run` (see peers.py for how the sides talk).

    training.py deepid|small-cnn --format contiguous|channels_last [--threads 2] [--fashion-mnist FOLDER]

`run N` makes a fresh network and takes N steps on batches of 128 images with SGD and momentum, as the usual loop does, and answers
`seconds X peak_mb Y loss Z`. Images are bytes in memory on both sides, and become floats batch by batch; DeepID learns noise with 1,283
classes, the small network Fashion-MNIST.
"""

import argparse
import gzip
import os
import resource
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

BATCH = 128


class DeepID(nn.Module):
    """The lab's architecture (after Sun et al. 2014): half of the features bypass the last convolution."""

    shape, classes = (3, 55, 47), 1283

    def __init__(self):
        super().__init__()
        self.conv_1, self.conv_2 = nn.Conv2d(3, 20, 4), nn.Conv2d(20, 40, 3)
        self.conv_3, self.conv_4 = nn.Conv2d(40, 60, 3), nn.Conv2d(60, 80, 2)
        self.fc_1, self.fc_2 = nn.Linear(60 * 5 * 4, 160), nn.Linear(80 * 4 * 3, 160)
        self.output = nn.Linear(160, self.classes)

    def forward(self, x):
        for layer in (self.conv_1, self.conv_2, self.conv_3):
            x = functional.max_pool2d(functional.relu(layer(x)), 2)
        y = functional.relu(self.conv_4(x))
        return self.output(functional.relu(self.fc_1(x.flatten(1)) + self.fc_2(y.flatten(1))))


class SmallCNN(nn.Module):
    """DefenseKit's `small-cnn`."""

    shape, classes = (1, 28, 28), 10

    def __init__(self):
        super().__init__()
        self.conv_1, self.conv_2 = nn.Conv2d(1, 32, 3, padding=1), nn.Conv2d(32, 64, 3, padding=1)
        self.conv_3 = nn.Conv2d(64, 96, 3, padding=1)
        self.fc_1, self.dropout, self.output = nn.Linear(96 * 3 * 3, 128), nn.Dropout(0.5), nn.Linear(128, self.classes)

    def forward(self, x):
        for layer in (self.conv_1, self.conv_2, self.conv_3):
            x = functional.max_pool2d(functional.relu(layer(x)), 2)
        return self.output(self.dropout(functional.relu(self.fc_1(x.flatten(1)))))


NETWORKS = {"deepid": DeepID, "small-cnn": SmallCNN}
FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def fashion_mnist(folder):
    def payload(name, header):
        with gzip.open(os.path.join(folder, name)) as file:
            return np.frombuffer(file.read(), np.uint8, offset=header)

    images = payload("train-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
    return torch.tensor(images), torch.tensor(payload("train-labels-idx1-ubyte.gz", 8).astype("int64"))


def noise(shape, classes):
    rng = np.random.default_rng(3)
    count = 20 * BATCH
    images = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
    return torch.tensor(images), torch.tensor(rng.integers(0, classes, count))


class Training:
    def __init__(self, name, layout, folder):
        self.network, self.layout = NETWORKS[name], FORMATS[layout]
        self.images, self.labels = (
            noise(self.network.shape, self.network.classes) if name == "deepid" else fashion_mnist(folder)
        )
        self.images = self.images.contiguous(memory_format=self.layout)

    def weights(self):
        return sum(p.numel() for p in self.network().parameters())

    def run(self, steps):
        """The mean loss over the steps; everything that a training does is measured."""
        network = self.network().to(memory_format=self.layout).train()
        optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
        order, total = torch.randperm(min(len(self.images), steps * BATCH)), 0.0
        for part in order.split(BATCH):
            images = self.images[part].to(torch.float32, memory_format=self.layout) / 255
            loss = functional.cross_entropy(network(images), self.labels[part])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item()
        return total / (len(order) / BATCH)


def peak():
    """The process's largest resident size in megabytes."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size >> 20 if sys.platform == "darwin" else size >> 10


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("--format", choices=FORMATS, default="contiguous")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--fashion-mnist", default="/usr/share/datasets/fashion-mnist")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    training = Training(options.network, options.format, options.fashion_mnist)
    print(f"ready {training.weights()} weights", flush=True)
    for line in sys.stdin:
        words = line.split()
        if words:
            start = time.perf_counter()
            loss = training.run(int(words[-1]))
            print(f"seconds {time.perf_counter() - start:.6f} peak_mb {peak()} loss {loss:.4f}", flush=True)


main()
