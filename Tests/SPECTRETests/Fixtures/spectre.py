"""Works out SPECTRE's scores of the rows of a JSON file with NumPy; prints JSON.

    python spectre.py ROWS.json

The file has `rows`, `share`, `alpha` and `components`. `values` has tr(S Q) / tr Q for each number of directions, `kept` the rows that
the filter leaves, and `scores` those of the best number.
"""

import json
import sys

import numpy as np

with open(sys.argv[1]) as file:
    given = json.load(file)
rows = np.asarray(given["rows"], np.float64)
n = len(rows)
centered = rows - rows.mean(0)
u, s, v = np.linalg.svd(centered, full_matrices=False)
rank = int((s**2 > 1e-10 * s[0] ** 2).sum())


def statistics(points):
    mean = points.mean(0)
    values, vectors = np.linalg.eigh((points - mean).T @ (points - mean) / len(points))
    return mean, vectors @ np.diag(values**-0.5) @ vectors.T


def exponential(matrix):
    """The exponential of a symmetric matrix, by its eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors @ np.diag(np.exp(values)) @ vectors.T


def robust(points, share):
    kept, budget = np.arange(n), int(2 * share * n)
    mean, whitening = statistics(points)
    for _ in range(10):
        if budget == 0:
            break
        y = (points[kept] - mean) @ whitening
        longest = y[np.argmax((y**2).sum(1))]
        m = np.outer(longest, longest)
        m /= np.linalg.norm(m)
        for _ in range(20):
            q = np.einsum("ni,ij,nj->n", y, m, y)
            m = np.einsum("n,ni,nj->ij", q - q.mean(), y, y)
            m /= np.linalg.norm(m)
        q = np.einsum("ni,ij,nj->n", y, m, y)
        t = np.abs(q - np.median(q)) / np.sqrt(2)
        order = np.argsort(-t, kind="stable")
        excess = np.arange(1, len(t) + 1) / len(t) - np.exp(-t[order] / np.sqrt(2))
        if excess.max() <= 0:
            break
        out = order[: min(int(excess.argmax()) + 1, budget)]
        budget -= len(out)
        kept = np.delete(kept, out)
        mean, whitening = statistics(points[kept])
    return mean, whitening, kept


best = None
values = {}
for root in np.linspace(1, np.sqrt(given["components"]), 10):
    k = int(round(root**2))
    if k > min(rank, given["components"]) or 2 * k > n or str(k) in values:
        continue
    points = centered @ v[:k].T
    mean, whitening, kept = robust(points, given["share"])
    h = (points - mean) @ whitening
    cov = (h - h.mean(0)).T @ (h - h.mean(0)) / n
    top = np.linalg.eigvalsh(cov)[-1]
    q = exponential(given["alpha"] * (cov - np.eye(k)) / (top - 1)) if top - 1 > 1e-9 else np.eye(k)
    scores = np.einsum("ni,ij,nj->n", h, q, h) / np.trace(q)
    values[str(k)] = float(np.trace(cov @ q) / np.trace(q))
    if best is None or values[str(k)] > best[0]:
        best = values[str(k)], scores, kept
print(json.dumps({"values": values, "scores": best[1].tolist(), "kept": best[2].tolist()}))
