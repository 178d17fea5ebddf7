"""Writes golden.json: small layers with random weights, and what Keras computes with them.

Each case is a chain or a small graph of nodes over one random image. Run with Keras 3 and
TensorFlow: python make_golden.py. Numbers are rounded to float32 with at most 7 digits BEFORE
Keras sees them, so that the file holds exactly what was computed with.
"""

import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import keras
import numpy as np
from keras import layers

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(20)


def numbers(array):
    return [float(f"{v:.7g}") for v in np.asarray(array, dtype=np.float64).ravel()]


def draw(shape, low=-1.0, high=1.0):
    return np.round(rng.uniform(low, high, shape), 3).astype(np.float32)


cases = []


def case(name, op, layer, shape, build=None, span=1.0, **parameters):
    """One operation, `layer`, over an image of `shape`; `build` wires more than one input."""
    x = keras.Input(shape)
    y = build(x) if build else layer(x)
    model = keras.Model(x, y)
    if layer is not None and layer.weights:
        values = []
        for w in layer.weights:
            positive = "variance" in w.path
            values.append(draw(w.shape, 0.1 if positive else -1.0, 1.5 if positive else 1.0))
        layer.set_weights(values)
        weights = [{"shape": list(v.shape), "values": numbers(v)} for v in values]
    else:
        weights = []
    image = draw((1, *shape), -span, span)
    output = model.predict(image, verbose=0)[0]
    cases.append(
        dict(
            name=name, op=op, inputShape=list(shape), weights=weights, parameters=parameters,
            input=numbers(image), outputShape=list(output.shape), output=numbers(output),
        )
    )


def windowed(name, op, make, shape, strides, dilation, padding, groups=1, use_bias=True):
    case(
        name, op,
        make(strides=strides, dilation_rate=dilation, padding=padding, use_bias=use_bias),
        shape, strides=list(strides), dilation=list(dilation),
        same=int(padding == "same"), groups=groups,
    )


grids = [
    ((7, 5), (1, 1), (1, 1), "valid"), ((7, 5), (1, 1), (1, 1), "same"),
    ((6, 9), (2, 2), (1, 1), "same"), ((7, 8), (2, 3), (1, 1), "valid"),
    ((7, 8), (3, 2), (1, 1), "same"), ((9, 8), (1, 1), (2, 3), "same"),
    ((9, 8), (1, 1), (2, 2), "valid"),
]
for size, strides, dilation, padding in grids:
    tag = f"{size} {strides} {dilation} {padding}"
    for window in [(3, 3), (2, 4), (1, 1)]:
        if max(window) == 4 and size == (9, 8) and padding == "valid":
            window = (2, 3)
        windowed(f"convolution {window} {tag}", "convolution",
                 lambda **k: layers.Conv2D(4, window, **k), (*size, 3), strides, dilation, padding)
    windowed(f"grouped {tag}", "convolution",
             lambda **k: layers.Conv2D(6, (3, 2), groups=2, **k), (*size, 4), strides, dilation,
             padding, groups=2, use_bias=False)
    if strides[0] == strides[1]:  # TensorFlow has no unequal strides here
        for multiplier in (1, 2):
            windowed(f"depthwise x{multiplier} {tag}", "depthwiseConvolution",
                     lambda **k: layers.DepthwiseConv2D((3, 2), depth_multiplier=multiplier, **k),
                     (*size, 3), strides, dilation, padding)
            windowed(f"separable x{multiplier} {tag}", "separableConvolution",
                     lambda **k: layers.SeparableConv2D(
                         4, (3, 2), depth_multiplier=multiplier, **k),
                     (*size, 3), strides, dilation, padding)

for kind, cls in [("max", layers.MaxPooling2D), ("average", layers.AveragePooling2D)]:
    for size, window, strides, padding in [
        ((6, 6), (2, 2), (2, 2), "valid"), ((7, 5), (2, 2), (2, 2), "valid"),
        ((7, 5), (2, 2), (2, 2), "same"), ((7, 8), (3, 2), (1, 1), "same"),
        ((8, 7), (3, 3), (2, 2), "same"), ((9, 7), (3, 3), (2, 3), "valid"),
    ]:
        case(f"{kind} pooling {size} {window} {strides} {padding}", "pooling",
             cls(window, strides=strides, padding=padding), (*size, 3), average=int(kind == "average"),
             window=list(window), strides=list(strides), same=int(padding == "same"))
    for keeps in (False, True):
        globals_ = layers.GlobalMaxPooling2D if kind == "max" else layers.GlobalAveragePooling2D
        case(f"global {kind} pooling {keeps}", "globalPooling", globals_(keepdims=keeps), (5, 3, 4),
             average=int(kind == "average"), keeps=int(keeps))

case("dense of a vector", "dense", layers.Dense(5), (7,))
case("dense of an image", "dense", layers.Dense(4, use_bias=False), (2, 3, 5))
case("batch normalization", "batchNormalization", layers.BatchNormalization(epsilon=1e-3), (3, 2, 4),
     scale=1, center=1, epsilon=1e-3)
case("batch normalization, no scale", "batchNormalization",
     layers.BatchNormalization(epsilon=0.02, scale=False), (3, 2, 4), scale=0, center=1, epsilon=0.02)
case("batch normalization, no center", "batchNormalization",
     layers.BatchNormalization(epsilon=0.02, center=False), (5,), scale=1, center=0, epsilon=0.02)
case("rescaling", "rescaling", layers.Rescaling(0.5, offset=-0.25), (3, 2, 2), scale=[0.5], offset=[-0.25])
mean, variance = [0.5, -0.25, 1.0], [0.25, 4.0, 1.0]
case("normalization", "rescaling", layers.Normalization(mean=mean, variance=variance), (2, 3, 3),
     scale=[1 / max(v ** 0.5, 1e-7) for v in variance],
     offset=[-m / max(v ** 0.5, 1e-7) for m, v in zip(mean, variance)])
case("flatten", "flatten", layers.Flatten(), (2, 3, 2))
case("reshape", "reshape", layers.Reshape((3, 4)), (2, 3, 2), target=[3, 4])
case("zero padding", "zeroPadding", layers.ZeroPadding2D(((1, 2), (0, 3))), (2, 3, 2), sides=[1, 2, 0, 3])
pooled = lambda x: layers.GlobalAveragePooling2D(keepdims=True)(x)
smooth = lambda x: layers.MaxPooling2D(3, strides=1, padding="same")(x)
for op, cls in [("add", layers.Add), ("multiply", layers.Multiply)]:
    # inputs: the image, its global mean with both axes kept, its 3x3 maxima
    case(op, op, None, (4, 3, 2), build=lambda x: cls()([x, pooled(x), smooth(x)]))
case("concatenate", "concatenate", None, (4, 3, 2),
     build=lambda x: layers.Concatenate()([x, smooth(x), x]))

ramp = dict(shape=(6, 5), span=6.0)
for name, f in [
    ("linear", None), ("relu", "relu"), ("elu", "elu"), ("selu", "selu"), ("celu", "celu"),
    ("sigmoid", "sigmoid"), ("hardSigmoid", "hard_sigmoid"), ("hardSiLU", "hard_silu"),
    ("hardTanh", "hard_tanh"), ("silu", "silu"), ("tanh", "tanh"), ("tanhShrink", "tanh_shrink"),
    ("softplus", "softplus"), ("softsign", "softsign"), ("logSigmoid", "log_sigmoid"),
    ("exponential", "exponential"), ("gelu", "gelu"), ("mish", "mish"), ("squareplus", "squareplus"),
    ("hardShrink", "hard_shrink"), ("softShrink", "soft_shrink"), ("softmax", "softmax"),
    ("logSoftmax", "log_softmax"),
]:
    case(f"activation {name}", "activation", layers.Activation(f), activation=name, **ramp)
case("activation elu 0.3", "activation", layers.ELU(0.3), activation="elu", alpha=0.3, **ramp)
case("activation celu 0.3", "activation",
     layers.Lambda(lambda x: keras.activations.celu(x, alpha=0.3)), activation="celu", alpha=0.3, **ramp)
case("activation gelu tanh", "activation",
     layers.Lambda(lambda x: keras.activations.gelu(x, approximate=True)), activation="geluTanh", **ramp)
case("activation relu6", "activation", layers.ReLU(6.0), activation="relu", cap=6.0, slope=0.0,
     threshold=0.0, shape=(6, 5), span=9.0)
case("activation leaky", "activation", layers.LeakyReLU(0.25), activation="relu", slope=0.25,
     threshold=0.0, **ramp)
case("activation thresholded", "activation", layers.ReLU(4.0, 0.125, 1.5), activation="relu", cap=4.0,
     slope=0.125, threshold=1.5, **ramp)
for alpha in (0.0, 0.5):
    case(f"activation relu 2, slope {alpha}, threshold 0.5", "activation",
         layers.ReLU(2.0, alpha, 0.5), activation="relu", cap=2.0, slope=alpha,
         threshold=0.5, **ramp)

path = os.path.join(HERE, "golden.json")
with open(path, "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
print(len(cases), "cases,", os.path.getsize(path), "bytes; Keras", keras.__version__)
