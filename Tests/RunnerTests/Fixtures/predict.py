"""Predicts with stock Keras, for the tests of the models that the program writes.

predict.py OUTPUTS DATA MODEL...: a line for each MODEL with the classes that it predicts for the images of all DATA (separated by
commas). OUTPUTS is a folder where the outputs of each MODEL go, as little-endian float32, named 0, 1, ...; "-" for none.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import h5py
import keras
import numpy as np

images = []
for path in sys.argv[2].split(","):
    with h5py.File(path) as file:
        images.append(file["data"][...].transpose(0, 2, 3, 1).astype("float32"))
images = np.concatenate(images)
for number, path in enumerate(sys.argv[3:]):
    outputs = keras.models.load_model(path).predict(images, verbose=0)
    assert len(outputs) == len(images) and np.isfinite(outputs).all(), path
    if sys.argv[1] != "-":
        outputs.astype("<f4").tofile(os.path.join(sys.argv[1], str(number)))
    print(*outputs.argmax(1))
