"""Writes the models and data sets that the tests read: make.py FOLDER.

Weights and images are random numbers from a fixed seed. Every model is in NAME.h5 and in NAME.keras. For those with finite scores the
images that it is tried on and what Keras predicts for them are in NAME.check.h5, as `images` and `outputs`.
"""
import os
import sys
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import h5py
import keras
import numpy as np
from keras import layers as L

out = sys.argv[1]
rng = np.random.default_rng(3)


def path(name):
    return os.path.join(out, name)


def save(name, model):
    model.save(path(name + ".h5"))
    model.save(path(name + ".keras"))


def finish(name, model):
    """Gives every weight a random value, saves the model, and what it predicts."""
    for weight in model.weights:
        role = getattr(weight, "path", weight.name)
        low = 0.5 if "variance" in role or "gamma" in role else -0.4
        if "count" not in role and "seed" not in role and "State" not in role:
            weight.assign(rng.uniform(low, low + 0.8, weight.shape))
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
    save(name, model)
    images = rng.uniform(0, 2, (5,) + model.input_shape[1:]).astype("float32")
    with h5py.File(path(name + ".check.h5"), "w") as file:
        file["images"] = images
        file["outputs"] = model.predict(images, verbose=0)
    return model


def plain():
    return keras.Sequential([
        L.Input((12, 10, 3)), L.Rescaling(0.5, -0.25), L.RandomFlip(), L.Conv2D(8, 3, activation="relu", padding="same"),
        L.BatchNormalization(), L.MaxPooling2D(), L.Dropout(0.2), L.DepthwiseConv2D(3, depth_multiplier=2, activation="tanh"),
        L.SeparableConv2D(6, 2, use_bias=False), L.SpatialDropout2D(0.1), L.GaussianNoise(0.1), L.ELU(), L.Flatten(),
        L.Dense(7, activation="hard_sigmoid"), L.LeakyReLU(), L.Dense(4), L.Softmax()], name="plain")


def branches():
    """Branches whose layers have equal shapes: a wrong order of weights shows in the numbers."""
    x = i = L.Input((9, 9, 2), name="in")
    x = L.Normalization(mean=[0.3, 0.6], variance=[0.5, 2.0], name="norm")(x)
    x = L.ZeroPadding2D(((1, 0), (2, 1)))(x)
    a = L.Conv2D(4, 3, padding="same", name="right")(x)
    b = L.Conv2D(4, 3, padding="same", name="left")(x)
    c = L.Conv2D(4, 3, padding="same", name="middle")(L.ReLU(max_value=1.5, negative_slope=0.1, threshold=0.2)(b))
    d = L.Conv2D(4, 3, padding="same", name="again")(L.Activation("silu")(a))
    x = L.Concatenate()([L.Add()([a, c]), L.Multiply()([b, d]), d])
    x = L.BatchNormalization(scale=False)(x)
    x = L.BatchNormalization(center=False)(x)
    gate = L.GlobalAveragePooling2D(keepdims=True)(x)
    gate = L.Conv2D(12, 1, activation="sigmoid")(gate)
    x = L.Multiply()([x, gate])
    x = L.AveragePooling2D(3, strides=2, padding="same")(x)
    x = L.Conv2D(8, 2, groups=2, dilation_rate=2, activation="leaky_relu")(x)
    x = L.Reshape((-1, 4))(x)
    x = L.Dense(3, activation="gelu")(x)
    x = L.Flatten()(x)
    return keras.Model(i, L.Dense(5, activation="softmax", name="out")(x), name="branches")


def block(name, trainable=True):
    model = keras.Sequential([
        L.Input((8, 8, 4)), L.Conv2D(4, 3, padding="same", name="conv"), L.BatchNormalization(name="norm"),
        L.Conv2D(4, 3, padding="same", name="conv2"), L.BatchNormalization(name="norm2")], name=name)
    model.trainable = trainable
    return model


def nested():
    """Models in models, one of them frozen, names that collide, layers and models used twice."""
    x = i = L.Input((10, 10, 3), name="in")
    x = L.Conv2D(4, 3, activation="relu", name="conv")(x)
    first, second = block("first"), block("second", trainable=False)
    x = first(x)
    y = L.Input((8, 8, 4))
    outer = keras.Model(y, L.Add()([second(y), L.Conv2D(4, 1, name="short")(y)]), name="outer")
    x = outer(outer(x))
    shared = L.Conv2D(4, 3, padding="same", activation=L.LeakyReLU(negative_slope=0.2), name="shared")
    x = L.Add(name="sum")([shared(x), shared(shared(x))])
    x = L.GlobalMaxPooling2D()(x)
    return keras.Model(i, L.Dense(3, activation="softmax", name="out")(x), name="nested")


def adapted():
    model = keras.Sequential([L.Input((6, 6, 2)), L.Normalization(), L.Flatten(), L.Dense(3)], name="adapted")
    model.layers[0].adapt(rng.uniform(0, 5, (50, 6, 6, 2)))
    return model


def normalized():
    """Layer and group normalization, with and without weights, of images and vectors."""
    return keras.Sequential([
        L.Input((7, 6, 3)), L.Conv2D(8, 3, activation="relu"), L.LayerNormalization(epsilon=1e-5), L.Conv2D(6, 2),
        L.GroupNormalization(3), L.Activation("gelu"), L.GroupNormalization(-1, scale=False),
        L.Conv2D(8, 2), L.GroupNormalization(1, center=False), L.LayerNormalization(axis=[-1], scale=False, center=False),
        L.Flatten(), L.LayerNormalization(center=False), L.Dense(5), L.GroupNormalization(5), L.Dense(3)], name="normalized")


def rearranged():
    """Cropping, resizing, permutation, and several inputs in one."""
    x = i = L.Input((9, 8, 3))
    x = L.Resizing(9, 8)(x)
    x = L.Cropping2D(((1, 0), (0, 2)))(x)
    x = L.Conv2D(4, 3, activation="tanh")(L.UpSampling2D(2)(x))
    y = L.UpSampling2D((1, 2), interpolation="bilinear")(L.Resizing(7, 5, name="smaller")(x))
    y = L.Conv2D(4, 1, name="mix")(y)
    z = L.Resizing(7, 10, interpolation="nearest")(x)
    z = L.Permute((2, 1, 3))(L.Permute((2, 1, 3))(z))
    x = L.Subtract()([L.Average()([y, z, L.Maximum()([y, z])]), L.Minimum()([z, y])])
    x = L.PReLU(shared_axes=[1, 2])(x)
    x = L.Flatten()(L.Permute((3, 1, 2))(x))
    x = L.PReLU()(L.Dense(6)(x))
    return keras.Model(i, L.Dense(3, activation="softmax")(x), name="rearranged")


def arithmetic():
    """Arithmetic on tensors, with numbers and without."""
    x = i = L.Input((6, 5, 2))
    x = L.Conv2D(4, 2)(x)
    y = keras.ops.relu6(x + 3) * (1 / 6)
    y = 1 - x * y / 2
    z = keras.ops.maximum(x, y) - keras.ops.sigmoid(x)
    z = 2 * z + (-y)
    x = L.GlobalAveragePooling2D()(keras.ops.silu(z))
    return keras.Model(i, L.Dense(3)(x), name="arithmetic")


def names():
    """Every activation that has a name."""
    x = i = L.Input((4, 4, 1))
    x = L.Flatten()(x)
    for name in ("relu6 selu celu softplus softsign hard_silu log_sigmoid hard_sigmoid tanh_shrink hard_tanh hard_shrink "
                 "soft_shrink squareplus mish exponential elu log_softmax").split():
        x = L.Dense(6, activation=name, name=name)(x)
        x = L.Rescaling(0.5)(x)
    return keras.Model(i, L.Dense(2)(x), name="names")


@keras.saving.register_keras_serializable("Mine")
def odd_loss(right, found):
    return keras.ops.mean(keras.ops.square(right - found))


def trained():
    """The state of an optimizer, of metrics and of random layers, and a loss that is not Keras's."""
    x = i = L.Input((6, 6, 2), name="images")
    x = L.RandomRotation(0.1, seed=3, name="turn")(x)
    x = L.BatchNormalization(name="norm")(L.Conv2D(4, 3, name="first")(x))
    x = L.Flatten()(L.Dropout(0.3, seed=4)(x))
    model = keras.Model(i, L.Dense(3, activation="softmax", name="head")(x), name="trained")
    model.compile("adam", odd_loss, metrics=["accuracy", keras.metrics.AUC()])
    model.fit(rng.uniform(0, 1, (8, 6, 6, 2)), np.eye(3)[np.arange(8) % 3], verbose=0)
    return model


def precise(policy):
    return keras.Sequential([
        L.Input((5, 5, 2)), L.Conv2D(3, 2, activation="relu", dtype=policy), L.BatchNormalization(dtype=policy), L.Flatten(),
        L.Dense(3, dtype=policy)], name=policy)


def rewrite(name, old, change=None, method=zipfile.ZIP_STORED):
    """Writes NAME.keras: OLD.keras, after change(weights), which is an HDF5 file open for writing."""
    with zipfile.ZipFile(path(old + ".keras")) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    if change:
        with open(path("inner.h5"), "wb") as file:
            file.write(members["model.weights.h5"])
        with h5py.File(path("inner.h5"), "a") as file:
            change(file)
        with open(path("inner.h5"), "rb") as file:
            members["model.weights.h5"] = file.read()
    with zipfile.ZipFile(path(name + ".keras"), "w", method) as archive:
        for member, content in members.items():
            archive.writestr(member, content)


def archives():
    """Archives that only other programs write."""
    place = "layers/dense/vars/0"

    def replace(make):
        def change(file):
            del file[place]
            make(file)
        return change

    rewrite("external", "keras", replace(
        lambda file: file.create_dataset(place, (16, 2), "float32", external=[("/etc/passwd", 0, 128)])))
    rewrite("external-link", "keras", replace(lambda file: file.__setitem__(place, h5py.ExternalLink("/etc/passwd", "/x"))))
    rewrite("soft-link", "keras", replace(lambda file: file.__setitem__(place, h5py.SoftLink("/layers/dense/vars/1"))))
    rewrite("huge", "keras", replace(
        lambda file: file.create_dataset(place, (1 << 20, 1 << 20), "float32", chunks=(1024, 1024), compression="gzip")))
    rewrite("missing", "keras", lambda file: file.__delitem__(place))
    rewrite("second", "keras", lambda file: file.attrs.__setitem__("model_config", "{}"))
    rewrite("stray", "keras", lambda file: file.__setitem__("layers/other/vars/0", np.zeros(3, "float32")))
    for name in ("nested", "trained", "keras2-nested"):
        if os.path.exists(path(name + ".keras")):
            rewrite("deflated-" + name, name, method=zipfile.ZIP_DEFLATED)
    rewrite("bzip2", "keras", method=zipfile.ZIP_BZIP2)


def data(name, images, labels, **options):
    with h5py.File(path(name), "w") as file:
        file.create_dataset("data", data=images, **options)
        file["label"] = labels


def keras2(K):
    """The same kinds of models by Keras 2, whose files differ: call numbers of nested models, names of weights, LeakyReLU's alpha."""
    L = K.layers

    def block(name, trainable=True):
        model = K.Sequential([
            L.Conv2D(4, 3, padding="same", name="conv", input_shape=(8, 8, 4)), L.BatchNormalization(name="norm"),
            L.Conv2D(4, 3, padding="same", name="conv2"), L.BatchNormalization(name="norm2")], name=name)
        model.trainable = trainable
        return model

    x = i = L.Input((10, 10, 3), name="in")
    x = L.Rescaling(0.5)(x)
    x = L.Conv2D(4, 3, activation="hard_sigmoid", name="conv")(x)
    x = block("first")(x)
    y = L.Input((8, 8, 4))
    outer = K.Model(y, L.Add()([block("second", trainable=False)(y), L.Conv2D(4, 1, name="short")(y)]), name="outer")
    x = outer(outer(x))
    shared = L.Conv2D(4, 3, padding="same", name="shared")
    x = L.Add(name="sum")([shared(x), shared(shared(x))])
    x = L.LeakyReLU(alpha=0.2)(L.RandomFlip()(x))
    x = L.GlobalMaxPooling2D()(x)
    finish("keras2-nested", K.Model(i, L.Dense(3, activation="softmax", name="out")(x), name="nested"))
    model = finish("keras2-plain", K.Sequential([
        L.DepthwiseConv2D(3, depth_multiplier=2, activation="swish", input_shape=(8, 7, 3)), L.BatchNormalization(scale=False),
        L.SeparableConv2D(6, 2, use_bias=False), L.ReLU(6.0), L.Flatten(), L.Dense(4), L.Softmax()], name="plain"))
    finish("keras2-normalized", K.Sequential([
        L.Conv2D(8, 3, input_shape=(6, 5, 2)), L.LayerNormalization(scale=False), L.GroupNormalization(4), L.Flatten(),
        L.LayerNormalization(), L.Dense(3)], name="normalized"))
    x = i = L.Input((6, 5, 2), name="in")
    x = L.Conv2D(4, 2, name="conv")(x)
    y = 1 - K.layers.ReLU(6.0)(x + 3) * (1 / 6)
    y = L.ThresholdedReLU(0.4)(L.Subtract()([y * x / 4, L.UpSampling2D(1)(x)])) - x
    x = L.GlobalAveragePooling2D()(L.PReLU(shared_axes=[1, 2])(L.Cropping2D(1)(y)))
    finish("keras2-arithmetic", K.Model(i, L.Dense(3)(x), name="arithmetic"))
    model.save_weights(path("keras2-plain-weights.h5"))
    # Nothing is called as it was, which Keras doesn't mind; and lists of names may be split.
    with h5py.File(path("keras2-plain-weights.h5"), "a") as file:
        names = list(file.attrs["layer_names"])
        for name in names:
            file.move(name, "other_" + name)
        names = ["other_" + name for name in names]
        del file.attrs["layer_names"]
        file.attrs["layer_names0"], file.attrs["layer_names1"] = names[:3], names[3:]


def kernel_name(file):
    return [name for name in file["model_weights/last"].attrs["weight_names"] if "kernel" in name][0]


def bad_sets():
    """Data sets that are refused, each for one reason."""
    images, labels = np.zeros((6, 6, 5, 3), "u1"), np.array([0, 1, 2, 3, 0, 1])
    for name, wrong in (("range", [0, 1, 4, 0, 1, 2]), ("negative", [0, -1, 2, 0, 1, 2]), ("fraction", [0, 1, 2, 0.5, 1, 2]),
                        ("count", [0, 1, 2]), ("soft", np.full((6, 4), 0.25)), ("columns", np.zeros((6, 3)))):
        data("bad-" + name + ".h5", images, np.array(wrong))
    data("bad-empty.h5", images[:0], labels[:0])
    data("bad-size.h5", images[:, :5], labels)
    data("bad-text.h5", np.full((6, 6, 5, 3), b"x"), labels)
    data("cube.h5", images[:, :3, :3, :3], labels)
    data("one-channel.h5", images[..., 0], labels)
    with h5py.File(path("bad-nolabel.h5"), "w") as file:
        file["data"] = images


def main():
    bad_sets()
    keras.utils.set_random_seed(5)
    for policy in ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16"):
        save(policy, precise(policy))
    for make in (plain, branches, nested, adapted, normalized, rearranged, arithmetic, names, trained):
        model = finish(make.__name__, make())
        model.save_weights(path(make.__name__ + ".weights.h5"))
        with open(path(make.__name__ + ".json"), "w") as file:
            file.write(model.to_json())
    try:
        import tf_keras
    except ImportError:
        pass
    else:
        keras2(tf_keras)
    # Refused ones.
    lam = keras.Sequential([L.Input((4, 4, 1)), L.Flatten(), L.Dense(2), L.Lambda(lambda x: x + 1, name="evil")])
    save("lambda", lam)
    up = keras.Sequential([L.Input((4, 4, 1)), L.UnitNormalization(name="up"), L.Flatten(), L.Dense(2)])
    save("unknown", up)

    @keras.saving.register_keras_serializable("Mine")
    class Odd(L.Layer):
        def call(self, x):
            return x

    save("custom", keras.Sequential([L.Input((4, 4, 1)), Odd(name="odd"), L.Flatten(), L.Dense(2)]))
    nan = keras.Sequential([L.Input((4, 4, 1)), L.Flatten(), L.Dense(2, name="last")])
    kernel, bias = nan.get_weights()
    kernel[3, 1] = np.nan
    nan.set_weights([kernel, bias])
    save("nan", nan)
    i = L.Input((4, 4, 1), name="in")
    save("image", keras.Model(i, L.Conv2D(2, 3, name="last")(i)))
    # A logit, as a loss with from_logits=True wants it, and the sigmoid put behind it in both ways; one unit that is no sigmoid.
    for name, end in (("logit", None), ("tanh", "tanh")):
        one = keras.Sequential([L.Input((4, 4, 1)), L.Flatten(), L.Dense(1, activation=end, name="last")])
        save(name, one)
    one = keras.models.load_model(path("logit.h5"))
    keras.Sequential([one, L.Activation("sigmoid")]).save(path("appended-nested.h5"))
    one.add(L.Activation("sigmoid"))
    one.save(path("appended.h5"))
    any_size = L.Input((None, None, 1), name="in")
    save("anysize", keras.Model(any_size, L.Dense(2)(L.GlobalMaxPooling2D()(L.Conv2D(2, 3)(any_size)))))
    good = keras.Sequential([L.Input((4, 4, 1)), L.Flatten(name="flat"), L.Dense(2, name="last")])
    good.save(path("keras.keras"))
    archives()
    for name in ("shape", "external", "huge", "missing"):
        good.save(path(name + ".h5"))
    with h5py.File(path("missing.h5"), "a") as file:
        del file["model_weights/last"][kernel_name(file)]
    with h5py.File(path("shape.h5"), "a") as file:
        group = file["model_weights/last"]
        name = kernel_name(file)
        del group[name]
        group[name] = np.zeros((15, 2), "float32")
    with h5py.File(path("external.h5"), "a") as file:
        group = file["model_weights/last"]
        name = kernel_name(file)
        del group[name]
        group.create_dataset(name, (16, 2), "float32", external=[("/etc/passwd", 0, 128)])
    with h5py.File(path("huge.h5"), "a") as file:
        group = file["model_weights/last"]
        name = kernel_name(file)
        del group[name]
        group.create_dataset(name, (1 << 20, 1 << 20), "float32", chunks=(1024, 1024), compression="gzip")

    # Data sets of small images with values 0...99, all the same but for how they are stored.
    images = rng.integers(0, 100, (40, 6, 5, 3))
    labels = rng.integers(0, 4, 40)
    first = images.transpose(0, 3, 1, 2)
    data("u1-nhwc.h5", images.astype("u1"), labels.astype("u1"))
    data("f4-nchw.h5", first.astype("<f4"), labels.astype("<f4"))
    data("f8-nchw.h5", first.astype("<f8"), labels.astype("<f8").reshape(-1, 1))
    data("f4-big-endian.h5", images.astype(">f4"), labels.astype(">i4"))
    data("f8-big-endian.h5", images.astype(">f8"), labels.astype(">f8"))
    data("i2-gzip.h5", images.astype("<i2"), np.eye(4)[labels], chunks=(7, 6, 5, 3), compression="gzip", shuffle=True)
    data("f4-chunked.h5", images.astype("<f4"), np.eye(4, dtype="u1")[labels], chunks=(9, 3, 5, 2))
    data("i8-big-endian.h5", first.astype(">i8"), labels)
    data("f2.h5", images.astype("<f2"), labels)
    with h5py.File(path("plain-list.h5"), "w") as file:
        file["images"], file["classes"] = images.astype("u1"), labels


main()
