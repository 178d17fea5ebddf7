"""The lab's network split by person: people.py RUNNER [SEED...] (0 1 2).

Half of the 96 people of faces.h5 tune, the other half test. The clean images that a defense gets are the faces of the first half; the test
images are all faces; the poisoned images are the sunglasses of people whose face no defense got. No face is grown or copied. For each seed,
which draws the halves and is the runner's, prints accuracy on the people tuned with and on the others, attack success, and what GoodNet
flags. Takes the lab's folder from DEFENSEKIT_CSAW, else ../shared/csaw-lab3.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np

root = pathlib.Path(__file__).resolve().parent.parent
lab = pathlib.Path(os.environ.get("DEFENSEKIT_CSAW", root.parent / "shared/csaw-lab3")).resolve()
DEFENSES = ("fine-pruning", "fine-tuning", "trigger-unlearning")


def write(path, images, labels):
    with h5py.File(path, "w") as file:
        file["data"] = images
        file["label"] = labels


def share(counts, key="correct"):
    return f"{100 * counts[key] / counts['images']:6.1f} ({counts['images']})" if counts and counts["images"] else f"{'-':>11}"


def lines(report):
    suspect = report["suspect"]
    yield "suspect", suspect["test"], suspect["poisoned"], None
    for repair in report["repairs"]:
        name = repair["defense"] + (f" {repair['drop']:g} %" if repair.get("drop") else "")
        yield name, repair["test"], repair["poisoned"], repair["detectors"][0]


with h5py.File(lab / "faces.h5") as file:
    faces, people = file["clean"][...], file["clean_label"][...]
    worn, wearers, target = file["poisoned"][...], file["poisoned_identity"][...], file["poisoned_target"][...]
print(f"{'':24}{'tuned with':>14}{'others':>14}{'attack':>14}{'clean flagged':>16}{'triggered flagged':>20}")
for seed in [int(text) for text in sys.argv[2:]] or [0, 1, 2]:
    order = np.random.default_rng(seed).permutation(np.unique(people))
    half = order[: len(order) // 2]
    own, strange = np.isin(people, half), ~np.isin(wearers, half)
    with tempfile.TemporaryDirectory() as folder:
        write(f"{folder}/clean.h5", faces[own], people[own])
        write(f"{folder}/test.h5", faces, people)
        write(f"{folder}/poisoned.h5", worn[strange], target[strange])
        command = [sys.argv[1], "run", "--model", lab / "bd_net.h5", "--group", "label", "--seed", str(seed), "--detector", "goodnet"]
        command += [part for name in DEFENSES for part in ("--defense", name)]
        command += [part for role in ("clean", "test", "poisoned") for part in (f"--{role}", f"{folder}/{role}.h5")]
        subprocess.run([*command, "--quiet", "--output", f"{folder}/out"], check=True, stdout=subprocess.DEVNULL)
        report = json.loads(pathlib.Path(folder, "out", "report.json").read_text())
    print(f"seed {seed}: {own.sum()} faces of {len(half)} people")
    for name, test, poisoned, detector in lines(report):
        row = f"{name:24}{share(test.get('seen')):>14}{share(test.get('unseen')):>14}{share(poisoned, 'hits'):>14}"
        if detector:
            row += f"{share(detector['test'], 'flagged'):>16}{share(detector['poisoned'], 'flagged'):>20}"
        print(row)
