"""Makes files that two readers could take for two networks, and asks Keras 2 and Keras 3: views.py FOLDER SEED COUNT.

Writes the files into FOLDER and views.json beside them: for every case its file, an architecture if the file holds weights alone, the
images, what each Keras predicts for them (null where it refuses the file), and what is expected of us: "honest" files must be read, to
the scores of the Keras that wrote them ("by"); others must be read to the scores of every Keras that reads them, or be refused, by the
rule that is named, if one is. COUNT networks of either Keras are made at random from SEED.
"""
import json
import os
import shutil
import signal
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import h5py
import keras
import numpy as np
import tensorflow as tf
import tf_keras

out, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = np.random.default_rng(seed)
tf.config.run_functions_eagerly(True)
cases = []
SHAPE = (8, 8, 2)
STRING = h5py.string_dtype()


def path(name):
    return os.path.join(out, name)


# The tests' runner may hand its blocked signals down.
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGVTALRM])


def late(*_):
    raise TimeoutError("Keras does not come to an end")


def predict(K, case, images):
    """What a Keras sees; null if it does not take the file."""
    # Some files send it round for ever. The limit is on its own time, so that other processes do not count.
    signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, 6)
    try:
        if case["architecture"]:
            with open(path(case["architecture"])) as file:
                model = K.models.model_from_json(file.read())
            model.load_weights(path(case["file"]))
        else:
            model = K.models.load_model(path(case["file"]), compile=False)
        result = model.predict_on_batch(images)
        while isinstance(result, (dict, list)):
            result = list(result.values() if isinstance(result, dict) else result)[0]
        scores = np.asarray(result, "float64")
        return scores.tolist() if np.isfinite(scores).all() else None
    except Exception as error:
        case["reasons"].append(f"{K.__name__}: {type(error).__name__}: {error}"[:300])
        return None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def case(name, file, by=None, rule="", architecture="", shape=SHAPE, tolerance=1e-4, low=0.0):
    images = rng.uniform(low, low + 1, (4,) + shape).astype("float32")
    entry = {
        "name": name, "file": file, "by": by, "rule": rule, "architecture": architecture, "tolerance": tolerance, "reasons": [],
        "shape": shape, "images": [float(x) for x in images.ravel()]}
    entry["keras2"], entry["keras3"] = predict(tf_keras, entry, images), predict(keras, entry, images)
    cases.append(entry)


def randomized(model):
    """Gives every weight a random value."""
    for weight in model.weights:
        role = getattr(weight, "path", weight.name)
        low = 0.5 if "variance" in role or "gamma" in role else -0.4
        if "count" not in role and "seed" not in role and "State" not in role:
            weight.assign(rng.uniform(low, low + 0.8, weight.shape))
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
    return model


# Layers of augmentation and noise, with arguments that would show.
IDLE = {
    "Dropout": {"rate": 0.5}, "SpatialDropout2D": {"rate": 0.5}, "GaussianDropout": {"rate": 0.5}, "AlphaDropout": {"rate": 0.5},
    "GaussianNoise": {"stddev": 1.0}, "ActivityRegularization": {}, "Identity": {}, "RandomFlip": {}, "RandomRotation": {"factor": 0.5},
    "RandomTranslation": {"height_factor": 0.5, "width_factor": 0.5}, "RandomZoom": {"height_factor": 0.5}, "RandomContrast": {"factor": 0.5},
    "RandomBrightness": {"factor": 0.5}, "RandomHue": {"factor": 0.5}, "RandomSaturation": {"factor": 0.5}, "RandomSharpness": {"factor": 0.5},
    "RandomColorJitter": {"brightness_factor": 0.5}, "RandomColorDegeneration": {"factor": 0.5}, "RandomGrayscale": {"factor": 1.0},
    "RandomInvert": {"factor": 1.0}, "RandomPosterization": {"factor": 2}, "RandomGaussianBlur": {"factor": 1.0}, "RandomErasing": {"factor": 1.0},
    "RandomShear": {"x_factor": 0.5}, "RandomPerspective": {"factor": 1.0}, "RandomElasticTransform": {"factor": 1.0}, "CutMix": {}, "MixUp": {},
    "RandAugment": {}, "AugMix": {}}


def rename(layer, name):
    layer._name = name
    if not hasattr(layer, "_self_tracked_trackables"):
        layer.name = name


def honest(K, by, name, model, **options):
    randomized(model).save(path(name + ".h5"))
    case(name, name + ".h5", by=by, **options)
    return model


def mutated(source, name, change, rule="", **options):
    """A copy of a file with something changed."""
    copy = f"{len(cases)}.h5"
    shutil.copy(path(source), path(copy))
    with h5py.File(path(copy), "a") as file:
        change(file)
    case(name, copy, rule=rule, **options)


def reconfigured(source, name, change, rule="", **options):
    """A copy of a model with something changed in its configuration; `change` gets it and the layers by name."""
    def apply(file):
        config = json.loads(file.attrs["model_config"])
        layers = {}

        def collect(of):
            for layer in of["config"]["layers"]:
                layers[layer["config"]["name"]] = layer
                if "layers" in layer["config"]:
                    collect(layer)
        collect(config)
        change(config, layers)
        file.attrs["model_config"] = json.dumps(config)
    mutated(source, name, apply, rule, **options)


def head(K, x, classes=3, pooling=False):
    x = K.layers.GlobalAveragePooling2D(name="pool")(x) if pooling else K.layers.Flatten(name="pool")(x)
    return K.layers.Dense(classes, name="head")(x)


def plain(K, pooling=False):
    """Layers of equal shapes, so that what is exchanged shows in the numbers alone."""
    L = K.layers
    x = i = K.Input(SHAPE, name="in")
    x = L.Conv2D(2, 3, padding="same", name="a")(x)
    x = L.Conv2D(2, 3, padding="same", name="b")(x)
    x = L.BatchNormalization(name="bn")(x)
    x = L.LeakyReLU(name="leaky")(x)
    x = L.Conv2D(2, 3, padding="same", activation="relu", name="c")(x)
    return K.Model(i, head(K, x, pooling=pooling), name="plain")


def inner(K, name, prefix="", frozen=()):
    L = K.layers
    x = i = K.Input(SHAPE, name=prefix + "in")
    for part in ("a", "b"):
        x = L.Conv2D(2, 3, padding="same", name=prefix + part)(x)
        x = L.BatchNormalization(name=prefix + part + "_bn")(x)
    model = K.Model(i, x, name=name)
    for layer in model.layers:
        if layer.name in frozen:
            layer.trainable = False
    return model


def around(K, *models, name="outer"):
    x = i = K.Input(SHAPE, name="outer_in")
    for model in models:
        x = model(x)
    return K.Model(i, head(K, x), name=name)


def network(K, depth=0):
    """A network at random: branches, layers and models used again, nested models, frozen layers."""
    L = K.layers
    number = iter(range(1000))

    def called(kind):
        # Names whose order says nothing about that of the layers.
        return f"{kind}_{rng.integers(10**6)}_{next(number)}"

    i = K.Input(SHAPE, name=called("in"))
    values, used = [i], []
    for _ in range(rng.integers(3, 9 if depth == 0 else 5)):
        kinds = ["conv", "depthwise", "separable", "bn", "act", "add", "again", "drop", "model", "sequential"]
        # Keras 3 forgets the state of nested ones when it reads them; see `normalized-nested`.
        kind = rng.choice(kinds + (["norm"] if K is tf_keras or depth == 0 else []))
        x = values[rng.integers(max(0, len(values) - 3), len(values))]
        if kind == "conv":
            layer = L.Conv2D(2, int(rng.integers(1, 4)), padding="same", use_bias=bool(rng.integers(2)), name=called(kind))
        elif kind == "depthwise":
            layer = L.DepthwiseConv2D(3, padding="same", name=called(kind))
        elif kind == "separable":
            layer = L.SeparableConv2D(2, 3, padding="same", name=called(kind))
        elif kind == "bn":
            layer = L.BatchNormalization(scale=bool(rng.integers(2)), center=bool(rng.integers(2)), name=called(kind))
        elif kind == "norm":
            layer = L.Normalization(name=called(kind))
        elif kind == "act":
            layer = L.Activation(str(rng.choice(["relu", "elu", "tanh", "sigmoid"])), name=called(kind))
        elif kind == "drop":
            layer = L.Dropout(0.3, name=called(kind))
        elif kind == "add":
            layer = L.Add(name=called(kind))
            values.append(layer([x, values[rng.integers(len(values))]]))
            continue
        elif kind == "again" and used:
            layer = used[rng.integers(len(used))]
        elif kind == "model" and depth < 2:
            layer = network(K, depth + 1)
        elif kind == "sequential" and depth < 2:
            layer = K.Sequential(
                [L.InputLayer(SHAPE) if K is keras else L.InputLayer(input_shape=SHAPE), L.Conv2D(2, 3, padding="same", name=called("conv")),
                 L.BatchNormalization(name=called("bn"))], name=called(kind))
        else:
            continue
        if rng.integers(4) == 0:
            layer.trainable = False
        used.append(layer)
        values.append(layer(x))
    x = values[-1] if len(values) < 3 or rng.integers(2) else L.Add(name=called("sum"))(values[-3:])
    return K.Model(i, x if depth else head(K, x), name=called("network"))


def honest_cases(K, v):
    L = K.layers
    honest(K, v, f"plain-{v}", plain(K))
    honest(K, v, f"pooled-{v}", plain(K, pooling=True))
    honest(K, v, f"nested-{v}", around(K, inner(K, "one", "one_"), inner(K, "two", "two_")))
    once = inner(K, "one")
    honest(K, v, f"nested-twice-{v}", around(K, once, once))
    honest(K, v, f"nested-frozen-layers-{v}", around(K, inner(K, "one", "one_", ("one_a", "one_b_bn")), inner(K, "two", "two_", ("two_b",))))
    whole = inner(K, "one")
    whole.trainable = False
    honest(K, v, f"nested-frozen-{v}", around(K, whole))
    whole = inner(K, "one")
    whole.trainable = False
    whole.layers[1].trainable = True
    honest(K, v, f"nested-thawed-{v}", around(K, whole))
    deep = around(K, inner(K, "one", "one_", ("one_a",)), inner(K, "two", "two_"), name="deep")
    x = i = K.Input(SHAPE)
    honest(K, v, f"nested-deep-{v}", K.Model(i, L.Dense(4)(deep(x))))
    honest(K, v, f"nested-output-{v}", K.Sequential([K.Input(SHAPE), L.Conv2D(2, 3, padding="same"), around(K, inner(K, "one"))]))
    late_built = K.Sequential([L.Conv2D(2, 3, padding="same", name="s"), L.BatchNormalization(name="s_bn")], name="late")
    honest(K, v, f"sequential-late-{v}", around(K, late_built, late_built))
    shared = L.Conv2D(2, 3, padding="same", name="shared")
    i1, i2 = K.Input(SHAPE), K.Input(SHAPE)
    honest(K, v, f"shared-{v}", around(
        K, K.Model(i1, L.BatchNormalization()(shared(i1)), name="one"), K.Model(i2, shared(L.Activation("tanh")(i2)), name="two")))
    # Renamed: the weights keep the names that they were made with.
    turned = inner(K, "one")
    for layer, name in zip(turned.layers[1:], ("b", "b_bn", "a", "a_bn")):
        rename(layer, name)
    honest(K, v, f"renamed-nested-{v}", around(K, turned))
    model = plain(K)
    for layer, name in zip(model.layers[1:3], ("b", "a")):
        rename(layer, name)
    honest(K, v, f"renamed-{v}", model)
    x = i = K.Input(SHAPE, name="image")
    part = K.Model({"image": i}, {"out": L.Conv2D(2, 3, name="a")(x)}, name="part")
    j = K.Input(SHAPE, name="picture")
    honest(K, v, f"named-{v}", K.Model({"picture": j}, {"scores": head(K, part({"image": j})["out"])}))
    x = i = K.Input(SHAPE)
    honest(K, v, f"named-list-{v}", K.Model([i], [head(K, x)]))
    x = i = K.Input(SHAPE)
    x = L.Dropout(0.5)(L.RandomRotation(0.2)(L.RandomFlip()(x)))
    honest(K, v, f"augmented-{v}", K.Model(i, head(K, L.Conv2D(2, 3)(x))))
    aug = K.Sequential([K.Input(SHAPE), L.RandomFlip(), L.RandomZoom(0.1)], name="aug")
    x = i = K.Input(SHAPE)
    honest(K, v, f"augmented-nested-{v}", K.Model(i, head(K, L.Conv2D(2, 3)(aug(x)))))
    honest(K, v, f"normalized-{v}", K.Sequential([K.Input(SHAPE), L.Normalization(), L.Conv2D(2, 3), L.Flatten(), L.Dense(3)]))
    x = i = K.Input(SHAPE)
    model = randomized(K.Model(i, head(K, K.Sequential([K.Input(SHAPE), L.Normalization()], name="part")(x))))
    model.save(path(f"normalized-nested-{v}.h5"))
    case(f"normalized-nested-{v}", f"normalized-nested-{v}.h5", by=2 if v == 2 else None, rule="" if v == 2 else "keras-unsupported")
    honest(K, v, f"hard-sigmoid-{v}", K.Sequential([K.Input(SHAPE), L.Flatten(), L.Dense(3, activation="hard_sigmoid")]))
    x = i = K.Input(SHAPE, name="größe")
    if v == 3:  # Keras 2 wants ASCII.
        honest(K, v, f"unicode-{v}", K.Model(i, head(K, L.Conv2D(2, 3, name="café")(L.Conv2D(2, 3, name="手")(x)))))
    # So many names that they take several attributes.
    x = i = K.Input(SHAPE)
    for index in range(90):
        x = L.Conv2D(2, 1, name=f"{index * 7919 % 97:02d}" + "_long" * 200)(x)
    honest(K, v, f"split-names-{v}", K.Model(i, head(K, x)))
    for policy in ("mixed_float16", "mixed_bfloat16", "float16", "float64"):
        K.mixed_precision.set_global_policy(policy)
        honest(K, v, f"{policy}-{v}", K.Sequential(
            [K.Input(SHAPE), L.Conv2D(2, 3, name="a"), L.BatchNormalization(), L.Flatten(), L.Dense(3)]), tolerance=0.05)
        K.mixed_precision.set_global_policy("float32")
    # What is for training alone leaves images as they are.
    for name, values in IDLE.items():
        if hasattr(L, name):
            try:
                layer = getattr(L, name)(**values)
                randomized(K.Sequential([K.Input((8, 8, 3)), layer, L.Flatten(), L.Dense(3)])).save(path(f"idle-{name}-{v}.h5"))
            except (TypeError, ValueError):
                continue  # The version lacks an argument, or cannot save the layer as .h5.
            case(f"idle-{name}-{v}", f"idle-{name}-{v}.h5", by=v, shape=(8, 8, 3))
            if cases[-1][f"keras{v}"] is None:
                cases[-1]["by"] = None  # Some that it saves it does not read.
    for kind, file, make in (
            ("plain", "weights.h5", plain), ("nested", "weights.h5", lambda K: around(K, inner(K, "one", "one_", ("one_a",)), inner(K, "two", "two_")))):
        model = randomized(make(K))
        with open(path(f"{kind}-{v}.json"), "w") as text:
            text.write(model.to_json())
        model.save_weights(path(f"{kind}-{v}.{file}"))
        case(f"weights-{kind}-{v}", f"{kind}-{v}.{file}", by=v, architecture=f"{kind}-{v}.json")
        if kind == "plain":
            case(f"weights-whole-{kind}-{v}", f"{kind}-{v}.h5", by=v, architecture=f"{kind}-{v}.json")
    if v == 2:
        model.save_weights(path("nested-2-old.h5"))
        case("weights-old", "nested-2-old.h5", by=2, architecture="nested-2.json")
        # A layer that the output does not depend on, as a loss may need it.
        x = i = K.Input(SHAPE)
        y = L.Conv2D(2, 3, name="a")(x)
        z = L.Conv2D(2, 3, name="aside")(y)
        model = K.Model(i, head(K, L.Conv2D(2, 3, name="b")(y)))
        model.add_loss(tf.reduce_mean(z))
    for index in range(count):
        honest(K, v, f"random-{v}-{index}", network(K), tolerance=1e-3)


def names_of(file, group, attribute):
    return [n.decode() if isinstance(n, bytes) else n for n in file[group].attrs[attribute]]


def hostile_files(v):
    """Lists, groups and data sets that contradict each other."""
    source = f"plain-{v}.h5"
    nested = f"nested-{v}.h5"

    def order(group, attribute, *new):
        def change(file):
            names = names_of(file, group, attribute)
            file[group].attrs[attribute] = [names[i] for i in new]
        return change

    def write(group, attribute, value):
        def change(file):
            file[group].attrs[attribute] = value
        return change
    end = "" if v == 3 else ":0"
    a = "model_weights/a"
    mutated(source, f"layers-swapped-{v}", order("model_weights", "layer_names", 0, 2, 1, 3, 4, 5, 6, 7), "keras-ambiguous")
    mutated(source, f"layers-twice-{v}", order("model_weights", "layer_names", 0, 1, 1, 3, 4, 5, 6, 7), "keras-ambiguous")
    mutated(source, f"layers-short-{v}", order("model_weights", "layer_names", 0, 1, 3, 4, 5, 6, 7), "keras-config")
    mutated(source, f"layers-long-{v}", order("model_weights", "layer_names", 0, 1, 2, 2, 3, 4, 5, 6, 7), "keras-config")
    mutated(source, f"layers-idle-moved-{v}", order("model_weights", "layer_names", 4, 1, 2, 3, 0, 5, 6, 7))
    mutated(source, f"weights-swapped-{v}", order("model_weights/bn", "weight_names", 1, 0, 2, 3), "keras-ambiguous")
    mutated(source, f"weights-statistics-{v}", order("model_weights/bn", "weight_names", 3, 1, 2, 0), "keras-ambiguous")
    mutated(source, f"weights-twice-{v}", order("model_weights/bn", "weight_names", 0, 1, 2, 2), "keras-ambiguous")
    mutated(source, f"weights-short-{v}", order("model_weights/bn", "weight_names", 0, 1, 2), "keras-config")
    weights = len(names_of(h5py.File(path(nested)), "model_weights/one", "weight_names"))
    turned = [2, 3, 4, 5, 0, 1] if weights == 6 else [4, 5, 6, 7, 0, 1, 2, 3, 10, 11, 8, 9]
    mutated(nested, f"nested-weights-turned-{v}", order("model_weights/one", "weight_names", *turned))
    mutated(nested, f"nested-weights-swapped-{v}", order("model_weights/one", "weight_names", 0, 1, 3, 2, *range(4, weights)), "keras-ambiguous")
    mutated(nested, f"nested-layers-swapped-{v}", order("model_weights", "layer_names", 0, 2, 1, 3, 4), "keras-ambiguous")

    def foreign(file):
        file["evil/kernel"] = np.ones((3, 3, 2, 2), "float32")
        names = names_of(file, a, "weight_names")
        file[a].attrs["weight_names"] = ["/evil/kernel", names[1]]
    mutated(source, f"weight-elsewhere-{v}", foreign, "keras-ambiguous")

    def group(file):
        file.copy(a, file, "a")
        file[f"a/a/kernel{end}"][...] *= 2
        file["model_weights"].attrs["layer_names"] = ["/a" if n == "a" else n for n in names_of(file, "model_weights", "layer_names")]
    mutated(source, f"layer-elsewhere-{v}", group, "keras-ambiguous")

    def dotted(file):
        file["model_weights"].attrs["layer_names"] = ["./a" if n == "a" else n for n in names_of(file, "model_weights", "layer_names")]
    mutated(source, f"layer-dotted-{v}", dotted, "keras-ambiguous")

    def stray(file):
        file[f"{a}/a/kernel_1{end}"] = np.zeros((3, 3, 2, 2), "float32")
        file["model_weights/stray/kernel"] = np.zeros(3)
    mutated(source, f"extra-weights-{v}", stray)

    def gone(file):
        del file[f"{a}/a/kernel{end}"]
    mutated(source, f"missing-weight-{v}", gone, "keras-config")

    def transposed(file):
        kernel = file[f"{a}/a/kernel{end}"][...].transpose(3, 2, 0, 1)
        del file[f"{a}/a/kernel{end}"]
        file[f"{a}/a/kernel{end}"] = kernel
    mutated(source, f"transposed-{v}", transposed, "keras-config")
    for kind, names in (("bytes", lambda n: np.array([x.encode() for x in n], "S40")), ("text", lambda n: np.array(n, STRING))):
        def types(file):
            file["model_weights"].attrs["layer_names"] = names(names_of(file, "model_weights", "layer_names"))
            for layer in file["model_weights"]:
                listed = names_of(file, f"model_weights/{layer}", "weight_names")
                if listed:
                    file[f"model_weights/{layer}"].attrs["weight_names"] = names(listed)
        mutated(source, f"names-as-{kind}-{v}", types, by=v)

    def parts(file):
        names = names_of(file, "model_weights", "layer_names")
        del file["model_weights"].attrs["layer_names"]
        file["model_weights"].attrs["layer_names0"] = names[:3]
        file["model_weights"].attrs["layer_names1"] = names[3:]
    mutated(source, f"names-split-{v}", parts, by=v)

    def both(file):
        names = names_of(file, "model_weights", "layer_names")
        file["model_weights"].attrs["layer_names0"] = [names[0], names[2], names[1]] + names[3:]
    mutated(source, f"names-and-split-{v}", both, by=v)

    def empty(file):
        names = names_of(file, "model_weights", "layer_names")
        file["model_weights"].attrs["layer_names"] = np.zeros(0, "S1")
        file["model_weights"].attrs["layer_names0"] = names
    mutated(source, f"names-empty-and-split-{v}", empty, "keras-config")

    def numbers(file):
        names = names_of(file, "model_weights", "layer_names")
        file["model_weights"].attrs["layer_names"] = [1, 2, 3]
        file["model_weights"].attrs["layer_names0"] = names
    mutated(source, f"names-numbers-{v}", numbers, "keras-config")
    mutated(source, f"config-twice-{v}", lambda file: file.attrs.__setitem__(
        "model_config0", json.dumps(json.loads(file.attrs["model_config"])).replace('"relu"', '"tanh"')), by=v)
    mutated(source, f"top-level-weights-{v}", lambda file: (
        write("model_weights/top_level_model_weights", "weight_names", ["x"])(file),
        file.create_dataset("model_weights/top_level_model_weights/x", data=np.zeros(3))))
    mutated(source, f"version-missing-{v}", lambda file: (file.attrs.__delitem__("keras_version"), file["model_weights"].attrs.__delitem__("keras_version")), by=v)
    for said in ("1.2.0", "2.1.0", "3.0.0"):
        mutated(f"nested-thawed-{v}.h5", f"version-{said}-{v}", lambda file: (
            write("/", "keras_version", said)(file), write("model_weights", "keras_version", said)(file)), by=v)
        mutated(f"hard-sigmoid-{v}.h5", f"version-{said}-hard-sigmoid-{v}", lambda file: write("/", "keras_version", said)(file),
                "" if (said[0] == "3") == (v == 3) else "keras-ambiguous", by=v if (said[0] == "3") == (v == 3) else None)

    def twins(file):
        file["model_weights"].move("a", "caf\u00e9")
        file["model_weights"].copy("b", "cafe\u0301")
        file["model_weights"].attrs["layer_names"] = ["caf\u00e9" if n == "a" else n for n in names_of(file, "model_weights", "layer_names")]
        file.attrs["model_config"] = file.attrs["model_config"].decode().replace('"a"', '"caf\\u00e9"') if isinstance(
            file.attrs["model_config"], bytes) else file.attrs["model_config"].replace('"a"', '"caf\\u00e9"')
    mutated(source, f"names-as-twins-{v}", twins, "h5-damaged")

    def cut(file):
        names = names_of(file, "model_weights", "layer_names")
        file["model_weights"].attrs["layer_names"] = np.array([(n + ("\0x" if n == "a" else "")).encode() for n in names], "S60")
    mutated(source, f"names-with-zero-{v}", cut)

    def precise(dtype):
        def change(file):
            kernel = file[f"{a}/a/kernel{end}"][...]
            del file[f"{a}/a/kernel{end}"]
            file[f"{a}/a/kernel{end}"] = (kernel * 50).astype(dtype)
        return change
    for dtype in ("int8", "uint16", "int64", "float16", "float64", ">f4", "bool"):
        mutated(source, f"kernel-{dtype.strip('>')}-{v}", precise(dtype))

    # Weights alone.
    json_file = f"plain-{v}.json"

    def roots(file):
        for attribute in ("layer_names",):
            file.attrs[attribute] = file["model_weights"].attrs[attribute]
        for name in list(file["model_weights"]):
            file.copy(f"model_weights/{name}", file, name)
        file[f"a/a/kernel{end}"][...] *= -1
    mutated(source, f"weights-roots-{v}", roots, "keras-ambiguous", architecture=json_file)
    mutated(source, f"weights-layers-swapped-{v}", order("model_weights", "layer_names", 0, 2, 1, 3, 4, 5, 6, 7), "keras-ambiguous", architecture=json_file)

    def renamed(file):
        names = names_of(file, "model_weights", "layer_names")
        # As names given automatically may be: b's is the name of another layer here.
        new = {"a": "b", "b": "c", "c": "d"}
        for old in ("c", "b", "a"):
            file["model_weights"].move(old, new[old])
        file["model_weights"].attrs["layer_names"] = [new.get(n, n) for n in names]
    mutated(source, f"weights-names-shifted-{v}", renamed, by=v, architecture=json_file)

    def formats(file):
        old = h5py.File(path(f"plain-{v}.h5"))
        for name, value in old["model_weights"].attrs.items():
            file.attrs[name] = value
        for name in old["model_weights"]:
            old.copy(f"model_weights/{name}", file, name)
    shutil.copy(path(f"plain-{v}.weights.h5"), path(f"formats-{v}.weights.h5"))
    with h5py.File(path(f"formats-{v}.weights.h5"), "a") as file:
        formats(file)
    case(f"weights-formats-{v}", f"formats-{v}.weights.h5", rule="keras-ambiguous", architecture=json_file)

    # The newer format goes by class and number.
    shutil.copy(path(f"plain-{v}.weights.h5"), path(f"variables-swapped-{v}.weights.h5"))
    with h5py.File(path(f"variables-swapped-{v}.weights.h5"), "a") as file:
        for old, new in (("conv2d", "x"), ("conv2d_1", "conv2d"), ("x", "conv2d_1")):
            file["layers"].move(old, new)
        named = "name" in file["layers/conv2d/vars"].attrs
    case(f"weights-variables-swapped-{v}", f"variables-swapped-{v}.weights.h5", rule="keras-ambiguous" if named else "", architecture=json_file)


def hostile_configurations(v):
    source = f"plain-{v}.h5"
    nested = f"nested-{v}.h5"

    def within(layer, **values):
        return lambda config, layers: layers[layer]["config"].update(values)

    def without(layer, *keys):
        return lambda config, layers: [layers[layer]["config"].pop(key, None) for key in keys]
    reconfigured(source, f"defaults-bn-{v}", without("bn", "epsilon", "axis", "momentum", "center", "scale", "trainable"))
    reconfigured(source, f"defaults-conv-{v}", without("a", "use_bias", "strides", "dilation_rate", "groups", "data_format", "activation", "trainable"))
    reconfigured(source, f"defaults-leaky-{v}", without("leaky", "alpha", "negative_slope"))
    for key, value, rule in (
            ("axis", [3, 1], "keras-unsupported"), ("axis", 1.5, "keras-unsupported"), ("axis", [1], "keras-config"), ("axis", "3", "keras-unsupported"),
            ("axis", None, ""), ("axis", 3, ""), ("axis", [-1], ""), ("scale", None, "keras-config"), ("scale", 0, "keras-config"),
            ("center", "no", "keras-config"), ("epsilon", None, "keras-config"), ("epsilon", "0.5", "keras-config"), ("epsilon", 0.5, ""),
            ("momentum", 7, ""), ("trainable", None, "keras-config"), ("trainable", 0, "keras-config"), ("trainable", False, ""), ("renorm", True, "keras-unsupported"),
            ("virtual_batch_size", 2, "keras-unsupported"), ("synchronized", False, "")):
        reconfigured(source, f"bn-{key}-{json.dumps(value)}-{v}", within("bn", **{key: value}), rule)
    for key, value, rule in (
            ("use_bias", None, "keras-config"), ("use_bias", 0, "keras-config"), ("use_bias", "False", "keras-config"), ("use_bias", False, "keras-config"),
            ("data_format", None, ""), ("data_format", "channels_first", "keras-config"), ("data_format", "CHANNELS_FIRST", "keras-config"),
            ("padding", "SAME", ""), ("padding", None, "keras-config"), ("padding", "causal", "keras-config"), ("groups", None, "keras-config"), ("groups", 2, "keras-config"),
            ("strides", None, ""), ("strides", [1], ""), ("strides", 2, ""), ("strides", {"class_name": "__tuple__", "items": [2, 2]}, ""),
            ("dilation_rate", 2, ""), ("dilation_rate", "2", "keras-config"), ("filters", 2.0, ""), ("kernel_size", 3, ""), ("kernel_size", [3.0, 3.0], ""),
            ("activation", None, ""), ("activation", "ReLU", ""), ("activation", {"class_name": "ReLU", "config": {"max_value": 0.1}}, ""),
            ("activation", {"class_name": "LeakyReLU", "config": {"alpha": 0.9}}, ""), ("activation", "softmax", ""), ("activation", "leaky_relu", ""),
            ("activation", "swish", ""), ("activation", "gelu", ""),
            ("activation", {"module": "builtins", "class_name": "function", "config": "tanh", "registered_name": "relu"}, ""),
            ("lora_rank", 2, "keras-unsupported"), ("kernel_constraint", {"class_name": "NonNeg", "config": {}}, ""), ("batch_input_shape", [None, 9, 9, 2], ""),
            ("dtype", "int8", "keras-unsupported"), ("dtype", "int8_from_float32", "keras-unsupported"), ("dtype", "float8_from_float32", "keras-unsupported"), ("dtype", 7, "keras-config")):
        reconfigured(source, f"conv-{key}-{json.dumps(value)}-{v}".replace(" ", ""), within("a", **{key: value}), rule)
    reconfigured(source, f"leaky-both-{v}", within("leaky", alpha=0.9, negative_slope=0.1), "keras-ambiguous")
    reconfigured(source, f"leaky-other-{v}", lambda c, l: (without("leaky", "alpha", "negative_slope")(c, l), within("leaky", **{"alpha" if v == 3 else "negative_slope": 0.8})(c, l)))
    for key, value, rule in (
            ("batch_shape" if v == 2 else "batch_input_shape", [None, 4, 4, 2], "keras-ambiguous"), ("dtype", "int32", "keras-unsupported"), ("dtype", "uint8", "keras-unsupported"),
            ("dtype", "bool", "keras-unsupported"), ("dtype", "float16", ""), ("dtype", "float64", ""), ("sparse", True, ""), ("ragged", True, "")):
        reconfigured(source, f"input-{key}-{json.dumps(value)}-{v}".replace(" ", ""), within("in", **{key: value}), rule, tolerance=0.02 if "float" in str(value) else 1e-4)
    key = "batch_shape" if v == 3 else "batch_input_shape"
    reconfigured(f"pooled-{v}.h5", f"input-size-{v}", within("in", **{key: [None, 4, 4, 2]}), shape=(4, 4, 2))
    reconfigured(f"nested-output-{v}.h5", f"build-shape-{v}", lambda c, l: c["config"].update(build_input_shape=[None, 4, 4, 2]))
    reconfigured(source, f"input-both-{v}", within("in", batch_shape=[None, 8, 8, 2], batch_input_shape=[None, 8, 8, 2]))
    reconfigured(source, f"name-outside-{v}", lambda c, l: (l["a"].update(name="b"), l["b"].update(name="a")), "keras-ambiguous")
    reconfigured(source, f"name-twice-{v}", lambda c, l: (l["b"]["config"].update(name="a")), "keras-ambiguous")

    def listed(c, layers):
        c["config"]["layers"].reverse()
    reconfigured(source, f"layers-listed-backwards-{v}", listed)
    reconfigured(source, f"class-twice-{v}", lambda c, l: l["leaky"].update(
        class_name="ReLU", module="keras.layers", registered_name="LeakyReLU", config={"name": "leaky"}))
    if v == 3:
        reconfigured(source, f"training-{v}", lambda c, l: l["bn"]["inbound_nodes"][0]["kwargs"].update(training=True))
        reconfigured(source, f"training-number-{v}", lambda c, l: l["bn"]["inbound_nodes"][0]["kwargs"].update(training=1), "keras-unsupported")
        reconfigured(source, f"mask-{v}", lambda c, l: l["bn"]["inbound_nodes"][0]["kwargs"].update(mask=l["a"]["inbound_nodes"][0]["args"][0]), "keras-unsupported")
        reconfigured(source, f"argument-{v}", lambda c, l: l["bn"]["inbound_nodes"][0]["args"].append(True), "keras-unsupported")
        for name, module in (("Multiply", "keras.src.ops.numpy"), ("Add", "keras.ops"), ("Softmax", "keras.src.ops.nn"), ("ReLU", "keras.layers")):
            reconfigured(source, f"module-{name}-{v}", lambda c, l: l["leaky"].update(
                class_name=name, module=module, registered_name=None, config={"name": "leaky"}), "" if name == "ReLU" else "keras-unsupported")
    else:
        reconfigured(source, f"training-{v}", lambda c, l: l["bn"]["inbound_nodes"][0][0][3].update(training=True), "keras-unsupported")
        reconfigured(nested, f"training-nested-{v}", lambda c, l: l["one"]["inbound_nodes"][0][0][3].update(training=True), "keras-unsupported")
        reconfigured(source, f"training-number-{v}", lambda c, l: l["bn"]["inbound_nodes"][0][0][3].update(training=1), "keras-unsupported")
        reconfigured(source, f"training-keras3-{v}", lambda c, l: (
            l["bn"]["inbound_nodes"][0][0][3].update(training=True), c.update(keras_version="3.0.0")), "keras-unsupported")
        reconfigured(source, f"mask-{v}", lambda c, l: l["bn"]["inbound_nodes"][0][0][3].update(mask=["a", 0, 0]), "keras-unsupported")
        reconfigured(nested, f"calls-{v}", lambda c, l: l["one"]["inbound_nodes"].append([["two", 1, 0, {}]]), "keras-ambiguous")
        reconfigured(nested, f"calls-zero-{v}", lambda c, l: l["two"]["inbound_nodes"][0][0].__setitem__(1, 0), "keras-ambiguous")
        reconfigured(source, f"shared-ids-{v}", lambda c, l: (l["a"].update(shared_object_id=4), l["b"].update(shared_object_id=4)), "keras-ambiguous")

        def activations(c, l):
            l["a"]["config"]["activation"] = {"class_name": "ReLU", "config": {"max_value": 0.1}, "shared_object_id": 9}
            l["b"]["config"]["activation"] = {"class_name": "ReLU", "config": {"threshold": 0.3}, "shared_object_id": 9}
        reconfigured(source, f"shared-activations-{v}", activations, "keras-ambiguous")
        mutated(f"shared-{v}.h5", f"shared-apart-{v}", lambda file: [
            file[f"model_weights/one/{n}"].__setitem__(Ellipsis, -file[f"model_weights/one/{n}"][...]) for n in names_of(file, "model_weights/one", "weight_names") if "shared" in n])
    if v == 3:
        reconfigured(f"nested-output-{v}.h5", f"calls-output-{v}", lambda c, l: l["outer"]["config"]["output_layers"].__setitem__(1, 3))
        reconfigured(nested, f"calls-{v}", lambda c, l: l["one"]["inbound_nodes"].append(l["pool"]["inbound_nodes"][0]))
    for name in ("one", "two"):
        reconfigured(nested, f"nested-flag-{name}-{v}", lambda c, l: l[name]["config"].update(trainable=False), "" if v == 2 else "keras-ambiguous")
    reconfigured(nested, f"nested-names-{v}", lambda c, l: [
        l["two_" + n]["config"].update(name="one_" + n) or l["two_" + n].update(name="one_" + n) for n in ("a",)] and None, "keras-config")
    reconfigured(source, f"input-inside-{v}", lambda c, l: c["config"].update(
        input_layers=["a", 0, 0] if v == 3 else [["a", 0, 0]]) or within("a", batch_input_shape=[None, 8, 8, 2])(c, l), "keras-config")

    def unreachable(file):
        config = json.loads(file.attrs["model_config"])
        layer = json.loads(json.dumps(config["config"]["layers"][1]))
        layer["name"] = layer["config"]["name"] = "aside"
        config["config"]["layers"].insert(1, layer)
        file.attrs["model_config"] = json.dumps(config)
        file.copy("model_weights/b", file["model_weights"], "aside")
        file["model_weights"].attrs["layer_names"] = ["aside"] + names_of(file, "model_weights", "layer_names")
    mutated(source, f"unreachable-first-{v}", unreachable, "keras-ambiguous")

    def unreachable_last(file):
        unreachable(file)
        names = names_of(file, "model_weights", "layer_names")
        file["model_weights"].attrs["layer_names"] = names[1:] + names[:1]
    mutated(source, f"unreachable-last-{v}", unreachable_last)


for K, v in ((tf_keras, 2), (keras, 3)):
    honest_cases(K, v)
for v in (2, 3):
    hostile_files(v)
    hostile_configurations(v)
with open(path("views.json"), "w") as file:
    json.dump(cases, file)
