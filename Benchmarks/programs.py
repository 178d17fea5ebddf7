"""Compares the classes of torchvision's networks with those of PyTorch, by programs and by weights.

    swift build -c release --product runner
    pip install -r Benchmarks/onnx-requirements.txt
    python3 Benchmarks/programs.py RUNNER [NETWORK...]

Each network gets random weights and goes through torch.export.save, for one image and for any
number; those that are known by their weights also go through torch.save. The answers of `runner
predict` must be PyTorch's classes but for ties. The exit status is 1 if a class differs.
"""

import pathlib
import sys
import tempfile
import warnings

import numpy as np
import torch
import torchvision

from checkpoints import classes

NETWORKS = {
    "alexnet": 224, "vgg11_bn": 224, "squeezenet1_1": 224, "resnet18": 224, "resnet34": 224,
    "resnet50": 224, "resnext50_32x4d": 224, "densenet121": 224, "googlenet": 224,
    "inception_v3": 299, "mobilenet_v2": 224, "mobilenet_v3_large": 224, "mnasnet1_0": 224,
    "efficientnet_b0": 224, "regnet_y_400mf": 224, "shufflenet_v2_x1_0": 224, "convnext_tiny": 224,
    "vit_b_16": 224, "swin_t": 224,
}
KNOWN = ["resnet18", "resnet34", "resnet50"]
IMAGES = 12


def network(name):
    """Returns a network of 10 classes with random weights."""
    options = {"init_weights": False, "aux_logits": False} if name in ("googlenet", "inception_v3") else {}
    model = getattr(torchvision.models, name)(weights=None, num_classes=10, **options).eval()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                # The statistics of the first batch.
                module.momentum = 1.0
                module.bias.uniform_(-0.1, 0.1)
            elif isinstance(module, torch.nn.LayerNorm):
                module.bias.uniform_(-0.1, 0.1)
        model.train()(torch.rand(4, 3, NETWORKS[name], NETWORKS[name]))
    return model.eval()


def check(runner, folder, name, side):
    model = network(name)
    images = np.random.randint(0, 256, (IMAGES, side, side, 3), dtype=np.uint8)
    np.savez(folder / "images.npz", data=images, label=np.zeros(IMAGES, np.int64))
    prepared = torch.tensor(images).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        # Random networks prefer a class; without its lead all of them occur.
        last = [module for module in model.modules() if getattr(module, "bias", None) is not None
                and module.bias.shape == (10,)]
        magnitude = model(prepared).abs().max()
        last[-1].bias -= model(prepared).mean(0)
        scores = model(prepared)
    best = scores.sort(1, descending=True)
    is_clear = (best.values[:, 0] - best.values[:, 1]) > 1e-5 * (magnitude + scores.abs().max())
    failures = 0
    image = torch.zeros(1, 3, side, side)
    cases = [("one image", image, None), ("any number", image.repeat(2, 1, 1, 1), ({0: torch.export.Dim("n")},))]
    for title, example, shapes in cases:
        program = torch.export.export(model, (example,), dynamic_shapes=shapes)
        torch.export.save(program, folder / "net.pt2")
        failures += report(name, title, classes(runner, [folder / "net.pt2", "--data", folder / "images.npz"]), best, is_clear)
    if name in KNOWN:
        torch.save({"state_dict": model.state_dict()}, folder / "net.pth")
        failures += report(name, "weights", classes(runner, [folder / "net.pth", "--data", folder / "images.npz"]), best, is_clear)
    return failures


def report(name, title, answer, best, is_clear):
    if isinstance(answer, str):
        print(f"{name:20} {title:10} REFUSED {answer}", flush=True)
        return 0
    wrong = int(((torch.tensor(answer) != best.indices[:, 0]) & is_clear).sum())
    print(f"{name:20} {title:10} {wrong} of {int(is_clear.sum())} classes differ, {len(set(answer.tolist()))} classes occur", flush=True)
    return wrong > 0


def main():
    warnings.filterwarnings("ignore")
    runner, names = sys.argv[1], sys.argv[2:] or list(NETWORKS)
    seed = int.from_bytes(np.random.bytes(4), "little")
    print(f"seed {seed}")
    np.random.seed(seed)
    torch.manual_seed(seed)
    failures = 0
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            failures += check(runner, pathlib.Path(folder), name, NETWORKS[name])
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
