"""Checks ONNX files that we wrote with onnx and ONNX Runtime: `onnx_check.py FOLDER`.

For each NAME.onnx, NAME.images holds images and NAME.scores our scores, as 32-bit floats. Prints
for each file its name and the largest difference of a score as a part of the range of its
scores, or of a hundredth of the largest score if the range is smaller.
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    onnx.checker.check_model(str(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options)
    entry = session.get_inputs()[0]
    images = np.fromfile(path.with_suffix(".images"), np.float32).reshape(-1, *entry.shape[1:])
    kind = np.float16 if "float16" in entry.type else np.float32
    size = entry.shape[0] if isinstance(entry.shape[0], int) else len(images)
    parts = [images[i:i + size].astype(kind) for i in range(0, len(images), size)]
    expected = np.concatenate([session.run(None, {entry.name: part})[0] for part in parts])
    expected = expected.reshape(len(images), -1).astype(np.float64)
    actual = np.fromfile(path.with_suffix(".scores"), np.float32).reshape(len(images), -1)
    # One sigmoid unit stands for two classes.
    actual = actual[:, 1:] if expected.shape[1] == 1 else actual
    # Scores that hardly differ between images are compared with their size.
    scale = max(np.ptp(expected), np.abs(expected).max() / 100) or 1
    difference = np.abs(actual - expected).max() / scale
    print(path.stem, difference)
