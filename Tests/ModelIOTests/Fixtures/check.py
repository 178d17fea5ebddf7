"""Loads models with stock Keras and prints how far they are from what they should predict.

check.py DATA ORIGINAL MODEL [DATA ORIGINAL MODEL ...]: a line for each MODEL, with the largest difference between its predictions and
ORIGINAL's for the images of DATA. Where ORIGINAL is "-", DATA (a *.check.h5 of make.py) has the right predictions. With
DEFENSEKIT_KERAS=2 in the environment Keras 2 (tf_keras) does it.

check.py classes SCALE MODEL DATA ...: a line for each DATA with the classes that MODEL predicts for its images, times SCALE.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
# oneDNN refuses some convolutions of unusual sizes.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
import h5py
import numpy as np

if os.environ.get("DEFENSEKIT_KERAS") == "2":
    import tf_keras as keras
else:
    import keras


def predict(path, images):
    return keras.models.load_model(path, compile=False).predict(images, verbose=0)


def images_of(file):
    return file["data"][...].transpose(0, 2, 3, 1).astype("float32")


arguments = sys.argv[1:]
if arguments[0] == "classes":
    for data in arguments[3:]:
        with h5py.File(data) as file:
            print(*predict(arguments[2], images_of(file) * np.float32(arguments[1])).argmax(1))
    sys.exit()
for data, original, model in zip(arguments[::3], arguments[1::3], arguments[2::3]):
    with h5py.File(data) as file:
        if original == "-":
            images, right = file["images"][...], file["outputs"][...]
        else:
            images = images_of(file)
            right = predict(original, images)
    found = predict(model, images)
    assert found.shape == right.shape and np.isfinite(found).all(), (model, found.shape, right.shape)
    print(np.abs(found - right).max())
