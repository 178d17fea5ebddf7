"""Prints what Benchmarks/zoo found: zoo.py FOLDER, with networks NAME-SEED and scans/NAME-SEED.json of `runner scan --json`; `clean-SEED` are clean."""
import json
import math
import pathlib
import random
import sys


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


def interval(positives, negatives, seed=0, draws=2000):
    """The 95 % interval of the AUROC: percentiles over networks drawn with replacement (Efron 1979), of both kinds."""
    generator = random.Random(seed)
    areas = sorted(
        auroc(generator.choices(positives, k=len(positives)), generator.choices(negatives, k=len(negatives)))
        for _ in range(draws)
    )
    return areas[int(0.025 * draws)], areas[int(0.975 * draws) - 1]


def main(folder):
    scans, targets, unjudged = {}, {}, {}
    for path in sorted((folder / "scans").glob("*.json")):
        kind, _ = path.stem.rsplit("-", 1)
        verdicts = json.loads(path.read_text())["verdicts"]
        target = None if kind == "clean" else json.loads((folder / path.stem / "report.json").read_text())["attack"]["target"]
        for name, verdict in verdicts.items():
            if verdict.get("statistic") is None:
                unjudged[kind, name] = unjudged.get((kind, name), 0) + 1
            else:
                scans.setdefault((kind, name), []).append(verdict)
                targets.setdefault((kind, name), []).append(target)
    names = sorted({name for _, name in [*scans, *unjudged]})
    kinds = sorted({kind for kind, _ in [*scans, *unjudged]} - {"clean"})
    print(f"{'attack':18}{'verdict':18}{'networks':>9}{'no verdict':>12}{'target named':>14}{'another named':>15}{'AUROC':>8}  95 % interval")
    for kind in kinds:
        for name in names:
            found, goals = scans.get((kind, name), []), targets.get((kind, name), [])
            clean = [verdict["statistic"] for verdict in scans.get(("clean", name), [])]
            named = sum(goal in verdict["targets"] for verdict, goal in zip(found, goals))
            other = sum(any(target != goal for target in verdict["targets"]) for verdict, goal in zip(found, goals))
            area = f"{'-':>8}"
            if found and clean:
                values = [verdict["statistic"] for verdict in found]
                low, high = interval(values, clean)
                area = f"{auroc(values, clean):8.3f}  {low:.3f} to {high:.3f}"
            print(f"{kind:18}{name:18}{len(found):9}{unjudged.get((kind, name), 0):12}{named:14}{other:15}{area}")
    print()
    for name in names:
        clean = scans.get(("clean", name), [])
        if clean:
            accused = sum(verdict["backdoored"] for verdict in clean)
            low, high = wilson(accused, len(clean))
            print(f"{name}: {accused} of {len(clean)} clean networks accused (95 % interval of the share: {low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
