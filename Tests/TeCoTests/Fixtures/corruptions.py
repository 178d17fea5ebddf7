"""Works out with NumPy what corruptions without random numbers must return: prints them as JSON.

    python corruptions.py IMAGES.f32 HEIGHT WIDTH CHANNELS

The file holds one image, `[height][width][channels]` in 0...1. The result is, by corruption, a list over the severities 1 to 5 of flat
images. Convolutions are sums over a padded image, resampling multiplies by matrices, and the cosine transform is a matrix product.
"""

import json
import math
import sys
from fractions import Fraction

import numpy as np


def defocus(image, severity):
    radius, alias = [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)][severity - 1]
    axis = np.arange(-8, 9)
    disk = (axis[:, None] ** 2 + axis[None] ** 2 <= radius**2).astype(float)
    disk /= disk.sum()
    bell = np.exp(-np.arange(-1, 2) ** 2 / (2 * alias**2))
    bell /= bell.sum()
    padded = np.pad(disk, 1)
    kernel = sum(bell[i] * bell[j] * padded[i : i + 17, j : j + 17] for i in range(3) for j in range(3))
    # A kernel of 5 x 5 holds all that is not zero, so that images of 6 pixels can be mirrored.
    kernel = kernel[6:11, 6:11]
    around = np.pad(image, ((2, 2), (2, 2), (0, 0)), mode="reflect")
    height, width = image.shape[:2]
    return sum(kernel[i, j] * around[i : i + height, j : j + width] for i in range(5) for j in range(5))


def bilinear(count, places):
    """The matrix that interpolates `count` values at real places, held at the ends."""
    places = np.clip(places, 0, count - 1)
    low = np.minimum(places.astype(int), count - 1)
    high = np.minimum(low + 1, count - 1)
    matrix = np.zeros((len(places), count))
    np.add.at(matrix, (np.arange(len(places)), low), 1 - (places - low))
    np.add.at(matrix, (np.arange(len(places)), high), places - low)
    return matrix


def zoom(image, severity):
    steps = [5, 10, 15, 20, 25][severity - 1]
    total = image.copy()
    for step in range(steps + 1):
        factor = 1 + step / 100
        rows, columns = (
            bilinear(n, (np.arange(n) - (n - 1) / 2) / factor + (n - 1) / 2) for n in image.shape[:2]
        )
        total += np.einsum("ab,bcd,ec->aed", rows, image, columns)
    return total / (steps + 2)


def brightness(image, severity):
    amount = [0.05, 0.1, 0.15, 0.2, 0.3][severity - 1]
    result = np.empty_like(image)
    for place in np.ndindex(image.shape[:2]):
        value = image[place].max()
        raised = min(value + amount, 1)
        result[place] = image[place] * raised / value if value > 0 else raised
    return result


def contrast(image, severity):
    factor = [0.75, 0.5, 0.4, 0.3, 0.15][severity - 1]
    mean = image.mean(axis=(0, 1), keepdims=True)
    return (image - mean) * factor + mean


def box(count, new):
    """The matrix of a resampling with a box, by Pillow's rule in exact fractions."""
    scale = Fraction(count, new)
    matrix = np.zeros((new, count))
    for place in range(new):
        center = (place + Fraction(1, 2)) * scale
        for source in range(count):
            if -1 < 2 * (source - center + Fraction(1, 2)) / max(scale, 1) <= 1:
                matrix[place, source] = 1
    return matrix / matrix.sum(axis=1, keepdims=True)


def boxed(image, height, width):
    return np.einsum("ab,bcd,ec->aed", box(image.shape[0], height), image, box(image.shape[1], width))


def pixelate(image, severity):
    factor = [0.95, 0.9, 0.85, 0.75, 0.65][severity - 1]
    height, width = image.shape[:2]
    return boxed(boxed(image, int(height * factor), int(width * factor)), height, width)


LUMA = """16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99"""
CHROMA = """17 18 24 47 99 99 99 99 18 21 26 66 99 99 99 99 24 26 56 99 99 99 99 99 47 66 99 99 99 99 99 99
99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99"""


def rounded(values):
    return np.sign(values) * np.floor(np.abs(values) + 0.5)


def shortened(values):
    return rounded(values * 1024) / 1024


def quantized(plane, table, quality):
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    steps = np.clip((np.array(table.split(), int) * scale + 50) // 100, 1, 255).reshape(8, 8)
    basis = np.array([[math.cos((2 * x + 1) * u * math.pi / 16) for x in range(8)] for u in range(8)]) / 2
    basis[0] /= math.sqrt(2)
    height, width = plane.shape
    whole = np.pad(plane, ((0, -height % 8), (0, -width % 8)), mode="edge") - 128.0
    for y in range(0, whole.shape[0], 8):
        for x in range(0, whole.shape[1], 8):
            block = whole[y : y + 8, x : x + 8]
            whole[y : y + 8, x : x + 8] = basis.T @ (rounded(shortened(basis @ block @ basis.T) / steps) * steps) @ basis
    return np.clip(rounded(shortened(whole) + 128), 0, 255)[:height, :width]


def jpeg(image, severity):
    quality = [80, 65, 58, 50, 40][severity - 1]
    values = rounded(image * 255.0)
    height, width, channels = image.shape
    if channels != 3:
        planes = [quantized(values[..., c], LUMA, quality) for c in range(channels)]
        return np.stack(planes, axis=-1) / 255
    red, green, blue = (values[..., c] for c in range(3))
    y = 0.299 * red + 0.587 * green + 0.114 * blue
    kept = quantized(rounded(y), LUMA, quality)
    differences = []
    for plane, factor in ((blue, 1.772), (red, 1.402)):
        full = rounded((plane - y) / factor + 128)
        half = boxed(full[..., None], (height + 1) // 2, (width + 1) // 2)[..., 0]
        plane = quantized(rounded(half), CHROMA, quality)
        differences.append(plane.repeat(2, axis=0).repeat(2, axis=1)[:height, :width] - 128)
    cb, cr = differences
    colours = [kept + 1.402 * cr, kept - 0.344136 * cb - 0.714136 * cr, kept + 1.772 * cb]
    return np.clip(rounded(np.stack(colours, axis=-1)), 0, 255) / 255


def main():
    shape = [int(argument) for argument in sys.argv[2:5]]
    image = np.fromfile(sys.argv[1], np.float32).astype(float).reshape(shape)
    corruptions = {
        "defocus-blur": defocus,
        "zoom-blur": zoom,
        "brightness": brightness,
        "contrast": contrast,
        "pixelate": pixelate,
        "jpeg-quantization": jpeg,
    }
    result = {
        name: [np.clip(body(image, severity), 0, 1).ravel().tolist() for severity in range(1, 6)]
        for name, body in corruptions.items()
    }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
