"""Writes known.json: networks that are recognized by their weights, and PyTorch's scores for them: known_golden.py FILE.

Weights and images are functions of their place, so that the file holds shapes and scores alone. Widths are a fraction of the usual ones.
"""

import json
import sys

import numpy as np
import torch
import torch.nn.functional as F


def numbers(stream, count):
    """Numbers from -0.5 to 0.5: splitmix64 of the place (Steele, Lea and Flood 2014)."""
    with np.errstate(over="ignore"):
        x = np.arange(count, dtype=np.uint64) + np.uint64(stream << 40)
        x = (x + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    return ((x >> np.uint64(40)).astype(np.float32) / np.float32(1 << 24)) - np.float32(0.5)


class Net:
    """Layers by name; each makes its weights when it is first called."""

    def __init__(self):
        self.weights, self.shapes = {}, {}

    def weight(self, name, *shape):
        values = numbers(len(self.shapes), int(np.prod(shape))).reshape(shape)
        if name.endswith("running_var"):
            values = values + np.float32(1)
        elif len(shape) == 1 and name.endswith("weight"):
            values = values + np.float32(1)
        elif len(shape) > 1:
            values = values * np.float32(4 / np.sqrt(np.prod(shape[1:])))
        self.shapes[name] = list(shape)
        return torch.from_numpy(values.astype(np.float32))

    def conv(self, x, name, to, size=3, stride=1, bias=False):
        kernel = self.weight(f"{name}.weight", to, x.shape[1], size, size)
        return F.conv2d(x, kernel, self.weight(f"{name}.bias", to) if bias else None, stride, size // 2)

    def bn(self, x, name):
        parts = [self.weight(f"{name}.{part}", x.shape[1]) for part in ("weight", "bias", "running_mean", "running_var")]
        self.shapes[f"{name}.num_batches_tracked"] = []
        return F.batch_norm(x, parts[2], parts[3], parts[0], parts[1], eps=1e-5)

    def linear(self, x, name, to):
        kernel = self.weight(f"{name}.weight", to, x.shape[1])
        return F.linear(x, kernel, self.weight(f"{name}.bias", to))


def basic(net, x, name, width, stride, shortcut):
    out = F.relu(net.bn(net.conv(x, f"{name}.conv1", width, 3, stride), f"{name}.bn1"))
    out = net.bn(net.conv(out, f"{name}.conv2", width), f"{name}.bn2")
    if x.shape == out.shape:
        return F.relu(out + x)
    if shortcut is None:
        missing = (width - x.shape[1]) // 2
        return F.relu(out + F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, missing, missing)))
    return F.relu(out + net.bn(net.conv(x, f"{name}.{shortcut}.0", width, 1, stride), f"{name}.{shortcut}.1"))


def bottleneck(net, x, name, width, stride, shortcut):
    out = F.relu(net.bn(net.conv(x, f"{name}.conv1", width, 1), f"{name}.bn1"))
    out = F.relu(net.bn(net.conv(out, f"{name}.conv2", width, 3, stride), f"{name}.bn2"))
    out = net.bn(net.conv(out, f"{name}.conv3", 4 * width, 1), f"{name}.bn3")
    if x.shape != out.shape:
        x = net.bn(net.conv(x, f"{name}.{shortcut}.0", 4 * width, 1, stride), f"{name}.{shortcut}.1")
    return F.relu(out + x)


def preact(net, x, name, width, stride, shortcut):
    first = F.relu(net.bn(x, f"{name}.bn1"))
    if stride > 1 or x.shape[1] != width:
        x = net.conv(first, f"{name}.{shortcut}.0", width, 1, stride)
    out = net.conv(first, f"{name}.conv1", width, 3, stride)
    return net.conv(F.relu(net.bn(out, f"{name}.bn2")), f"{name}.conv2", width) + x


def preact_bottleneck(net, x, name, width, stride, shortcut):
    first = F.relu(net.bn(x, f"{name}.bn1"))
    if stride > 1 or x.shape[1] != 4 * width:
        x = net.conv(first, f"{name}.{shortcut}.0", 4 * width, 1, stride)
    out = F.relu(net.bn(net.conv(first, f"{name}.conv1", width, 1), f"{name}.bn2"))
    out = F.relu(net.bn(net.conv(out, f"{name}.conv2", width, 3, stride), f"{name}.bn3"))
    return net.conv(out, f"{name}.conv3", 4 * width, 1) + x


def stages(net, x, block, base, counts, shortcut):
    for stage, count in enumerate(counts):
        for index in range(count):
            stride = 2 if stage and not index else 1
            x = block(net, x, f"layer{stage + 1}.{index}", base << stage, stride, shortcut)
    return x.mean((2, 3))


def large(net, x, block, counts):
    x = F.relu(net.bn(net.conv(x, "conv1", 8, 7, 2), "bn1"))
    return net.linear(stages(net, F.max_pool2d(x, 3, 2, 1), block, 8, counts, "downsample"), "fc", 10)


def small(net, x, block, base, counts, shortcut):
    x = F.relu(net.bn(net.conv(x, "conv1", base), "bn1"))
    return net.linear(stages(net, x, block, base, counts, shortcut), "linear", 10)


def small_preact(net, x, block, counts):
    return net.linear(stages(net, net.conv(x, "conv1", 8), block, 8, counts, "shortcut"), "linear", 43)


def wide(net, x, depth, factor):
    x = net.conv(x, "conv1", 16)
    for stage in range(3):
        width = (16 << stage) * factor
        for index in range((depth - 4) // 6):
            name = f"block{stage + 1}.layer.{index}"
            stride = 2 if stage and not index else 1
            first = F.relu(net.bn(x, f"{name}.bn1"))
            past = x if x.shape[1] == width else net.conv(first, f"{name}.convShortcut", width, 1, stride)
            out = F.relu(net.bn(net.conv(first, f"{name}.conv1", width, 3, stride), f"{name}.bn2"))
            x = net.conv(out, f"{name}.conv2", width) + past
    return net.linear(F.relu(net.bn(x, "bn1")).mean((2, 3)), "fc", 10)


def vgg(net, x, plan):
    index = 0
    for channels in plan:
        if channels == "M":
            x, index = F.max_pool2d(x, 2), index + 1
        else:
            x = F.relu(net.bn(net.conv(x, f"features.{index}", channels, bias=True), f"features.{index + 1}"))
            index += 3
    return net.linear(x.flatten(1), "classifier", 10)


def large_vgg(net, x, plan, normalized):
    index = 0
    for channels in plan:
        if channels == "M":
            x, index = F.max_pool2d(x, 2), index + 1
        else:
            x = net.conv(x, f"features.{index}", channels, bias=True)
            x = F.relu(net.bn(x, f"features.{index + 1}") if normalized else x)
            index += 3 if normalized else 2
    x = F.adaptive_avg_pool2d(x, 7).flatten(1)
    x = F.relu(net.linear(x, "classifier.0", 16))
    return net.linear(F.relu(net.linear(x, "classifier.3", 12)), "classifier.6", 10)


def small_vgg(net, x):
    for stage, channels in enumerate((32, 64, 128)):
        for index in (8 * stage, 8 * stage + 3):
            x = F.elu(net.bn(net.conv(x, f"features.{index}", channels, bias=True), f"features.{index + 1}"))
        x = F.max_pool2d(x, 2)
    return net.linear(x.flatten(1), "classifier", 10)


networks = [
    ("ResNet of torchvision", 224, lambda net, x: large(net, x, basic, [2, 2, 2, 2])),
    ("ResNet of torchvision", 224, lambda net, x: large(net, x, bottleneck, [3, 4, 6, 3])),
    ("ResNet for CIFAR", 32, lambda net, x: small(net, x, basic, 8, [2, 2, 2, 2], "shortcut")),
    ("ResNet for CIFAR", 32, lambda net, x: small(net, x, bottleneck, 8, [3, 4, 6, 3], "shortcut")),
    ("ResNet for CIFAR", 32, lambda net, x: small(net, x, basic, 16, [3, 3, 3], None)),
    ("pre-activation ResNet for CIFAR", 32, lambda net, x: small_preact(net, x, preact, [2, 2, 2, 2])),
    ("pre-activation ResNet for CIFAR", 32, lambda net, x: small_preact(net, x, preact_bottleneck, [3, 4, 6, 3])),
    ("Wide ResNet for CIFAR", 32, lambda net, x: wide(net, x, 16, 1)),
    ("Wide ResNet for CIFAR", 32, lambda net, x: wide(net, x, 10, 2)),
    ("small VGG of I-BAU", 32, small_vgg),
    ("VGG-11 of torchvision", 224, lambda net, x: large_vgg(net, x, [4, "M", 6, "M", 8, 8, "M", 8, 8, "M", 8, 8, "M"], False)),
    ("VGG-19 of torchvision with batch normalization", 32, lambda net, x: large_vgg(
        net, x, [4, 4, "M", 6, 6, "M", 8, 8, 8, 8, "M", 8, 8, 8, 8, "M", 8, 8, 8, 8, "M"], True)),
    ("VGG-16 of torchvision", 96, lambda net, x: large_vgg(
        net, x, [4, 4, "M", 6, 6, "M", 8, 8, 8, "M", 8, 8, 8, "M", 8, 8, 8, "M"], False)),
]

def main():
    result = []
    for title, side, run in networks:
        net = Net()
        image = torch.from_numpy(numbers(1 << 20, 3 * side * side).reshape(1, 3, side, side).copy())
        scores = run(net, image)[0].tolist()
        result.append({"title": title, "side": side, "weights": [[name, *shape] for name, shape in net.shapes.items()], "scores": scores})
    with open(sys.argv[1], "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(item) for item in result) + "\n]\n")


if __name__ == "__main__":
    main()
