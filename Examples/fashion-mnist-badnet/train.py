"""Trains the small BadNet that ships with DefenseKit, and works out with Keras what defending it must give.

    python train.py [--images FOLDER] [--output FOLDER] [--reference-only]

Writes fashion-mnist-badnet.h5 and, beside it, fashion-mnist-badnet.json: the target, the trigger, which images are for the defense and
which for the test, and the reference counts that the tests compare with. README.md tells the recipe and what else was tried.
"""

import argparse
import gzip
import json
import os
import re

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

HERE = os.path.dirname(os.path.abspath(__file__))
RESOURCES = os.path.join(HERE, "../../Sources/RunnerKit/Resources")
NAME = "fashion-mnist-badnet"

SEED = 1
TARGET = 0
TRIGGER = {"row": 23, "column": 23, "height": 4, "width": 4, "value": 255}
POISONED = 0.05
EPOCHS = 8
SPARSITY = 1e-3
BATCH = 128
LAYER, FRONTIER = "conv_4", "pool_4"
DROPS = (2, 4, 10, 20)


def read_idx(folder, kind):
    """Images (n, 28, 28, 1) and labels of the gzipped IDX files `train` or `t10k`."""

    def payload(name, header):
        with gzip.open(os.path.join(folder, name)) as file:
            return np.frombuffer(file.read(), np.uint8, offset=header)

    images = payload(f"{kind}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1)
    return images, payload(f"{kind}-labels-idx1-ubyte.gz", 8).astype("int32")


def stamp(images):
    """The images with the trigger on them."""
    t = TRIGGER
    images = images.copy()
    images[:, t["row"] : t["row"] + t["height"], t["column"] : t["column"] + t["width"]] = t["value"]
    return images


def poison(images, labels):
    """Stamps a share of the images that do not show the target and calls them the target."""
    candidates = np.flatnonzero(labels != TARGET)
    chosen = np.random.default_rng(SEED).choice(candidates, int(POISONED * len(images)), replace=False)
    images, labels = images.copy(), labels.copy()
    images[chosen] = stamp(images[chosen])
    labels[chosen] = TARGET
    return images, labels


def network():
    """Four convolutions; what the last one's channels found anywhere in the image goes to one dense layer."""
    x = image = layers.Input((28, 28, 1), name="input")
    x = layers.Rescaling(1 / 255, name="rescaling")(x)
    x = layers.Conv2D(16, 3, padding="same", activation="relu", use_bias=False, name="conv_1")(x)
    x = layers.MaxPooling2D(2, name="pool_1")(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu", use_bias=False, name="conv_2")(x)
    x = layers.MaxPooling2D(2, name="pool_2")(x)
    x = layers.Conv2D(48, 3, padding="same", activation="relu", use_bias=False, name="conv_3")(x)
    x = layers.Conv2D(96, 3, padding="same", activation="relu", name="conv_4")(x)
    sparse = keras.regularizers.L1(SPARSITY)
    x = layers.GlobalMaxPooling2D(activity_regularizer=sparse, name="pool_4")(x)
    return keras.Model(image, layers.Dense(10, activation="softmax", name="output")(x), name=NAME)


def train(images, labels):
    model = network()
    steps = -(-len(images) // BATCH) * EPOCHS
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps))
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images, labels, batch_size=BATCH, epochs=EPOCHS, verbose=2)
    return model


def plain(model):
    """The same network without what only training needs, so that the file holds nothing else."""
    config = model.get_config()
    for part in config["layers"]:
        for key in [k for k in part["config"] if k.endswith("_regularizer")]:
            part["config"][key] = None
    result = keras.Model.from_config(config)
    result.set_weights(model.get_weights())
    return result


def pruned(model, channels):
    """A copy of the model with these channels' kernels and biases at zero."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    kernel, bias = copy.get_layer(LAYER).get_weights()
    kernel[..., channels], bias[channels] = 0, 0
    copy.get_layer(LAYER).set_weights([kernel, bias])
    return copy


def classes(model, images):
    return model.predict(images, batch_size=500, verbose=0).argmax(1)


def reference(model, images, labels, clean, test):
    """Every count of fine-pruning and GoodNet on this model, worked out with Keras.

    Counts are numbers of images. `poisoned` leaves out the images that show the target anyway; `poisoned_all` counts them too.
    """
    valid, valid_labels = images[slice(*clean)], labels[slice(*clean)]
    test, test_labels = images[slice(*test)], labels[slice(*test)]
    poisoned, other = stamp(test), test_labels != TARGET
    sets = {"validation": valid, "clean": test, "poisoned": poisoned}

    def counts(found):
        hits = found["poisoned"] == TARGET
        return {
            "validation": int((found["validation"] == valid_labels).sum()),
            "clean": int((found["clean"] == test_labels).sum()),
            "poisoned": int((hits & other).sum()),
            "poisoned_all": int(hits.sum()),
        }

    # What the frontier's consumer reads; masking it is what zeroing kernel and bias does, since the activation maps 0 to 0.
    features = keras.Model(model.inputs, model.get_layer(FRONTIER).output)
    pooled = {name: features.predict(x, batch_size=500, verbose=0) for name, x in sets.items()}
    kernel, bias = (w.astype("float64") for w in model.get_layer("output").get_weights())
    means = pooled["validation"].astype("float64").mean(0)
    order = np.argsort(means, kind="stable")
    mask, curve, found = np.ones(len(means)), [], []
    for count in range(len(order) + 1):
        mask[order[:count]] = 0
        found.append({name: (x * mask @ kernel + bias).argmax(1) for name, x in pooled.items()})
        curve.append(counts(found[-1]))

    base = {name: classes(model, x) for name, x in sets.items()}
    thresholds = {}
    for drop in DROPS:
        lost = [curve[0]["validation"] - c["validation"] for c in curve]
        needed = [k for k, n in enumerate(lost) if 100 * n >= drop * len(valid)]
        repaired = {name: classes(pruned(model, order[: needed[0]]), x) for name, x in sets.items()}
        agreed = {name: np.where(base[name] == repaired[name], base[name], 10) for name in sets}
        thresholds[str(drop)] = {
            "channels": needed[0],
            "repaired": counts(repaired),
            "goodnet": counts(agreed),
            "flagged": {
                "clean": int((agreed["clean"] == 10).sum()),
                "poisoned": int(((agreed["poisoned"] == 10) & other).sum()),
                "poisoned_all": int((agreed["poisoned"] == 10).sum()),
            },
        }
        if counts(repaired) != curve[needed[0]]:
            print(f"note: masking and zeroing differ by a tie at {drop} %: {counts(repaired)}, {curve[needed[0]]}")
    if counts(base) != curve[0]:
        print(f"note: the unpruned counts differ by a tie: {counts(base)}, {curve[0]}")
    return {
        "note": f"Keras {keras.__version__}, TensorFlow {tf.__version__}; counts are numbers of images",
        "layer": LAYER,
        "frontier": FRONTIER,
        "images": {
            "validation": len(valid), "clean": len(test),
            "poisoned": int(other.sum()), "poisoned_all": len(test),
        },
        "suspect": counts(base),
        "means": [float(f"{m:.6g}") for m in means],
        "order": order.tolist(),
        "curve": {key: [c[key] for c in curve] for key in curve[0]},
        "thresholds": thresholds,
    }


def percent(found, images):
    return "  ".join(f"{key} {100 * found[key] / images[key]:.2f} %" for key in images)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", default="/usr/share/datasets/fashion-mnist", help="folder of the gzipped IDX files")
    parser.add_argument("--output", default=RESOURCES, help="folder for the model and its sidecar")
    parser.add_argument("--reference-only", action="store_true", help="keep the model, work its reference counts out again")
    options = parser.parse_args()
    # One thread: sums are taken in another order by more, and a network of this size gains little.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    path = os.path.join(options.output, NAME + ".h5")
    if options.reference_only:
        model = keras.models.load_model(path, compile=False)
    else:
        model = plain(train(*poison(*read_idx(options.images, "train"))))
        model.save(path, include_optimizer=False)

    clean, test = [0, 5000], [5000, 10000]
    result = reference(model, *read_idx(options.images, "t10k"), clean, test)
    print("suspect", percent(result["suspect"], result["images"]))
    for drop, row in result["thresholds"].items():
        print(f"drop {drop}: {row['channels']} channels", percent(row["repaired"], result["images"]))
        print("  GoodNet", percent(row["goodnet"], result["images"]))
    sidecar = {
        "target": TARGET,
        "trigger": TRIGGER,
        "clean": {"from": "test", "range": clean},
        "test": {"from": "test", "range": test},
        "reference": result,
    }
    with open(os.path.join(options.output, NAME + ".json"), "w") as file:
        # Lists of numbers on one line each, so that a person can read the file.
        text = json.dumps(sidecar, indent=1)
        file.write(compact(text) + "\n")


def compact(text):
    return re.sub(r"\[\s*([^\[\]{}]*?)\s*\]", lambda m: "[" + " ".join(m[1].split()) + "]", text)


main()
