"""Writes networks of keras.applications with random weights: applications.py FOLDER [NAME...].

Without names one of each family at its smallest size; else those named, at the smallest size and at the one that Keras takes by
default. For each there are NAME.h5 and NAME.check.h5, which has four images and what Keras predicts for them. The networks end before
the softmax: random weights make it one-hot, which hides differences. Prints the names of the files, one a line.
`applications.py --list` prints the names of all networks.
"""
import inspect
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import h5py
import keras
import numpy as np

out = sys.argv[1]
rng = np.random.default_rng(11)
keras.utils.set_random_seed(11)
SMALLEST = {"Xception": 71, "InceptionV3": 75, "InceptionResNetV2": 75}
FAMILIES = (
    "ConvNeXtTiny DenseNet121 EfficientNetB0 EfficientNetV2B0 InceptionResNetV2 InceptionV3 MobileNet MobileNetV2 MobileNetV3Small "
    "NASNetMobile ResNet50 ResNet50V2 VGG16 Xception").split()


def settle(model, images):
    """Gives batch normalization the statistics of these images, so that values keep their size from layer to layer."""
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momentum = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    if layers:
        model(images, training=True)
    for layer, value in zip(layers, momentum):
        layer.momentum = value
        # Four small images say little: no channel is stretched much more than the others.
        variance = np.asarray(layer.moving_variance)
        layer.moving_variance.assign(np.maximum(variance, variance.mean()))


def finish(name, maker, size=None):
    """Writes a network for images of `size` pixels, or of the size that Keras takes by default."""
    keras.backend.clear_session()
    options = {"weights": None, "classes": 10, "classifier_activation": None}
    if size:
        options["input_shape"] = (size, size, 3)
    if "include_preprocessing" in inspect.signature(maker).parameters:
        options["include_preprocessing"] = True
    model = maker(**options)
    if None in model.input_shape[1:]:
        # Any size will do; the weights of ImageNet are for this one.
        return finish(name, maker, 224)
    for weight in model.weights:
        if "gamma" in weight.path:
            weight.assign(rng.uniform(0.7, 1.3, weight.shape))
        elif "variance" in weight.path and "normalization/" not in weight.path.split("/")[0] + "/":
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
        elif any(role in weight.path for role in ("beta", "bias", "moving_mean")):
            weight.assign(rng.normal(0, 0.1, weight.shape))
    images = rng.uniform(0, 255, (4, *model.input_shape[1:])).astype("float32")
    settle(model, images)
    model.save(os.path.join(out, name + ".h5"))
    with h5py.File(os.path.join(out, name + ".check.h5"), "w") as file:
        file["images"] = images
        file["outputs"] = model.predict(images, verbose=0)
    print(name, flush=True)


if sys.argv[1] == "--list":
    print("\n".join(sorted(name for name, maker in vars(keras.applications).items() if callable(maker))))
    sys.exit()
for name in sys.argv[2:] or FAMILIES:
    maker = getattr(keras.applications, name)
    finish(name, maker, SMALLEST.get(name, 32))
    if sys.argv[2:]:
        finish(name + "-standard", maker)
