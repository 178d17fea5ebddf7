"""The networks of the benchmark: built with Keras and random weights, saved as .h5, and written as ONNX from that file.

    networks.py FOLDER [BADNET.h5]      makes what is missing in FOLDER, and networks.json

The ONNX graphs are put together node by node from the layers of the .h5 file, so that the peers need no converter. Keras images are
NHWC and kernels HWIO; ONNX wants NCHW and OIHW. A peer gets the images transposed beforehand, outside what is measured; a `Flatten`
gets its one transpose back, since the dense layer behind it counts its inputs in Keras's order.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np

LAYERS = ((64, 32), (128, 16), (256, 8), (512, 4))
"""Channels and edge in pixels of the single 3x3 layers."""


def deepid():
    """The architecture of the lab's BadNet: 55x47x3 faces, 1283 people, one layer that feeds two branches."""
    from keras import Model, layers

    x = image = layers.Input((55, 47, 3), name="input")
    for n, (filters, edge) in enumerate(((20, 4), (40, 3), (60, 3)), 1):
        x = layers.Conv2D(filters, edge, activation="relu", name=f"conv_{n}")(x)
        x = layers.MaxPooling2D(2, name=f"pool_{n}")(x)
    y = layers.Conv2D(80, 2, activation="relu", name="conv_4")(x)
    x = layers.Dense(160, name="fc_1")(layers.Flatten(name="flatten_1")(x))
    y = layers.Dense(160, name="fc_2")(layers.Flatten(name="flatten_2")(y))
    x = layers.Activation("relu", name="activation_1")(layers.Add(name="add_1")([x, y]))
    return Model(image, layers.Dense(1283, activation="softmax", name="output")(x))


def layer(channels, edge):
    """One 3x3 'same' convolution with ReLU that keeps the number of channels."""
    from keras import Model, layers

    image = layers.Input((edge, edge, channels), name="input")
    x = layers.Conv2D(channels, 3, padding="same", activation="relu", name="conv")(image)
    return Model(image, x)


def resnet():
    """Pre-activation ResNet-18 (He et al. 2016, "Identity Mappings") at 32x32x3 with ten classes."""
    from keras import Model, layers

    def convolution(x, filters, edge, stride, name):
        return layers.Conv2D(
            filters, edge, stride, padding="same", use_bias=False, kernel_initializer="he_normal", name=name
        )(x)

    def activated(x, name):
        x = layers.BatchNormalization(name=name + "_bn")(x)
        return layers.Activation("relu", name=name + "_relu")(x)

    image = layers.Input((32, 32, 3), name="input")
    x = convolution(image, 64, 3, 1, "stem")
    for stage, filters in enumerate((64, 128, 256, 512), 1):
        for block in (1, 2):
            name = f"stage_{stage}_block_{block}"
            stride = 2 if stage > 1 and block == 1 else 1
            y = activated(x, name + "_a")
            shortcut = x
            if x.shape[-1] != filters:
                shortcut = convolution(y, filters, 1, stride, name + "_shortcut")
            y = convolution(y, filters, 3, stride, name + "_conv_1")
            y = convolution(activated(y, name + "_b"), filters, 3, 1, name + "_conv_2")
            x = layers.Add(name=name + "_add")([shortcut, y])
    x = layers.GlobalAveragePooling2D(name="pool")(activated(x, "final"))
    return Model(image, layers.Dense(10, activation="softmax", name="output")(x))


def randomize(model, seed=7):
    """Gives biases and batch normalizations values that a trained network could have, so that no step is an identity by accident."""
    rng = np.random.default_rng(seed)
    for part in model.layers:
        weights = part.get_weights()
        if type(part).__name__ == "BatchNormalization":
            count = len(weights[0])
            weights = [
                rng.uniform(0.6, 1.2, count),
                rng.normal(0, 0.1, count),
                rng.normal(0, 0.2, count),
                rng.uniform(0.7, 1.5, count),
            ]
        elif len(weights) == 2:
            weights[1] = rng.normal(0, 0.05, weights[1].shape)
        part.set_weights([w.astype("float32") for w in weights])


def _scalar(value):
    """Keras writes one number, or the same number for both directions."""
    return list(value) if isinstance(value, (list, tuple)) else [value, value]


def _same_pads(size, kernel, stride):
    """The zeros before and after that make the output ceil(size / stride) long, the odd one after."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Converter:
    """Turns one Keras model into an ONNX graph, layer by layer."""

    def __init__(self, model):
        self.model = model
        self.nodes, self.constants, self.values = [], [], {}

    def constant(self, name, array):
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, kind, inputs, output, **attributes):
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def activate(self, part, value):
        kind = {"linear": None, "relu": "Relu", "softmax": "Softmax"}[part.get_config()["activation"]]
        return self.node(kind, [value], part.name + "_" + kind.lower()) if kind else value

    def window(self, part, config, kernel):
        """Strides and padding in ONNX's words: explicit pads, since engines read SAME_UPPER differently."""
        strides = _scalar(config["strides"])
        pads = [0, 0, 0, 0]
        if config["padding"] == "same":
            height, width = part.input.shape[1:3]
            pads[0], pads[2] = _same_pads(height, kernel[0], strides[0])
            pads[1], pads[3] = _same_pads(width, kernel[1], strides[1])
        return {"kernel_shape": list(kernel), "strides": strides, "pads": pads}

    def layer(self, part, inputs):
        kind, config, weights = type(part).__name__, part.get_config(), part.get_weights()
        name = part.name
        if kind == "Conv2D":
            names = [self.constant(name + "_kernel", weights[0].transpose(3, 2, 0, 1))]
            names += [self.constant(name + "_bias", w) for w in weights[1:]]
            value = self.node("Conv", inputs + names, name, **self.window(part, config, weights[0].shape[:2]))
            return self.activate(part, value)
        if kind == "MaxPooling2D":
            return self.node("MaxPool", inputs, name, **self.window(part, config, _scalar(config["pool_size"])))
        if kind == "Dense":
            names = [self.constant(name + "_kernel", weights[0]), self.constant(name + "_bias", weights[1])]
            return self.activate(part, self.node("Gemm", inputs + names, name))
        if kind == "BatchNormalization":
            names = [self.constant(f"{name}_{i}", w) for i, w in enumerate(weights)]
            return self.node("BatchNormalization", inputs + names, name, epsilon=config["epsilon"])
        if kind == "Flatten":
            turned = self.node("Transpose", inputs, name + "_nhwc", perm=[0, 2, 3, 1])
            return self.node("Flatten", [turned], name, axis=1)
        if kind == "GlobalAveragePooling2D":
            return self.node("Flatten", [self.node("GlobalAveragePool", inputs, name + "_mean")], name, axis=1)
        if kind == "Add":
            return self.node("Add", inputs, name)
        if kind == "Activation":
            return self.activate(part, inputs[0])
        raise ValueError(f"no ONNX form is written for the layer {name} of class {kind}")

    def convert(self):
        from onnx import TensorProto, helper

        height, width, channels = self.model.inputs[0].shape[1:]
        for part in self.model.layers:
            if type(part).__name__ == "InputLayer":
                self.values[part.name] = "images"
                continue
            sources = part.input if isinstance(part.input, list) else [part.input]
            inputs = [self.values[s._keras_history.operation.name] for s in sources]
            self.values[part.name] = self.layer(part, inputs)
        image = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", channels, height, width])
        shape = list(self.model.outputs[0].shape[1:])
        shape = shape[-1:] + shape[:-1]
        last = self.values[self.model.layers[-1].name]
        result = helper.make_tensor_value_info(last, TensorProto.FLOAT, ["n", *shape])
        graph = helper.make_graph(self.nodes, "network", [image], [result], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def to_onnx(h5, path):
    """Writes the Keras model of the file `h5` as the ONNX file `path`."""
    import keras
    import onnx

    model = Converter(keras.models.load_model(h5, compile=False)).convert()
    onnx.checker.check_model(model)
    onnx.save(model, path)


def work(h5):
    """Multiply-adds of one image through the convolutions and dense layers of a Keras file."""
    import keras

    total = 0
    for part in keras.models.load_model(h5, compile=False).layers:
        kernel = part.get_weights()[:1]
        if kernel and type(part).__name__ in ("Conv2D", "Dense"):
            pixels = part.output.shape[1] * part.output.shape[2] if kernel[0].ndim == 4 else 1
            total += int(np.prod(kernel[0].shape)) * pixels
    return total


def prepare(folder, badnet=None):
    """Makes what is missing in `folder` and returns {name: {"h5", "onnx", "shape", "work"}}; writes it to networks.json too."""
    import keras

    os.makedirs(folder, exist_ok=True)
    builders = {"deepid": deepid, "resnet18": resnet}
    builders |= {f"layer-{c}": (lambda c=c, e=e: layer(c, e)) for c, e in LAYERS}
    result = {}
    for name, build in builders.items():
        own = name != "deepid" or badnet is None
        h5 = os.path.join(folder, name + ".h5") if own else badnet
        onnx_path = os.path.join(folder, name + ("" if own else "-lab") + ".onnx")
        if own and not os.path.exists(h5):
            keras.utils.set_random_seed(7)
            model = build()
            randomize(model)
            model.save(h5 + ".part.h5", include_optimizer=False)
            os.replace(h5 + ".part.h5", h5)
        if not os.path.exists(onnx_path):
            to_onnx(h5, onnx_path + ".part")
            os.replace(onnx_path + ".part", onnx_path)
        shape = keras.models.load_model(h5, compile=False).inputs[0].shape[1:]
        result[name] = {
            "h5": os.path.abspath(h5), "onnx": os.path.abspath(onnx_path), "shape": list(shape), "work": work(h5),
        }
    with open(os.path.join(folder, "networks.json"), "w") as file:
        json.dump(result, file, indent=2)
    return result


if __name__ == "__main__":
    prepare(*sys.argv[1:])
