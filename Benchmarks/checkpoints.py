"""Compares the classes of PyTorch checkpoints with those of PyTorch.

    swift build -c release --product runner
    pip install -r Benchmarks/onnx-requirements.txt
    python3 Benchmarks/checkpoints.py RUNNER [FILE...]

Networks with random weights are saved by torch.save in every form: zip and legacy, under wrappers, in
16 and 64 bits, channels last, pruned, as DataParallel names them. Each runs in the ONNX file of the
same network with other weights, and must give PyTorch's classes but for ties. With FILE, only lists
what 'runner inspect' says of these files. The exit status is 1 if anything differs.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
from torch import nn
from torch.nn.utils import prune

IMAGES, CLASSES = 200, 10


class Residual(nn.Module):
    """Convolutions, normalization, a sum and a dense layer: what ResNets have."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(16)
        self.down = nn.Conv2d(16, 24, 3, stride=2, padding=1)
        self.fc = nn.Linear(24, CLASSES)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.relu(x + self.bn2(self.conv2(x)))
        return self.fc(torch.relu(self.down(x)).mean((2, 3)))


class Plain(nn.Module):
    """A small VGG: poolings, and a dense layer that reads a flattened image."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ELU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2))
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(12 * 16, 20), nn.ReLU(),
                                        nn.Linear(20, CLASSES))

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


def randomize(model):
    """Gives every weight a random value, those of normalization too."""
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.dtype.is_floating_point:
                low, high = (0.5, 1.5) if name.endswith("running_var") else (-0.4, 0.4)
                tensor.copy_(torch.rand(tensor.shape) * (high - low) + low)
    return model.eval()


def forms(state):
    """Yields names, what to save, and options of torch.save."""
    yield "zip", state, {}
    yield "legacy", {"net": state, "epoch": 3}, {"_use_new_zipfile_serialization": False}
    yield "module", {"state_dict": {f"module.{k}": v for k, v in state.items()}, "acc": 0.5}, {}
    yield "double", {"model": {k: v.double() for k, v in state.items()}}, {}
    yield "last", {k: v.to(memory_format=torch.channels_last) if v.dim() == 4 else v
                   for k, v in state.items()}, {}
    yield "parameters", {k: nn.Parameter(v) if v.is_floating_point() else v
                         for k, v in state.items()}, {}
    yield "optimizer", {"model_state_dict": state, "lr": np.float64(0.1),
                        "optimizer": {"state": {0: {"momentum_buffer": torch.ones(3)}}}}, {}


def classes(runner, arguments):
    done = subprocess.run([runner, "predict", *arguments, "--scale", "1/255"], capture_output=True,
                          text=True)
    if done.returncode != 0:
        return done.stderr.strip()
    return np.array([int(line) for line in done.stdout.split()])


def check(runner, folder, kind):
    network, other = randomize(kind()), randomize(kind())
    images = np.random.randint(0, 256, (IMAGES, 3, 16, 16), dtype=np.uint8)
    np.savez(folder / "images.npz", data=images.transpose(0, 2, 3, 1),
             label=np.zeros(IMAGES, np.int64))
    torch.onnx.export(
        other, torch.zeros(1, 3, 16, 16), str(folder / "net.onnx"), opset_version=17,
        training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False, dynamo=False)
    torch.onnx.export(
        other, torch.zeros(1, 3, 16, 16), str(folder / "folded.onnx"), opset_version=17,
        dynamo=False)
    state = network.state_dict()
    cases = [(name, value, options, state) for name, value, options in forms(state)]
    for name, type in [("half", torch.float16), ("bfloat16", torch.bfloat16)]:
        rounded = {k: v.to(type) if v.is_floating_point() else v for k, v in state.items()}
        cases.append((name, rounded, {}, {k: v.float() for k, v in rounded.items()}))
    pruned = kind()
    pruned.load_state_dict(state)
    for module in pruned.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            prune.random_unstructured(module, "weight", 0.3)
    masked = {k.removesuffix("_orig"): v for k, v in pruned.state_dict().items()
              if not k.endswith("_mask")}
    for key in [k for k in pruned.state_dict() if k.endswith("_orig")]:
        masked[key.removesuffix("_orig")] *= pruned.state_dict()[key.replace("_orig", "_mask")]
    cases.append(("pruned", pruned.state_dict(), {}, masked))
    failures = 0
    data = ["--data", str(folder / "images.npz")]
    for name, value, options, weights in cases:
        torch.save(value, folder / "net.pth", **options)
        network.load_state_dict({**state, **weights})
        with torch.no_grad():
            scores = network(torch.tensor(images).float() / 255).sort(1, descending=True)
        answer = classes(runner, [str(folder / "net.pth"), "--architecture",
                                  str(folder / "net.onnx"), *data])
        network.load_state_dict(state)
        if isinstance(answer, str):
            print(f"{kind.__name__:10} {name:10} REFUSED {answer}")
            failures += 1
            continue
        isClear = (scores.values[:, 0] - scores.values[:, 1]).numpy() > 1e-4
        wrong = int(((answer != scores.indices[:, 0].numpy()) & isClear).sum())
        failures += wrong > 0
        print(f"{kind.__name__:10} {name:10} {wrong} of {IMAGES} classes differ,"
              f" {len(set(answer.tolist()))} classes occur")
    torch.save(state, folder / "net.pth")
    answer = classes(runner, [str(folder / "net.pth"), "--architecture",
                              str(folder / "folded.onnx"), *data])
    print(f"{kind.__name__:10} {'folded':10} {answer if isinstance(answer, str) else 'NOT REFUSED'}")
    torch.save(network, folder / "whole.pth")
    done = subprocess.run([runner, "inspect", folder / "whole.pth"], capture_output=True, text=True)
    print(f"{kind.__name__:10} {'whole':10} status {done.returncode}: {done.stdout.splitlines()[-1]}")
    return failures + (not isinstance(answer, str)) + (done.returncode != 1)


def main():
    runner, files = sys.argv[1], sys.argv[2:]
    for file in files:
        done = subprocess.run([runner, "inspect", file], capture_output=True, text=True)
        print(file, "status", done.returncode, done.stderr)
        print(done.stdout)
    if files:
        return
    seed = int.from_bytes(np.random.bytes(4), "little")
    print(f"seed {seed}")
    np.random.seed(seed)
    torch.manual_seed(seed)
    failures = 0
    for kind in [Residual, Plain]:
        with tempfile.TemporaryDirectory() as folder:
            failures += check(runner, pathlib.Path(folder), kind)
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
