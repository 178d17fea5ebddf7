#!/usr/bin/env python3
"""What `runner compare` saves: the wall time of a grid in one command, against the sum of its units run alone.

    Benchmarks/comparison.py [--runner PATH] [--rounds 1] FOLDER

FOLDER is what Examples/three-attacks made: badnets/, blended/ and sig/. A unit alone is the command that a user would type for it:
`runner evaluate` for the suspect, `runner --detector strip`, `runner --defense D`, `runner --defense D --detector goodnet`, each with the model's
files. Units and grid are measured in turn, model by model, so that both sides see the same machine.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

MODELS = ["badnets", "blended", "sig"]
DEFENSES = ["fine-pruning", "fine-tuning", "clp"]
COMPARING = ["goodnet"]
ALONE = ["strip"]


def seconds(command):
    began = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode not in (0, 2):
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}: {done.stderr.strip()}")
    return time.monotonic() - began


def units(runner, folder):
    """Every unit's title and command."""
    judged = ["--test", f"{folder}/test.h5", "--poisoned", f"{folder}/poisoned.h5"]
    files = ["--model", f"{folder}/model.h5", "--clean", f"{folder}/clean.h5", *judged]
    yield "suspect", [runner, "evaluate", f"{folder}/model.h5", *judged]
    for detector in ALONE:
        yield detector, [runner, "--detector", detector, *files]
    for defense in DEFENSES:
        yield defense, [runner, "--defense", defense, *files]
        for detector in COMPARING:
            yield f"{defense} + {detector}", [runner, "--defense", defense, "--detector", detector, *files]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--runner", default=os.path.join(os.path.dirname(__file__), "..", ".build", "release", "runner"))
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    together, alone = [], []
    for _ in range(options.rounds):
        (grid, sum_of_units) = (0, 0)
        for model in MODELS:
            folder = os.path.join(options.folder, model)
            with tempfile.TemporaryDirectory() as work:
                command = [options.runner, "compare", "--model", folder, "--defense", ",".join(DEFENSES)]
                command += ["--detector", ",".join(COMPARING + ALONE), "--output", os.path.join(work, "comparison")]
                taken = seconds(command)
            print(f"{model:10} compare {taken:8.1f} s", flush=True)
            grid += taken
            for title, command in units(options.runner, folder):
                taken = seconds(command)
                print(f"{model:10} {title:24} {taken:8.1f} s", flush=True)
                sum_of_units += taken
        together.append(grid)
        alone.append(sum_of_units)
    (grid, sum_of_units) = (statistics.median(together), statistics.median(alone))
    print(f"one command {grid:.1f} s, its units alone {sum_of_units:.1f} s: {100 * grid / sum_of_units:.1f} %")


if __name__ == "__main__":
    main()
