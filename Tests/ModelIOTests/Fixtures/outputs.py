"""Networks of several outputs by stock Keras: outputs.py FOLDER SEED.

Writes N.h5, N.keras, the names of the outputs in N.names, images as floats in N.images, and what each output is for them in
N.NAME.scores.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np

L = keras.layers


def network(rng):
    """Branches of several depths, so that the order of the layers depends on all outputs."""
    image = L.Input((8, 7, 3))
    x = L.Conv2D(5, 3, activation="relu")(image)
    outputs = []
    for branch in range(int(rng.integers(2, 5))):
        y = x
        for _ in range(int(rng.integers(0, 3))):
            y = L.Conv2D(5, 3, padding="same", activation="tanh")(y)
        outputs.append(L.Dense(4, name=f"head_{branch}")(L.GlobalAveragePooling2D()(y)))
        if rng.random() < 0.5:
            x = L.Conv2D(5, 3, padding="same")(y)
    order = rng.permutation(len(outputs))
    return keras.Model(image, [outputs[place] for place in order])


def main():
    folder, seed = sys.argv[1], int(sys.argv[2])
    rng = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed % 2**31)
    for number in range(4):
        model = network(rng)
        model.save(f"{folder}/{number}.h5")
        model.save(f"{folder}/{number}.keras")
        images = rng.random((3, 8, 7, 3), dtype=np.float32)
        for name, values in zip(model.output_names, model.predict(images, verbose=0)):
            values.astype("<f4").tofile(f"{folder}/{number}.{name}.scores")
        images.astype("<f4").tofile(f"{folder}/{number}.images")
        with open(f"{folder}/{number}.names", "w") as file:
            file.write(",".join(model.output_names))


main()
