"""Loads models with stock Keras and prints how far they are from what they should predict.

check.py DATA ORIGINAL MODEL [DATA ORIGINAL MODEL ...]: a line for each MODEL, with the largest difference between its predictions and
ORIGINAL's for the images of DATA. Where ORIGINAL is "-", DATA (a *.check.h5 of make.py) has the right predictions.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import h5py
import keras
import numpy as np


def predict(path, images):
    return keras.models.load_model(path, compile=False).predict(images, verbose=0)


arguments = sys.argv[1:]
for data, original, model in zip(arguments[::3], arguments[1::3], arguments[2::3]):
    with h5py.File(data) as file:
        if original == "-":
            images, right = file["images"][...], file["outputs"][...]
        else:
            images = file["data"][...].transpose(0, 2, 3, 1).astype("float32")
            right = predict(original, images)
    found = predict(model, images)
    assert found.shape == right.shape and np.isfinite(found).all(), (model, found.shape, right.shape)
    print(np.abs(found - right).max())
