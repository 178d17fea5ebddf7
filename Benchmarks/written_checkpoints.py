"""Checks written checkpoints with PyTorch and safetensors themselves.

    python Benchmarks/written_checkpoints.py RUNNER

Needs torch and safetensors from PyPI. Saves random checkpoints of a small network in all types,
wrappers and both forms, converts each with RUNNER, and compares keys, order, types and elements with
`torch.load(weights_only=True)` and `safetensors.torch.load_file`. Prints one line, or the first fault.
"""

import collections
import os
import random
import subprocess
import sys
import tempfile

import torch
import torch.nn.utils.prune
from safetensors.torch import load_file, save_file


def network():
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 5, 3, bias=False), torch.nn.BatchNorm2d(5), torch.nn.ReLU(),
        torch.nn.Flatten(), torch.nn.Linear(5 * 6 * 6, 4))


def equal(left, right):
    """Whether two values have the same types, orders and elements."""
    if isinstance(left, torch.Tensor):
        return (isinstance(right, torch.Tensor) and left.dtype == right.dtype
                and left.shape == right.shape and torch.equal(left, right))
    if isinstance(left, dict):
        return (type(left) is type(right) and list(left) == list(right)
                and all(equal(left[key], right[key]) for key in left))
    if isinstance(left, (list, tuple)):
        return (type(left) is type(right) and len(left) == len(right)
                and all(equal(a, b) for a, b in zip(left, right)))
    return type(left) is type(right) and left == right


def main(runner):
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        def convert(source, target):
            subprocess.run([runner, "convert", source, "--output", target, "--force"], check=True)

        for seed in range(60):
            random.seed(seed)
            torch.manual_seed(seed)
            dtype = random.choice([torch.float32, torch.float64, torch.float16, torch.bfloat16])
            model = network()
            for parameter in model.parameters():
                parameter.data.normal_()
            if random.random() < 0.3:
                torch.nn.utils.prune.random_unstructured(model[0], "weight", 0.5)
            model = model.to(dtype)
            if random.random() < 0.3:
                model = model.to(memory_format=torch.channels_last)
            state = model.state_dict()
            if random.random() < 0.3:
                state = collections.OrderedDict(("module." + k, v) for k, v in state.items())
            saved = state
            if random.random() < 0.7:
                saved = {"epoch": 3, "big": -(1 << 40), "loss": 0.25, "names": ["a", None, True],
                         "state_dict": state, "size": (3, 32), "other": {1: {"x": torch.arange(5)}}}
            path = os.path.join(folder, "in.pt")
            torch.save(saved, path, _use_new_zipfile_serialization=random.random() < 0.5)
            out = os.path.join(folder, "out.pt")
            convert(path, out)
            back = torch.load(out, weights_only=True)
            assert equal(saved, back), f"seed {seed}: {out} differs"
            weights = back["state_dict"] if "state_dict" in back else back
            plain = {key.removeprefix("module."): value for key, value in weights.items()}
            reference = network()
            if any(key.endswith("_orig") for key in plain):
                torch.nn.utils.prune.identity(reference[0], "weight")
            reference.load_state_dict(plain)
            flat = os.path.join(folder, "out.safetensors")
            convert(path, flat)
            loaded = load_file(flat)
            assert set(loaded) == set(state), f"seed {seed}: names differ"
            assert all(equal(state[key], loaded[key]) for key in state), f"seed {seed}: safetensors"
            save_file({key: value.contiguous() for key, value in state.items()}, flat)
            convert(flat, out)
            back = torch.load(out, weights_only=True)
            assert all(equal(state[key], back[key]) for key in state), f"seed {seed}: back"
            count += 3
    print(f"{count} files of PyTorch {torch.__version__} are equal")


if __name__ == "__main__":
    main(sys.argv[1])
