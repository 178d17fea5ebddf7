"""Works out with Keras what pruning the embedded network must give: writes embedded.json beside this file.

    python embedded.py        (needs keras, h5py and Debian's dataset-fashion-mnist)

Counts are numbers of images; `poisoned` leaves out the images that show the target anyway, `poisoned_all` counts them too.
"""

import gzip
import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
RESOURCES = os.path.join(HERE, "../../../Sources/RunnerKit/Resources")
IMAGES = "/usr/share/datasets/fashion-mnist"
LAYER, FRONTIER, TARGET = "conv_3", "pool_3", 0
DROPS = (2, 4, 10, 20)


def read(name, header):
    with gzip.open(os.path.join(IMAGES, name)) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def stamp(images):
    """A white square of 3x3 pixels in the lower right corner."""
    images = images.copy()
    images[:, 25:, 25:] = 255
    return images


def behind(model):
    """The layers behind the frontier as a model of their own."""
    x = image = keras.layers.Input(model.get_layer(FRONTIER).output.shape[1:])
    names = [layer.name for layer in model.layers]
    for layer in model.layers[names.index(FRONTIER) + 1 :]:
        x = layer(x)
    return keras.Model(image, x)


def main():
    images = read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1).astype("float32")
    labels = read("t10k-labels-idx1-ubyte.gz", 8).astype(int)
    model = keras.models.load_model(os.path.join(RESOURCES, "fashion-mnist-badnet.h5"), compile=False)
    test, truth = images[5000:], labels[5000:]
    other = truth != TARGET
    sets = {"clean": images[:5000], "test": test, "poisoned": stamp(test)}
    right = {"clean": labels[:5000], "test": truth}

    def counts(found):
        hits = found["poisoned"] == TARGET
        return {
            **{name: int((found[name] == right[name]).sum()) for name in right},
            "poisoned": int((hits & other).sum()),
            "poisoned_all": int(hits.sum()),
        }

    front = keras.Model(model.inputs, model.get_layer(FRONTIER).output)
    back = behind(model)
    features = {name: front.predict(x, batch_size=500, verbose=0) for name, x in sets.items()}
    means = features["clean"].astype("float64").mean((0, 1, 2))
    order = np.argsort(means, kind="stable")
    # Zeroing a channel's kernel and bias is zeroing it behind the rectifier and the pooling.
    mask, curve, found = np.ones(len(means), "float32"), [], []
    for count in range(len(order) + 1):
        mask[order[:count]] = 0
        found.append(
            {name: back.predict(x * mask, batch_size=500, verbose=0).argmax(1) for name, x in features.items()}
        )
        curve.append(counts(found[-1]))

    thresholds = {}
    for drop in DROPS:
        lost = [curve[0]["clean"] - c["clean"] for c in curve]
        channels = [k for k, n in enumerate(lost) if 100 * n >= drop * len(images[:5000])][0]
        agreed = {name: np.where(found[0][name] == x, x, 10) for name, x in found[channels].items()}
        thresholds[str(drop)] = {
            "channels": channels,
            "repaired": curve[channels],
            "goodnet": counts(agreed),
            "flagged": {
                "test": int((agreed["test"] == 10).sum()),
                "poisoned": int(((agreed["poisoned"] == 10) & other).sum()),
                "poisoned_all": int((agreed["poisoned"] == 10).sum()),
            },
        }
    result = {
        "note": f"Keras {keras.__version__}; counts are numbers of images",
        "layer": LAYER,
        "suspect": curve[0],
        "order": order.tolist(),
        "curve": {key: [c[key] for c in curve] for key in curve[0]},
        "thresholds": thresholds,
    }
    with open(os.path.join(HERE, "embedded.json"), "w") as file:
        json.dump(result, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
