"""Works out with Keras and NumPy what STRIP must measure: prints entropies and the area under the ROC curve as JSON.

    python strip.py MODEL.h5 FOLDER

The folder holds, as they lie in memory, images.f32 and overlays.f32, `[images][height][width][channels]` as the model takes them, and
draws.i32, the overlays of every image. The first half of the images is clean, the second triggered. A blend is the sum of both.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np


def main():
    model, folder = keras.models.load_model(sys.argv[1], compile=False), sys.argv[2]
    shape = model.input_shape[1:]
    images = np.fromfile(f"{folder}/images.f32", np.float32).reshape(-1, *shape)
    overlays = np.fromfile(f"{folder}/overlays.f32", np.float32).reshape(-1, *shape)
    draws = np.fromfile(f"{folder}/draws.i32", np.int32).reshape(len(images), -1)
    entropies = []
    for first in range(0, len(images), 50):
        part = slice(first, first + 50)
        blends = images[part, None] + overlays[draws[part]]
        p = model.predict(blends.reshape(-1, *shape), batch_size=500, verbose=0).astype(np.float64)
        bits = np.where(p > 0, p * np.log2(np.where(p > 0, p, 1)), 0)
        entropies.append(-bits.sum(axis=1).reshape(blends.shape[:2]).mean(axis=1))
    entropies = np.concatenate(entropies)
    clean, triggered = np.split(entropies, 2)
    # Triggered images have the lower entropy.
    lower = (triggered[:, None] < clean).mean() + (triggered[:, None] == clean).mean() / 2
    json.dump({"entropies": entropies.tolist(), "auroc": lower}, sys.stdout)


if __name__ == "__main__":
    main()
