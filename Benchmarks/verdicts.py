"""Prints what Benchmarks/verdicts found: verdicts.py FOLDER, with NAME-SEED.json of `runner scan --json`; `clean-SEED` are clean twins."""
import json
import math
import pathlib
import sys

TARGET = 0


def wilson(found, count):
    """The 95 % interval of a share (Wilson 1927)."""
    z = 1.96
    share = found / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0, middle - half), min(1, middle + half)


def auroc(positives, negatives):
    """The share of pairs in which the backdoored network has the larger statistic; a tie counts half."""
    wins = sum((p > n) + (p == n) / 2 for p in positives for n in negatives)
    return wins / (len(positives) * len(negatives))


scans = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    kind, seed = path.stem.rsplit("-", 1)
    scans.setdefault(kind, {})[int(seed)] = json.loads(path.read_text())["verdicts"]
twins = scans.pop("clean", {})
verdicts = sorted({name for runs in [*scans.values(), twins] for run in runs.values() for name in run})
print(f"{'attack':18}{'verdict':18}{'networks':>9}{'target named':>14}{'another named':>15}{'AUROC':>8}")
for kind, runs in sorted(scans.items()):
    for verdict in verdicts:
        found = [run[verdict] for run in runs.values() if verdict in run]
        clean = [run[verdict]["statistic"] for run in twins.values() if verdict in run]
        if not found:
            continue
        named = sum(TARGET in v["targets"] for v in found)
        other = sum(any(target != TARGET for target in v["targets"]) for v in found)
        area = f"{auroc([v['statistic'] for v in found], clean):8.3f}" if clean else f"{'-':>8}"
        print(f"{kind:18}{verdict:18}{len(found):9}{named:14}{other:15}{area}")
print()
for verdict in verdicts:
    clean = [run[verdict] for run in twins.values() if verdict in run]
    if clean:
        accused = sum(v["backdoored"] for v in clean)
        low, high = wilson(accused, len(clean))
        print(f"{verdict}: {accused} of {len(clean)} clean twins accused (95 % interval of the share: {low:.2f} to {high:.2f})")
