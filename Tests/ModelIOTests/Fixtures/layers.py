"""Writes random networks of layers that are made up of several operations: layers.py FOLDER SEED COUNT.

For each kind of layer COUNT networks of either version of Keras, at random sizes. Every network is in cases.json with images and what
it predicts for them; the model is NAME.h5 and NAME.keras, images and predictions are also in NAME.check.h5, and from Keras 3 there are
NAME.weights.h5 and NAME.json. The images are [height][width][channels], also where the model takes [channels][height][width].
"""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
# oneDNN refuses some transposed convolutions.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
import h5py
import keras
import numpy as np
import tensorflow
import tf_keras

out, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
only = sys.argv[4:]
rng = np.random.default_rng(seed)
cases = []


def number(low, high):
    return int(rng.integers(low, high + 1))


def one_of(*values):
    return values[rng.integers(len(values))]


def path(name):
    return os.path.join(out, name)


def randomize(model):
    for weight in model.weights:
        role = getattr(weight, "path", weight.name)
        low = 0.5 if "variance" in role or "gamma" in role else -0.5
        if "seed" not in role and "State" not in role:
            weight.assign(rng.uniform(low, low + 1, weight.shape))


def save(K, name, model, images, outputs):
    """Saves a model; False if its result hardly depends on the image, so that nothing could be seen in it."""
    if not np.isfinite(outputs).all() or np.ptp(outputs, axis=0).max() < 1e-3:
        return False
    model.save(path(name + ".h5"))
    model.save(path(name + ".keras"))
    if K is keras:
        model.save_weights(path(name + ".weights.h5"))
        with open(path(name + ".json"), "w") as file:
            file.write(model.to_json())
    with h5py.File(path(name + ".check.h5"), "w") as file:
        file["images"], file["outputs"] = images, outputs
    cases.append(dict(
        name=name, by=3 if K is keras else 2, shape=images.shape[1:], images=images.ravel().tolist(), outputs=outputs.ravel().tolist()))
    return True


def ending(L, x):
    """From any tensor to three classes."""
    if len(x.shape) > 2:
        x = L.Flatten()(x)
    return L.Dense(3, activation="softmax")(x)


def shape(low=3, high=9):
    return number(low, high), number(low, high), number(1, 5)


def activation():
    return one_of(None, "relu", "tanh")


# Each kind returns a model, or raises ValueError where TensorFlow cannot do what was drawn.

def transposed(K):
    L = K.layers
    x = i = L.Input(shape(2, 7))
    for _ in range(number(1, 2)):
        strides = one_of(number(1, 3), (number(1, 3), number(1, 3)))
        both = strides if isinstance(strides, tuple) else (strides, strides)
        more = one_of(None, tuple(number(0, s - 1) for s in both))
        x = L.Conv2DTranspose(
            number(1, 4), one_of(number(1, 5), (number(1, 5), number(1, 5))), strides=strides, padding=one_of("valid", "same"),
            output_padding=more, use_bias=one_of(True, False), activation=activation())(x)
        if rng.random() < 0.5:
            x = L.BatchNormalization()(x)
    return K.Model(i, ending(L, x))


def axes(K):
    """Layers along other axes than the last, slopes for each pixel."""
    L = K.layers
    x = i = L.Input(shape())
    if rng.random() < 0.5:
        x = L.Conv2D(number(1, 4), 2, activation=activation())(x)
    for _ in range(number(1, 4)):
        rank = len(x.shape) - 1
        axis = number(1, rank)
        several = sorted(rng.choice(rank, number(1, rank), replace=False) + 1)
        several = [int(a) for a in several]
        kind = number(0, 7)
        if kind == 0:
            x = L.BatchNormalization(axis=one_of(axis, axis - rank - 1), scale=one_of(True, False))(x)
        elif kind == 1:
            x = L.LayerNormalization(axis=several if len(several) > 1 else several[0], center=one_of(True, False))(x)
        elif kind == 2:
            x = L.PReLU(shared_axes=one_of(None, several))(x)
        elif kind == 3:
            x = L.Softmax(axis=axis)(x)
        elif kind == 4:
            x = L.Concatenate(axis=axis)([x, L.Activation("tanh")(x)])
        elif kind == 5:
            groups = one_of(1, x.shape[axis])
            x = L.GroupNormalization(groups, axis=axis)(x)
        elif kind == 6 and rank == 3:
            x = L.Reshape((x.shape[1] * x.shape[2], x.shape[3]))(x)
        else:
            x = L.Permute([int(a) + 1 for a in rng.permutation(rank)])(x)
    return K.Model(i, ending(L, x))


def channels_first(K):
    """A network in channels_first beside one in channels_last, with the same weights, which TensorFlow can predict with on a CPU."""
    L = K.layers
    height, width, channels = shape(5, 11)
    draws = np.random.default_rng(number(0, 1 << 30))
    state = draws.bit_generator.state

    def build(first):
        draws.bit_generator.state = state
        fmt = dict(data_format="channels_first" if first else "channels_last")
        axis = 1 if first else 3

        def pick(*values):
            return values[draws.integers(len(values))]

        def in_order(x):
            # What sees the order of axes sees channels first.
            return x if first else L.Permute((3, 1, 2))(x)

        def size(x):
            return (x.shape[2], x.shape[3], x.shape[1]) if first else (x.shape[1], x.shape[2], x.shape[3])

        x = i = L.Input((channels, height, width) if first else (height, width, channels))
        if pick(True, False):
            x = L.Rescaling(0.5, 0.1)(x)
        for position in range(int(draws.integers(1, 7))):
            h, w, c = size(x)
            # The first one tells the layout.
            kind = int(draws.integers(0, 18)) if position else 0
            padding = pick("valid", "same")
            if min(h, w) < 3:
                padding = "same"
            filters = int(draws.integers(1, 5))
            act = pick(None, "relu", "tanh")
            if kind == 0:
                x = L.Conv2D(filters, pick(1, 2, 3), padding=padding, strides=pick(1, 2), activation=act, **fmt)(x)
            elif kind == 1:
                x = L.Conv2DTranspose(filters, pick(1, 2, 3), padding=padding, strides=pick(1, 2), activation=act, **fmt)(x)
            elif kind == 2:
                x = L.GroupNormalization(pick(1, c), axis=axis)(x)
            elif kind == 3:
                x = L.DepthwiseConv2D(pick(1, 2), padding=padding, depth_multiplier=pick(1, 2), activation=act, **fmt)(x)
            elif kind == 4:
                x = L.SeparableConv2D(filters, 2, padding=padding, **fmt)(x)
            elif kind == 5:
                x = pick(L.MaxPooling2D, L.AveragePooling2D)(2, padding=padding, strides=pick(1, 2), **fmt)(x)
            elif kind == 6:
                x = L.BatchNormalization(axis=axis)(x)
            elif kind == 7:
                x = L.ZeroPadding2D(((1, 0), (2, 1)), **fmt)(x)
            elif kind == 8:
                x = L.UpSampling2D((1, 2), interpolation=pick("nearest", "bilinear"), **fmt)(x)
            elif kind == 9:
                y = L.Conv2D(c, 1, activation=act, **fmt)(x)
                x = pick(L.Add, L.Multiply, L.Maximum)()([x, y])
            elif kind == 10:
                x = L.Concatenate(axis=axis)([x, L.Activation("sigmoid")(x)])
            elif kind == 11:
                x = L.PReLU(shared_axes=[2, 3] if first else [1, 2])(x)
            elif kind == 12:
                # Squeeze-and-excitation.
                gate = L.GlobalAveragePooling2D(**fmt)(x)
                gate = L.Dense(c, activation="sigmoid")(gate)
                x = L.Multiply()([x, L.Reshape((c, 1, 1) if first else (1, 1, c))(gate)])
            elif kind == 13:
                x = L.LayerNormalization(axis=axis)(x)
            elif kind == 14:
                x = L.SpatialDropout2D(0.2, **fmt)(x)
            elif kind == 15 and min(h, w) > 3:
                x = L.Cropping2D(((1, 0), (0, 2)), **fmt)(x)
            elif kind == 16:
                x = L.Softmax(axis=axis)(x)
            elif K is keras:
                x = L.Resizing(5, 4, **fmt)(x)
            if pick(False, False, True):
                x = L.Dropout(0.3)(x)
        end = int(draws.integers(0, 6))
        if end == 0:
            x = L.GlobalMaxPooling2D(**fmt)(x)
        elif end == 1:
            x = L.Flatten(**fmt)(x)
        elif end == 2:
            x = L.Dense(3)(in_order(x))
            x = L.Flatten(data_format="channels_last")(x)
        elif end == 3:
            x = L.Reshape((-1,))(in_order(x))
            x = L.BatchNormalization()(L.Activation("tanh")(x))
        elif end == 4:
            x = L.Flatten(data_format="channels_last")(in_order(x))
            x = L.LayerNormalization()(x)
        else:
            x = L.Flatten(data_format="channels_last")(in_order(x))
        return K.Model(i, L.Dense(3, activation="softmax")(x))

    model, twin = build(True), build(False)
    randomize(model)
    # Slopes are [channels][1][1] or [1][1][channels].
    twin.set_weights([w.reshape(t.shape) for w, t in zip(model.get_weights(), twin.get_weights())])
    images = rng.uniform(-1, 2, (5, height, width, channels)).astype("float32")
    return model, images, twin.predict(images, verbose=0)


def timed(K):
    """Layers applied to every step of a first axis."""
    L = K.layers
    x = i = L.Input((number(1, 4), number(2, 7), number(2, 7), number(1, 3)))
    for _ in range(number(1, 4)):
        if len(x.shape) < 5:
            break
        padding = one_of("valid", "same")
        strides = one_of(1, number(1, 3))
        kind = number(0, 8)
        if kind <= 2:
            dilation = one_of(1, 2) if strides == 1 else 1
            inner = L.Conv2D(number(1, 4), (number(1, 3), number(1, 3)), padding=padding, strides=strides, dilation_rate=dilation, activation=activation())
        elif kind == 3:
            inner = L.DepthwiseConv2D(number(1, 3), padding=padding, strides=strides, depth_multiplier=number(1, 2))
        elif kind == 4:
            inner = L.SeparableConv2D(number(1, 3), number(1, 3), padding=padding, strides=strides)
        elif kind == 5:
            inner = one_of(L.MaxPooling2D, L.AveragePooling2D)((number(1, 2), number(1, 3)), strides=strides)
        elif kind == 6:
            inner = L.BatchNormalization()
        elif kind == 7:
            inner = one_of(L.Dense(number(1, 4)), L.LayerNormalization(), L.Activation("tanh"))
        else:
            inner = one_of(L.Flatten(), L.GlobalAveragePooling2D(), L.GlobalMaxPooling2D(), L.Reshape((-1, x.shape[-1])))
        x = L.TimeDistributed(inner)(x)
    if rng.random() < 0.5:
        x = L.TimeDistributed(L.Dense(number(1, 4), activation=activation()))(x)
    return K.Model(i, ending(L, x))


KINDS = {f.__name__: f for f in (transposed, axes, channels_first, timed)}


def main():
    for kind, make in KINDS.items():
        if only and kind not in only:
            continue
        for K, version in ((tf_keras, 2), (keras, 3)):
            made = 0
            while made < count:
                K.backend.clear_session()
                try:
                    made += bool(case(K, f"{kind}-{version}-{made}", make))
                except (ValueError, tensorflow.errors.InvalidArgumentError):
                    pass
    with open(path("cases.json"), "w") as file:
        json.dump(cases, file)


def case(K, name, make):
    made = make(K)
    if isinstance(made, tuple):
        return save(K, name, *made)
    randomize(made)
    images = rng.uniform(-1, 2, (5,) + made.input_shape[1:]).astype("float32")
    return save(K, name, made, images, made.predict(images, verbose=0))


main()
