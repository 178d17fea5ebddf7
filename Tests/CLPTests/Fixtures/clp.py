"""Works out with NumPy what CLP must prune of a Keras file: prints the bounds and channels of every layer as JSON.

    python clp.py MODEL.h5 [U]

It reads the file's layers and weights by itself (h5py), finds for each batch normalization the convolution that it reads, and takes
the largest singular value of every channel's kernel from numpy.linalg.svd. `listed` has the channels that come out if a
normalization is taken to belong to the convolution listed last before it, as the authors' program does; null where that one has
too few channels.
"""

import json
import sys

import h5py
import numpy as np

NOTHING = {"Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization"}


def read(path):
    """The layers in the file's order, what each reads, and its weights by their last name."""
    with h5py.File(path) as file:
        config = json.loads(file.attrs["model_config"])["config"]
        layers = {layer["config"]["name"]: layer for layer in config["layers"]}
        inputs, before = {}, None
        for name, layer in layers.items():
            inbound = layer.get("inbound_nodes")
            inputs[name] = [call[0] for call in inbound[0]] if inbound else [before] if inbound is None and before else []
            before = name
        weights = {}
        for name in layers:
            group = file["model_weights"].get(name)
            names = [] if group is None else group.attrs.get("weight_names", [])
            names = [n.decode() if isinstance(n, bytes) else n for n in names]
            weights[name] = {n.split("/")[-1].split(":")[0]: np.asarray(group[n], np.float64) for n in names}
    return layers, inputs, weights


def does_nothing(layer):
    kind = layer["class_name"]
    return kind in NOTHING or kind == "Activation" and layer["config"]["activation"] == "linear"


def is_plain_convolution(layer):
    return layer["class_name"] == "Conv2D" and layer["config"].get("activation", "linear") == "linear"


def bounds(layer, convolution, normalization):
    kernel = convolution["kernel"]
    taps, inputs, outputs = kernel.shape[0] * kernel.shape[1], kernel.shape[2], kernel.shape[3]
    matrices = kernel.reshape(taps, inputs, outputs).transpose(2, 1, 0)
    sigma = np.linalg.svd(matrices, compute_uv=False).max(axis=1)
    variance = normalization["moving_variance"] + layer["config"]["epsilon"]
    channels = len(variance)
    if channels > outputs:
        return None
    return sigma[:channels] * np.abs(normalization.get("gamma", np.ones(channels))) / np.sqrt(variance)


def outliers(values, u):
    if values is None or len(values) < 2:
        return None if values is None else []
    return np.flatnonzero(values > values.mean() + u * values.std(ddof=1)).tolist()


def main():
    path, u = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 3.0
    layers, inputs, weights = read(path)
    found, skipped, listed, last = [], [], {}, None
    for name, layer in layers.items():
        if layer["class_name"] == "Conv2D":
            last = name
        if layer["class_name"] != "BatchNormalization":
            continue
        listed[name] = outliers(bounds(layer, weights[last], weights[name]), u) if last else []
        producer = inputs[name][0]
        while does_nothing(layers[producer]):
            producer = inputs[producer][0]
        if not is_plain_convolution(layers[producer]):
            skipped.append(name)
            continue
        values = bounds(layer, weights[producer], weights[name])
        entry = {"normalization": name, "convolution": producer, "bounds": values.tolist(), "channels": outliers(values, u)}
        found.append(entry)
    json.dump({"layers": found, "skipped": skipped, "listed": listed}, sys.stdout)


if __name__ == "__main__":
    main()
