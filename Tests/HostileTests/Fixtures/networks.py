"""Models whose container is in order and whose configuration or weights are not."""
import json

import h5py
import numpy as np
from base import input_layer, layer, layers, sequential, write_model

CODE = ["4wEAAAAAAAAAAAAAAAEAAAACAAAA", None, None]


def functional(of, output, name="f"):
    return {"class_name": "Functional", "config": {
        "name": name, "layers": of, "input_layers": [["in", 0, 0]], "output_layers": [[output, 0, 0]]}}


def node(made, *inputs):
    """A layer of a functional model that reads others."""
    return {**made, "name": made["config"]["name"], "inbound_nodes": [[[name, call, 0, {}] for name, call in inputs]]}


def code(manifest):
    """Lambda layers and function bodies, at every place where Keras would run them."""
    evil = layer("evil", "Lambda", function=CODE, function_type="lambda")
    inner = sequential([layer("evil_in", "InputLayer", batch_input_shape=[None, 32]), evil], "inner")
    outer = sequential([layer("inner_in", "InputLayer", batch_input_shape=[None, 32]), inner], "outer")
    marshalled = {"class_name": "__lambda__", "config": {"code": CODE[0], "defaults": None, "closure": None}}
    cases = {
        "top": [evil], "nested": [inner], "nested-twice": [outer], "wrapped": [layer("w", "TimeDistributed", layer=evil)],
        "wrapped-twice": [layer("w", "TimeDistributed", layer=layer("v", "Bidirectional", layer=inner))],
        "backward": [layer("w", "Bidirectional", layer=layer("l", "LSTM", units=4), backward_layer=evil)],
        "activation": [layer("a", "Activation", activation=marshalled)],
        "initializer": [layer("d", "Dense", units=32, kernel_initializer=marshalled)],
        "argument": [layer("e", "Dropout", rate=0.5, noise_shape=marshalled)],
    }
    for name, extra in cases.items():
        write_model(manifest.model(f"lambda-{name}", "keras-lambda"), sequential(layers(*extra)))
    path = manifest.model("lambda-loss", "keras-lambda", loads=True)
    write_model(path)
    with h5py.File(path, "a") as file:
        file.attrs["training_config"] = json.dumps({"loss": marshalled, "metrics": [], "optimizer_config": {}})
    write_model(manifest.model("lambda-only", "keras-lambda"), evil)


def custom(manifest):
    """Classes that are not Keras's own."""
    mine = {**layer("odd", "Odd", units=1), "module": "my.package", "registered_name": "Mine>Odd"}
    write_model(manifest.model("custom-object", "keras-custom-object", "keras-module"), sequential(layers(mine)))
    known = {**layer("odd", "Dropout", rate=0.1), "module": "keras.layers", "registered_name": "Mine>Dropout"}
    write_model(manifest.model("custom-disguised", "keras-custom-object"), sequential(layers(known)))
    function = {"class_name": "function", "config": "evil", "registered_name": "Mine>evil"}
    write_model(
        manifest.model("custom-activation", "keras-custom-object"), sequential(layers(layer("a", "Activation", activation=function))))
    for name, module in (("module", "os"), ("module-path", "keras.layers.../../evil"), ("module-like", "kerasx.layers")):
        strange = {**layer("odd", "Dropout", rate=0.1), "module": module, "registered_name": None}
        write_model(manifest.model(name, "keras-module"), sequential(layers(strange)))
    call = {**layer("odd", "Activation", activation={
        "module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"})}
    write_model(manifest.model("module-builtin", "keras-module", "keras-custom-object"), sequential(layers(call)))
    write_model(manifest.model("unknown-layer", "keras-unknown-layer"), sequential(layers(layer("odd", "Strange"))))
    write_model(
        manifest.model("unknown-nested", "keras-unknown-layer"),
        sequential(layers(sequential([layer("x_in", "InputLayer", batch_input_shape=[None, 32]), layer("odd", "Strange")], "inner"))))
    subclass = {**sequential(layers()), "class_name": "MyModel"}
    write_model(manifest.model("unknown-model", "keras-unknown-layer", "keras-custom-object"), subclass)


def texts(manifest):
    """Configurations that are not proper JSON, or too much of it."""
    good = json.dumps(sequential(layers()))
    write_model(
        manifest.model("json-duplicate", "keras-duplicate-key"), good.replace('"filters": 2', '"filters": 2, "filters": 9'))
    # The same key in two spellings.
    write_model(
        manifest.model("json-duplicate-escaped", "keras-duplicate-key"), good.replace('"filters": 2', '"filters": 2, "f\\u0069lters": 9'))
    write_model(manifest.model("json-deep", "keras-config"), "[" * 20_000 + "]" * 20_000)
    write_model(manifest.model("json-deep-within", "keras-config"), good.replace('"rate"', '"x"').replace(
        '"filters": 2', '"filters": 2, "x": ' + '{"a":' * 5000 + "1" + "}" * 5000))
    write_model(manifest.model("json-cut", "keras-config"), good[:-40])
    write_model(manifest.model("json-text", "keras-config"), "import os")
    write_model(manifest.model("json-behind", "keras-config"), good + " {}")
    write_model(manifest.model("json-bytes", "keras-config", "h5-damaged"), np.bytes_(b"\xff\xfe" + good.encode("utf-16-le")))


def large_texts(manifest):
    """Configurations whose price in memory or time is far above their length."""
    def write(path, config):
        write_model(path, config, weights=False)

    write(manifest.model("json-values", "keras-config"), '{"class_name": "Sequential", "config": {"layers": [' + "[1]," * 9_000_000 + "1]}}")
    write(manifest.model("json-objects", "keras-config"), "[" + '{"":1},' * 5_000_000 + "1]")
    write(manifest.model("json-long-name", "keras-config"), sequential(layers(layer("n" * 4_000_000, "Flatten"))))

    # A model that uses a model twice that uses a model twice...: 2^24 calls, and not one of them does anything.
    made = functional([input_layer()], "in", "m0")
    for depth in range(1, 25):
        made = functional([input_layer(), node(made, ("in", 0))], made["config"]["name"], f"m{depth}")
        name = made["config"]["layers"][1]["config"]["name"]
        made["config"]["layers"][1]["inbound_nodes"].append([[name, 1, 0, {}]])
        made["config"]["output_layers"] = [[name, 2, 0]]
    write(manifest.model("network-doubling", "keras-config"), made)
    # A chain of empty models that stands in the file from its end to its beginning.
    count = 20_000
    empty = functional([input_layer()], "in", "e")
    chain = {**node(empty, ("in", 0)), "name": "e"}
    chain["inbound_nodes"] = [[["e", n + 1, 0, {}]] for n in range(count - 1)] + [[["in", 0, 0, {}]]]
    write(manifest.model("network-backwards", "keras-config"), functional([input_layer(), chain], "e"))
    # Counting one down from here leaves the range of numbers.
    inner = functional([input_layer()], "in", "e")
    write(manifest.model("network-call-minimum", "keras-config"), functional(
        [input_layer(), {**node(inner, ("in", 0)), "name": "e"}, node(layer("a", "Add"), ("e", 1), ("e", -(1 << 63)))], "a"))
    write(manifest.model("network-call-large", "keras-config"), functional(
        [input_layer(), node(layer("a", "Add"), ("in", 1 << 62))], "a"))
    # Layers without end in what they read.
    many = [node(layer("a", "Concatenate"), *[("in", 0)] * 150_000), node(layer("f", "Flatten"), ("a", 0))]
    write(manifest.model("network-inputs", "keras-config"), functional([input_layer(), *many], "f"))


def weights(manifest):
    for name, value in (("nan", np.nan), ("infinity", np.inf)):
        path = manifest.model(f"weights-{name}", "weights-nonfinite")
        write_model(path)
        with h5py.File(path, "a") as file:
            file["model_weights/conv/conv/kernel:0"][1, 1, 0, 0] = value


def sizes(manifest):
    """The honest model with a huge result in its midst, which a few bytes ask for: one too large, and one whose sixteen are."""
    for name, padding, pool in (("layer", 2890, 1446), ("whole", 2046, 1024)):
        made = layers()
        made[2:2] = [
            layer("wide", "ZeroPadding2D", padding=padding), layer("curve", "Activation", activation="tanh"),
            layer("narrow", "AveragePooling2D", pool_size=pool)]
        write_model(manifest.model(f"large-{name}", "graph-size"), sequential(made))


def names(manifest):
    """Names that would move the cursor, forge a second line, or turn the direction of reading round."""
    for name, text in (
            ("escape", "\x1b]0;owned\x07\x1b[2J\x1b[31mred"), ("newline", "odd\nrunner: all is well\r\nmore"),
            ("bidi", "\u202egnp.exe\u2066\u200f"), ("separator", "a\u2028b\u2029c\x85d\u0090e"), ("zero", "a\x00b\x7fc")):
        write_model(manifest.add(f"names-{name}.h5", "names"), sequential(layers(layer(text, "Dropout", rate=0.5))))
        strange = manifest.add(f"names-{name}-refused.h5", "names-refused", "keras-unknown-layer")
        write_model(strange, sequential(layers(layer(text, text))))
    path = manifest.add("names-link.h5", "names-refused", "h5-soft-link")
    write_model(path)
    with h5py.File(path, "a") as file:
        file["a\x1b[2J\nrunner: all is well\u202e"] = h5py.SoftLink("/b\x1b[31m")


def make(manifest):
    code(manifest)
    custom(manifest)
    texts(manifest)
    large_texts(manifest)
    weights(manifest)
    sizes(manifest)
    names(manifest)
