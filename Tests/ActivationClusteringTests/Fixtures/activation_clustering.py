"""Works out with NumPy how activation clustering divides the rows of a JSON file; prints JSON.

    python activation_clustering.py ROWS.json

The file has `rows`, `components`, `ica`, `size` and `silhouette`.
"""

import json
import sys

import numpy as np

with open(sys.argv[1]) as file:
    given = json.load(file)
rows = np.asarray(given["rows"], np.float64)
centered = rows - rows.mean(0)
u, s, v = np.linalg.svd(centered, full_matrices=False)
k = min(given["components"], int((s > 1e-5 * s[0]).sum()))
points = centered @ v[:k].T
if given["ica"]:
    points /= points.std(0)


def lloyd(side):
    while True:
        means = [points[side == c].mean(0) if (side == c).any() else points.mean(0) for c in (0, 1)]
        distances = np.stack([((points - m) ** 2).sum(1) for m in means])
        new = (distances[1] < distances[0]).astype(int)
        if (new == side).all():
            return distances.min(0).sum(), side, np.sqrt(distances)
        side = new


best = min((lloyd((points[:, a] > points[:, a].mean()).astype(int)) for a in range(k)), key=lambda r: r[0])
inertia, side, distances = best
if 2 * side.sum() > len(side) or (2 * side.sum() == len(side) and side[0] == 1):
    side, distances = 1 - side, distances[::-1]
pairs = np.sqrt(((points[:, None] - points[None]) ** 2).sum(2))
widths = []
for i in range(len(points)):
    own, other = side == side[i], side != side[i]
    if own.sum() == 1:
        widths.append(0.0)
        continue
    a, b = pairs[i][own].sum() / (own.sum() - 1), pairs[i][other].mean()
    widths.append((b - a) / max(a, b))
print(json.dumps({
    "second": side.astype(bool).tolist(),
    "scores": ((distances[0] - distances[1]) / distances.max(0)).tolist(),
    "silhouette": float(np.mean(widths)),
    "share": float(side.mean()),
}))
