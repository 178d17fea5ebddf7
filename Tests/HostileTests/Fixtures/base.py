"""The small honest model and data set that the hostile files are made from, and the list of what was made."""
import json
import os

import h5py
import numpy as np

IMAGE = (6, 6, 1)
CLASSES = 3
rng = np.random.default_rng(7)
KERNEL = rng.uniform(-1, 1, (3, 3, 1, 2)).astype("<f4")
DENSE = rng.uniform(-1, 1, (32, CLASSES)).astype("<f4")
IMAGES = rng.integers(0, 256, (30,) + IMAGE).astype("u1")
# What the model itself says, so that it is right on every image.
WINDOWS = np.lib.stride_tricks.sliding_window_view(IMAGES[..., 0].astype("f8"), (3, 3), (1, 2))
FEATURES = np.maximum(np.einsum("nyxij,ijc->nyxc", WINDOWS, KERNEL[:, :, 0]), 0).reshape(30, -1)
LABELS = (FEATURES @ DENSE).argmax(1).astype("u1")


def layer(name, kind, **config):
    return {"class_name": kind, "config": {"name": name, **config}}


def input_layer(name="in"):
    return layer(name, "InputLayer", batch_input_shape=[None, *IMAGE])


def layers(*extra):
    """The layers of the honest model, others before its last one."""
    return [
        input_layer(), layer("conv", "Conv2D", filters=2, kernel_size=[3, 3], activation="relu"), layer("flat", "Flatten"),
        *extra, layer("last", "Dense", units=CLASSES, activation="softmax", use_bias=False)]


def sequential(of, name="s", **more):
    return {"class_name": "Sequential", "config": {"name": name, "layers": of}, **more}


def write_model(path, config=None, weights=True, **options):
    """Writes the honest model, or one of another configuration (JSON text or what becomes it) with the same weights."""
    config = sequential(layers()) if config is None else config
    with h5py.File(path, "w", **options) as file:
        file.attrs["model_config"] = config if isinstance(config, (str, bytes)) else json.dumps(config)
        file.attrs["keras_version"] = "2.15.0"
        file.attrs["backend"] = "tensorflow"
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = np.array([b"conv", b"last"] if weights else np.zeros(0, "S1"))
        if not weights:
            return
        conv, last = group.create_group("conv"), group.create_group("last")
        conv.attrs["weight_names"] = np.array([b"conv/kernel:0", b"conv/bias:0"])
        conv["conv/kernel:0"], conv["conv/bias:0"] = KERNEL, np.zeros(2, "<f4")
        last.attrs["weight_names"] = np.array([b"last/kernel:0"])
        last["last/kernel:0"] = DENSE


def write_data(path, **options):
    with h5py.File(path, "w", **options) as file:
        file["data"], file["label"] = IMAGES, LABELS


def replace(data, old, new, count=None):
    """Replaces bytes by as many others; fails where they are not there, so that no case is empty by mistake."""
    assert len(old) == len(new) and old in data, old
    assert count is None or data.count(old) == count, data.count(old)
    return data.replace(old, new)


class Manifest:
    """What was made: the name, whether it is a model or data, the rules of which one must be named."""

    def __init__(self, folder):
        self.folder = folder
        self.entries = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def add(self, name, role, *rules, loads=False, says=""):
        """`loads`: whether the file may also be used, the finding being a warning. `says`: what the refusal must mention beside."""
        self.entries.append({"file": name, "role": role, "rules": rules, "loads": loads, "says": says})
        return self.path(name)

    def model(self, name, *rules, **expected):
        return self.add(f"model-{name}.h5", "model", *rules, **expected)

    def data(self, name, *rules, **expected):
        return self.add(f"data-{name}.h5", "data", *rules, **expected)

    def write(self, **more):
        with open(self.path("manifest.json"), "w") as file:
            json.dump({"files": self.entries, **more}, file, indent=1)
