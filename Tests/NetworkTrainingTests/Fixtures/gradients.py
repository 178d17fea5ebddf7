"""Writes gradients.json: what PyTorch computes for the gradients of three whole networks, in double precision.

    python gradients.py          (PyTorch 2 on the CPU and NumPy)

Weights, images and labels are drawn from SplitMix64 (Steele, Lea and Flood 2014), which GradientPyTorchTests.swift draws from in the
same order, so that the file holds no weights: only, for each tensor, the norm of the gradient, its largest magnitude, and some elements.
Tensors are in Keras's layout: images NHWC, kernels HWIO, a flattened image in NHWC order.

A network has a rectifier or a maximum in so many places that single precision may take another side than double precision in some. A
seed is taken only if PyTorch's own gradients in single precision agree with those in double precision.
"""

import json
import math
import os

import numpy as np
import torch
from torch.nn import functional

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = 32
AGREEMENT = 1e-5


class SplitMix64:
    def __init__(self, seed):
        self.state = np.uint64(seed)

    def bits(self, count):
        with np.errstate(over="ignore"):
            z = self.state + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
            self.state = z[-1]
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            return z ^ (z >> np.uint64(31))

    def floats(self, shape, limit=1.0):
        """Numbers in -limit...limit, rounded to single precision at every step, as in Swift."""
        unit = (self.bits(math.prod(shape)) >> np.uint64(40)).astype(np.float32) / np.float32(1 << 23) - np.float32(1)
        return (unit * np.float32(limit)).reshape(shape)

    def labels(self, count, classes):
        return (self.bits(count) % np.uint64(classes)).astype(np.int64)


class Network:
    """Draws the weights of layers in the order in which they are first applied."""

    def __init__(self, seed, dtype):
        self.random, self.dtype = SplitMix64(seed), dtype
        self.parameters = {}

    def tensor(self, layer, role, values):
        tensor = torch.tensor(values, dtype=self.dtype, requires_grad=True)
        self.parameters[layer, role] = tensor
        return tensor

    def kernel(self, layer, shape):
        limit = np.float32(math.sqrt(6 / math.prod(shape[:-1])))
        return self.tensor(layer, "kernel", self.random.floats(shape, limit))

    def bias(self, layer, count):
        return self.tensor(layer, "bias", self.random.floats([count], 0.25))

    def convolution(self, layer, x, filters, size, stride=1, same=True, bias=True):
        kernel = self.kernel(layer, [size, size, x.shape[1], filters])
        offsets = self.bias(layer, filters) if bias else None
        if same:
            pads = []
            for extent in (x.shape[3], x.shape[2]):
                total = max((-(-extent // stride) - 1) * stride + size - extent, 0)
                pads += [total // 2, total - total // 2]
            x = functional.pad(x, pads)
        return functional.conv2d(x, kernel.permute(3, 2, 0, 1), offsets, stride)

    def dense(self, layer, x, units):
        kernel = self.kernel(layer, [x.shape[1], units])
        return x @ kernel + self.bias(layer, units)

    def normalized(self, layer, x):
        gamma = self.tensor(layer, "gamma", np.float32(1) + self.random.floats([x.shape[1]], 0.5))
        beta = self.tensor(layer, "beta", self.random.floats([x.shape[1]], 0.25))
        return functional.batch_norm(x, None, None, gamma, beta, training=True, eps=float(np.float32(1e-3)))


def flattened(x):
    return x.permute(0, 2, 3, 1).flatten(1)


def deepid(net, x):
    """The lab's architecture (after Sun et al. 2014): one layer feeds two branches."""
    for n, (filters, size) in enumerate(((20, 4), (40, 3), (60, 3)), 1):
        x = torch.relu(net.convolution(f"conv_{n}", x, filters, size, same=False))
        x = functional.max_pool2d(x, 2)
    y = torch.relu(net.convolution("conv_4", x, 80, 2, same=False))
    first, second = net.dense("fc_1", flattened(x), 160), net.dense("fc_2", flattened(y), 160)
    return net.dense("output", torch.relu(first + second), 1283)


def vgg(net, x):
    """VGG (Simonyan and Zisserman 2015) with batch normalization, small."""
    for stage, filters in enumerate((24, 32, 48), 1):
        for n in (1, 2):
            x = net.convolution(f"conv_{stage}_{n}", x, filters, 3, bias=False)
            x = torch.relu(net.normalized(f"norm_{stage}_{n}", x))
        x = functional.max_pool2d(x, 2)
    x = torch.relu(net.dense("fc", flattened(x), 64))
    return net.dense("output", x, 10)


def resnet(net, x):
    """Blocks that normalize and rectify first (He et al. 2016, "Identity Mappings"), small."""
    x = net.convolution("stem", x, 16, 3, bias=False)
    for n, (filters, stride) in enumerate(((16, 1), (32, 2), (48, 2)), 1):
        active = torch.relu(net.normalized(f"norm_{n}_1", x))
        short = x
        if stride > 1:
            short = net.convolution(f"short_{n}", active, filters, 1, stride, bias=False)
        y = net.convolution(f"conv_{n}_1", active, filters, 3, stride, bias=False)
        y = torch.relu(net.normalized(f"norm_{n}_2", y))
        x = short + net.convolution(f"conv_{n}_2", y, filters, 3, bias=False)
    x = torch.relu(net.normalized("norm", x))
    return net.dense("output", x.mean((2, 3)), 10)


NETWORKS = (
    # name, function, image, classes, images, label smoothing
    ("deepid", deepid, [55, 47, 3], 1283, 20, 0.0),
    ("vgg", vgg, [32, 32, 3], 10, 24, 0.1),
    ("resnet", resnet, [32, 32, 3], 10, 20, 0.0),
)


def gradients(build, seed, shape, classes, count, smoothing, dtype):
    """The mean loss, and the gradients by layer and role; that of the images is of the sum of losses without smoothing."""
    net = Network(seed, dtype)
    source = SplitMix64(seed + 1000)
    images = torch.tensor(source.floats([count, *shape]), dtype=dtype, requires_grad=True)
    labels = torch.tensor(source.labels(count, classes))
    logits = build(net, images.permute(0, 3, 1, 2))
    total = functional.cross_entropy(logits, labels, reduction="sum")
    (of_images,) = torch.autograd.grad(total, images, retain_graph=True)
    loss = functional.cross_entropy(logits, labels, label_smoothing=smoothing)
    found = torch.autograd.grad(loss, list(net.parameters.values()))
    named = {key: g.detach().numpy() for key, g in zip(net.parameters, found)}
    named["input", "input"] = of_images.numpy()
    return loss.item(), int((logits.argmax(1) == labels).sum()), named


def disagreement(single, double):
    """The largest error over all tensors, relative to the tensor's largest magnitude."""
    return max(abs(single[key] - g).max() / abs(g).max() for key, g in double.items())


def record(key, gradient):
    flat = gradient.ravel()
    largest = int(abs(flat).argmax())
    indices = sorted({largest, *(int(i) for i in np.linspace(0, len(flat) - 1, min(SAMPLES, len(flat))))})
    return {
        "layer": key[0], "role": key[1], "count": len(flat), "norm": float(np.linalg.norm(flat)), "largest": abs(flat[largest]),
        "indices": indices, "values": [float(f"{flat[i]:.10g}") for i in indices],
    }


def main():
    torch.set_num_threads(2)
    result = []
    for name, build, shape, classes, count, smoothing in NETWORKS:
        for seed in range(1, 1000):
            case = (build, seed, shape, classes, count, smoothing)
            loss, correct, double = gradients(*case, torch.float64)
            error = disagreement(gradients(*case, torch.float32)[2], double)
            print(f"{name}, seed {seed}: single precision is off by {error:.1e}", flush=True)
            if error < AGREEMENT:
                break
        tensors = [record(key, g) for key, g in double.items()]
        result.append({
            "name": name, "seed": seed, "shape": shape, "classes": classes, "images": count, "smoothing": smoothing,
            "loss": loss, "correct": correct, "tensors": tensors,
        })
    with open(os.path.join(HERE, "gradients.json"), "w") as file:
        networks = []
        for network in result:
            rows = ",\n   ".join(json.dumps(t) for t in network.pop("tensors"))
            networks.append(json.dumps(network)[:-1] + f', "tensors": [\n   {rows}]}}')
        file.write("[" + ",\n ".join(networks) + "]\n")


main()
