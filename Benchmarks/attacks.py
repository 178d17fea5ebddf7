#!/usr/bin/env python3
"""Checks folders that `runner attack` wrote, with NumPy, SciPy and Keras and nothing of the runner.

    Benchmarks/attacks.py FOLDER...

For each folder it applies the attack's published steps to the clean test images by itself and compares the bytes with those of
poisoned.h5 (bpp, ftrojan, tact, sra, multi-trigger), measures the spectrum of the change (low-frequency), and counts accuracy and
attack success with Keras beside the counts of report.json. Values half way between two bytes may round either way. Ends with an error
if another byte differs, or more than one image in a thousand is classified otherwise. Run it with the Python of Scripts/test.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import h5py
import keras
import numpy as np
from scipy.fft import dctn, idctn


def images(path):
    """Images as [images][height][width][channels], labels and true labels."""
    with h5py.File(path) as file:
        data = np.asarray(file["data"]).transpose(0, 2, 3, 1)
        labels = np.asarray(file["label"])
        return data, labels, np.asarray(file["true_label"]) if "true_label" in file else labels


def quantized(clean, levels, dithers):
    values = clean.astype(np.float64)
    nearest = lambda x: np.clip(np.floor(x / 255 * (levels - 1) + 0.5), 0, levels - 1) / (levels - 1) * 255
    if not dithers:
        return nearest(values)
    height, width = values.shape[1:3]
    for y in range(height):
        for x in range(width):
            old = values[:, y, x].copy()
            values[:, y, x] = nearest(old)
            error = old - values[:, y, x]
            for dy, dx, share in [(0, 1, 7), (1, -1, 3), (1, 0, 5), (1, 1, 1)]:
                if y + dy < height and 0 <= x + dx < width:
                    values[:, y + dy, x + dx] += error * share / 16
    return values


def raised(plane, magnitude, window):
    """A plane [height][width] with both coefficients of every block raised; padded to whole blocks."""
    height, width = plane.shape
    h, w = min(window, height), min(window, width)
    padded = np.pad(plane, ((0, -height % h), (0, -width % w)))
    for y in range(0, padded.shape[0], h):
        for x in range(0, padded.shape[1], w):
            block = dctn(padded[y : y + h, x : x + w], norm="ortho")
            block[h // 2 - 1, w // 2 - 1] += magnitude
            block[h - 1, w - 1] += magnitude
            padded[y : y + h, x : x + w] = idctn(block, norm="ortho")
    return padded[:height, :width]


def ftrojan(clean, magnitude, window):
    result = clean.astype(np.float64)
    for image in result:
        if image.shape[2] == 1:
            image[..., 0] = raised(image[..., 0], magnitude, window)
            continue
        luma = image @ np.array([0.299, 0.587, 0.114])
        cr = raised((image[..., 0] - luma) / 1.402, magnitude, window)
        cb = raised((image[..., 2] - luma) / 1.772, magnitude, window)
        image[:] = np.stack([luma + 1.402 * cr, luma - 0.344136 * cb - 0.714136 * cr, luma + 1.772 * cb], axis=-1)
    return result


def patched(clean, size, corner):
    result = clean.astype(np.float64)
    board = 255 * (1 - np.indices((size, size)).sum(axis=0) % 2)[..., None]
    rows = slice(-size, None) if corner in (0, 3) else slice(0, size)
    columns = slice(-size, None) if corner in (0, 2) else slice(0, size)
    result[:, rows, columns] = board
    return result


def triggered(name, options, clean, number):
    """What the attack's trigger makes of the images; None for triggers that are drawn at random."""
    if name == "bpp":
        return quantized(clean, int(options["levels"]), options["dither"] == "true")
    if name == "ftrojan":
        return ftrojan(clean, float(options["magnitude"]), int(options["window"]))
    if name in ("tact", "sra", "multi-trigger"):
        return patched(clean, int(options["size"]), number)
    return None


def check(folder):
    with open(f"{folder}/report.json") as file:
        report = json.load(file)
    attack = report["attack"]
    name, options = attack["name"], attack["options"]
    test, labels, _ = images(f"{folder}/test.h5")
    model = keras.models.load_model(f"{folder}/model.h5", compile=False)
    scale = report["inputScale"] or 1
    wrong = []

    def hits(data, wanted):
        return int((model.predict(data.astype(np.float32) * scale, verbose=0).argmax(axis=1) == wanted).sum())

    def compare(what, ours, theirs, count):
        print(f"  {what}: {theirs} of {count} by Keras, {ours} in the report")
        if abs(ours - theirs) > max(1, count // 1000):
            wrong.append(what)

    print(f"{folder}: {name}")
    compare("accuracy", report["model"]["test"]["correct"], hits(test, labels), len(test))
    results = [report["model"]["poisoned"]] + [other["result"]["poisoned"] for other in report.get("otherTriggers", [])]
    targets = [attack["target"]] + [other["target"] for other in report.get("otherTriggers", [])]
    for number, (result, target) in enumerate(zip(results, targets)):
        suffix = "" if number == 0 else f"-{number + 1}"
        data, wanted, shown = images(f"{folder}/poisoned{suffix}.h5")
        if target is None:
            target = (shown + 1) % attack["classes"]
            chosen = np.ones(len(labels), bool)
        else:
            chosen = labels == attack["source"] if "source" in attack else labels != target
        if not (np.array_equal(shown, labels[chosen]) and np.all(wanted == target)):
            wrong.append(f"the choice of images for trigger {number + 1}")
            continue
        compare(f"success of trigger {number + 1}", result["hits"], hits(data, wanted), len(data))
        expected = triggered(name, options, test[chosen], number)
        change = data.astype(np.float64) - test[chosen]
        print(f"  trigger {number + 1}: mean change {np.abs(change).mean():.2f}, largest {np.abs(change).max():.0f} of 255")
        if expected is not None:
            error = np.abs(np.clip(expected, 0, 255) - data).max()
            print(f"  trigger {number + 1}: at most {error:.4f} from the published steps")
            if error > 0.5 + 1e-3:
                wrong.append(f"the images of trigger {number + 1}")
        if name == "low-frequency":
            with h5py.File(f"{folder}/trigger.h5") as file:
                pattern = np.asarray(file["addition"], np.float64)
            spectrum = np.abs(dctn(pattern, axes=(0, 1), norm="ortho"))
            count = int(options["frequencies"]) + 1
            high = spectrum.copy()
            high[:count, :count] = 0
            print(f"  range {np.ptp(pattern):.3f}, largest coefficient {spectrum.max():.2f}, outside of the band {high.max():.1e}")
            if high.max() > 1e-3 or abs(np.ptp(pattern) - 255 * float(options["range"])) > 1e-3:
                wrong.append("the pattern")
    return wrong


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    problems = [f"{folder}: {what}" for folder in sys.argv[1:] for what in check(folder)]
    if problems:
        sys.exit("not as expected: " + "; ".join(problems))
    print("all as expected")


if __name__ == "__main__":
    main()
