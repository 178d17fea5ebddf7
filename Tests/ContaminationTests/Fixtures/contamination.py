"""Fits the two-component model to the classes of a JSON file with NumPy, and works out J of further points; prints JSON.

    python contamination.py POINTS.json

The file has `classes` (clean points), `points`, `second` (their groups) and `steps`. Se has a thousandth of its mean variance on its
diagonal wherever it is used.
"""

import json
import sys

import numpy as np

with open(sys.argv[1]) as file:
    given = json.load(file)
classes = [np.asarray(c, np.float64) for c in given["classes"]]
mean = np.concatenate(classes).mean(0)
classes = [c - mean for c in classes]
d, total = classes[0].shape[1], sum(len(c) for c in classes)
means = np.stack([c.mean(0) for c in classes])
between = (means - means.mean(0)).T @ (means - means.mean(0)) / len(classes)
within = sum((c - c.mean(0)).T @ (c - c.mean(0)) for c in classes) / total


def regular(se):
    return se + 1e-3 * np.trace(se) / d * np.eye(d)


for _ in range(given["steps"]):
    se = regular(within)
    first, second = np.zeros((d, d)), np.zeros((d, d))
    for c in classes:
        n = len(c)
        gain = between @ np.linalg.inv(n * between + se)
        mu = gain @ c.sum(0)
        posterior = between - n * gain @ between
        first += np.outer(mu, mu) + posterior
        second += (c - mu).T @ (c - mu) + n * posterior
    between, within = first / len(classes), second / total
se = regular(within)
f = np.linalg.inv(se)
points = np.asarray(given["points"], np.float64) - mean
side = np.asarray(given["second"])
n = len(points)


def squares(x, m):
    return np.einsum("ni,ij,nj->", x - m, f, x - m)


def statistic(front):
    mu = front @ np.linalg.inv(n * between + se) @ points.sum(0)
    return float((squares(points, mu) - sum(squares(points[side == g], points[side == g].mean(0)) for g in (False, True))) / n)


print(json.dumps({
    "between": between.ravel().tolist(), "within": within.ravel().tolist(),
    "corrected": statistic(between), "published": statistic(se),
}))
