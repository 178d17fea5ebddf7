"""Writes resize.json: sizes, and the SHA-256 of what Pillow makes of images: resize_golden.py SEED COUNT > resize.json.

Sample i of an image is (a i i + b i + c) / 8 modulo 256. Needs Pillow and NumPy; the file in the repository was made with Pillow 12.3; 13.0 begins with the columns for some shapes.
"""

import hashlib
import json
import sys

import numpy as np
from PIL import Image

seed, count = int(sys.argv[1]), int(sys.argv[2])
rng = np.random.default_rng(seed)
cases = []
for number in range(count):
    limit = 400 if number % 8 == 0 else 50
    width, height, new_width, new_height = (int(n) for n in rng.integers(1, limit, 4))
    if number % 7 == 0:
        new_width = width
    if number % 11 == 0:
        new_height = height
    channels = int(rng.choice([1, 3, 4]))
    a, b, c = (int(n) for n in rng.integers(0, 1000, 3))
    i = np.arange(width * height * channels, dtype="i8")
    pixels = ((a * i * i + b * i + c) // 8 % 256).astype("u1").reshape(height, width, channels)
    if channels == 4:
        pixels[..., 3] = 255
    image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
    case = {"width": width, "height": height, "channels": channels, "seed": [a, b, c]}
    if number % 3 == 0:
        # torchvision's Resize of a number.
        side = new_width
        new_width, new_height = (side, int(side * height / width)) if width <= height else (int(side * width / height), side)
        if new_width == 0 or new_height == 0:
            continue
        case["side"] = side
    image = image.resize((new_width, new_height), Image.BILINEAR)
    case["resized"] = [new_height, new_width]
    if number % 2 == 0:
        # torchvision's CenterCrop.
        crop = [int(rng.integers(1, new_height + 1)), int(rng.integers(1, new_width + 1))]
        top, left = int(round((new_height - crop[0]) / 2.0)), int(round((new_width - crop[1]) / 2.0))
        image = image.crop((left, top, left + crop[1], top + crop[0]))
        case["crop"] = crop
    case["sha256"] = hashlib.sha256(np.asarray(image).tobytes()).hexdigest()
    cases.append(case)
print(json.dumps(cases, indent=0))
