"""Networks that end in one sigmoid unit, by stock Keras; with DEFENSEKIT_KERAS=2 in the environment by Keras 2 (tf_keras).

sigmoid.py make FOLDER SEED COUNT: writes random networks 0.h5, 1.h5, ... with their JSON, their weights alone, and in N.check.h5
the images that each is tried on (`data`), their labels (`label`, of shape (N, 1) for every other network) and what it predicts
(`outputs`).

sigmoid.py train MODEL CHECK RATE WRITTEN ...: takes a step of gradient descent on the binary cross-entropy of all images, with the
labels of CHECK, and writes images and what MODEL predicts after it to WRITTEN.

sigmoid.py check MODEL CHECK ...: a line for each MODEL with the largest difference from the outputs of CHECK, and its layers, each as
name/class/activation.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import h5py
import numpy as np

if os.environ.get("DEFENSEKIT_KERAS") == "2":
    import tf_keras as keras
else:
    import keras
L = keras.layers


def head(x, form, rng):
    """The ways of tutorials, and some that do the same."""
    size = x.shape[1:3]
    if form == 0:
        return L.Dense(1, activation="sigmoid")(L.Flatten()(x))
    if form == 1:
        x = L.Dense(int(rng.integers(3, 9)), activation="relu")(L.Flatten()(x))
        return L.Activation("sigmoid")(L.Dense(1)(L.Dropout(0.0)(x)))
    if form == 2:
        return L.Dense(1, activation="sigmoid", use_bias=False)(L.GlobalAveragePooling2D()(x))
    if form == 3:
        return L.Activation("sigmoid", name="out")(L.GlobalAveragePooling2D()(L.Conv2D(1, 1)(x)))
    if form == 4:
        return L.Flatten()(L.Conv2D(1, size, activation="sigmoid")(x))
    if form == 5:
        x = L.GlobalMaxPooling2D()(L.Conv2D(1, size, activation="sigmoid")(x))
        return L.Reshape((1,))(L.Activation("linear")(x))
    if form == 6:
        inner = L.Input(x.shape[1:])
        y = L.Dense(1, activation="sigmoid", name="dense")(L.Flatten()(inner))
        return keras.Model(inner, y, name="inner")(x)
    x = L.Dense(4, activation="tanh", name="dense")(L.Flatten()(x))
    inner = L.Input((4,))
    inner = keras.Model(inner, L.Dense(1, name="dense")(inner), name="inner")
    return L.Activation("sigmoid", name="sigmoid")(inner(x))


def network(rng, form):
    shape = (int(rng.integers(6, 14)), int(rng.integers(6, 14)), int(rng.choice([1, 3])))
    x = start = L.Input(shape)
    if rng.integers(2):
        x = L.Rescaling(0.5, 0.1)(x)
    for _ in range(rng.integers(1, 4)):
        kind = rng.integers(5)
        filters = int(rng.integers(2, 7))
        if kind == 0:
            x = L.Conv2D(filters, 3, activation="relu", padding="same")(x)
        elif kind == 1:
            x = L.BatchNormalization()(L.Conv2D(filters, 2, use_bias=False)(x))
        elif kind == 2:
            x = L.MaxPooling2D(2, strides=1)(L.Conv2D(filters, (1, 2), activation="tanh")(x))
        elif kind == 3:
            x = L.SeparableConv2D(filters, 3, padding="same", activation="elu")(x)
        else:
            x = L.Conv2D(filters, 3, padding="same")(x)
            x = L.Add()([x, L.Conv2D(filters, 1, activation="relu")(x)])
    return keras.Model(start, head(x, form, rng), name="net")


def make(folder, seed, count):
    rng = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    for number in range(count):
        model = network(rng, number % 8)
        for weight in model.weights:
            role = getattr(weight, "path", weight.name)
            if "kernel" not in role:
                low = 0.5 if "variance" in role or "gamma" in role else -0.3
                weight.assign(rng.uniform(low, low + 0.6, weight.shape))
        images = rng.uniform(-1, 1, (37,) + model.input_shape[1:]).astype("float32")
        outputs = model.predict(images, verbose=0)
        # No scores that are 0 or 1 but for rounding: the last kernel is such that logits are about 2.
        kernels = [w for w in model.weights if "kernel" in getattr(w, "path", w.name)]
        while outputs.min() < 1e-3 or outputs.max() > 1 - 1e-3:
            kernels[-1].assign(kernels[-1] * np.float32(0.1))
            outputs = model.predict(images, verbose=0)
        logits = np.log(outputs / (1 - outputs))
        kernels[-1].assign(kernels[-1] * np.float32(2 / max(logits.std(), abs(logits.mean()), 1e-3)))
        outputs = model.predict(images, verbose=0)
        path = os.path.join(folder, str(number))
        model.save(path + ".h5")
        model.save_weights(path + ".weights.h5")
        with open(path + ".json", "w") as file:
            file.write(model.to_json())
        labels = rng.integers(0, 2, len(images))
        with h5py.File(path + ".check.h5", "w") as file:
            file["data"], file["outputs"] = images, outputs
            file["label"] = labels.reshape(-1, 1).astype("f4") if number % 2 else labels


def train(model, check, rate, written):
    model = keras.models.load_model(model, compile=False)
    with h5py.File(check) as file:
        images, labels = file["data"][...], file["label"][...].reshape(-1, 1)
    model.compile(keras.optimizers.SGD(float(rate)), "binary_crossentropy")
    model.train_on_batch(images, labels)
    with h5py.File(written, "w") as file:
        file["data"], file["outputs"] = images, model.predict(images, verbose=0)


def check(path, check):
    model = keras.models.load_model(path, compile=False)
    with h5py.File(check) as file:
        images, right = file["data"][...], file["outputs"][...]
    found = model.predict(images, verbose=0)
    assert found.shape == right.shape == (len(images), 1), (path, found.shape, right.shape)
    assert np.isfinite(found).all(), path
    layers = [f"{x.name}/{type(x).__name__}/{x.activation.__name__ if hasattr(x, 'activation') else ''}" for x in model.layers]
    print(np.abs(found - right).max(), *layers)


command, arguments = sys.argv[1], sys.argv[2:]
if command == "make":
    make(arguments[0], int(arguments[1]), int(arguments[2]))
elif command == "train":
    for first in range(0, len(arguments), 4):
        train(*arguments[first:first + 4])
else:
    for first in range(0, len(arguments), 2):
        check(*arguments[first:first + 2])
