"""Writes jpeg.json: JPEG files of many kinds, and what Pillow decodes from them: jpeg_golden.py SEED COUNT > jpeg.json.

Needs Pillow and NumPy; the file in the repository was made with Pillow 13.0 and libjpeg-turbo 3.2.
"""

import base64
import hashlib
import io
import json
import sys

import numpy as np
from PIL import Image

seed, count = int(sys.argv[1]), int(sys.argv[2])
rng = np.random.default_rng(seed)
cases = []
for number in range(count):
    width, height = (int(n) for n in rng.integers(1, 40, 2))
    channels = int(rng.choice([1, 3, 3, 3]))
    y, x = np.mgrid[:height, :width]
    slope = (y * rng.integers(0, 9) + x * rng.integers(0, 9))[..., None] % 190
    pixels = (rng.integers(0, 64, (height, width, channels)) + slope).astype("u1")
    options = {"quality": int(rng.integers(1, 101)), "progressive": bool(rng.random() < 0.4), "optimize": bool(rng.random() < 0.3)}
    if channels == 3 and rng.random() < 0.1:
        options["keep_rgb"] = True
    elif channels == 3:
        options["subsampling"] = int(rng.integers(0, 3))
    if rng.random() < 0.3:
        options["restart_marker_blocks"] = int(rng.integers(1, 9))
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(file, "JPEG", **options)
    decoded = np.asarray(Image.open(io.BytesIO(file.getvalue())))
    cases.append({
        "file": base64.b64encode(file.getvalue()).decode(), "width": width, "height": height, "channels": channels,
        "sha256": hashlib.sha256(decoded.tobytes()).hexdigest(), "options": json.dumps(options)})
file = io.BytesIO()
Image.fromarray(rng.integers(0, 256, (8, 8, 4), dtype="u1"), "CMYK").save(file, "JPEG")
print(json.dumps({"images": cases, "cmyk": base64.b64encode(file.getvalue()).decode()}, indent=0))
