#!/usr/bin/env python3
"""How well defenses do against attacks whose trigger is known: mean and spread over seeds, as Markdown tables.

    Benchmarks/defenses.py [--work FOLDER] [--seeds 0,1,2,3,4] [--attacks badnets,blended,...] [--runner PATH]

For every attack and seed `runner attack` trains a network on Fashion-MNIST's 60,000 images; `runner` then prunes it, tunes it, and
does both, with 5 % of the training images, which are clean, and judges the result, alone and with GoodNet, on the 10,000 test images. All
options but those named in the tables are defaults; nothing is left out or chosen. Two processes of one thread each run side by side (results
do not depend on threads). What is in the work folder already is not made again. It takes two hours on two cores.
"""

import argparse
import concurrent.futures
import json
import os
import statistics
import subprocess
import sys

ATTACKS = ["badnets", "blended", "wanet", "sig", "label-consistent"]
DROP = 4
DEFENSES = {
    "pruning only": ["--defense", "fine-pruning", "--option", f"fine-pruning.drops={DROP}", "--option", "fine-pruning.epochs=0"],
    "fine-pruning": ["--defense", "fine-pruning", "--option", f"fine-pruning.drops={DROP}"],
    "fine-tuning": ["--defense", "fine-tuning"],
}


def run(options, command, report):
    """Runs a command whose JSON report is kept in a file, unless it is there, and returns the report."""
    if not os.path.exists(report):
        print("  " + " ".join(command), file=sys.stderr, flush=True)
        done = subprocess.run([options.runner, *command, "--json", "--threads", "1"], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: exit status {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
        if not os.path.exists(report):
            with open(report + ".part", "w") as file:
                file.write(done.stdout)
            os.rename(report + ".part", report)
    with open(report) as file:
        return json.load(file)


def attack(options, name, seed):
    """The report of an attack; one model per seed is trained without it, for comparison."""
    folder = os.path.join(options.work, f"{name}-{seed}")
    command = ["attack", name, "--train", "fashion-mnist", "--architecture", "small-cnn", "--seed", str(seed), "--output", folder]
    if name == "label-consistent":
        command.append("--clean-twin")
    return run(options, command, os.path.join(folder, "report.json"))


def defend(options, name, seed, defense):
    folder = os.path.join(options.work, f"{name}-{seed}")
    command = DEFENSES[defense] + ["--detector", "goodnet", "--model", f"{folder}/model.h5"]
    command += ["--clean", f"{folder}/clean-validation.h5", "--test", f"{folder}/clean-test.h5"]
    command += ["--poisoned", f"{folder}/poisoned-test.h5"]
    return run(options, command, os.path.join(options.work, f"{name}-{seed}, {defense}.json"))


def share(counts, key):
    return 100 * counts[key] / counts["images"]


def spread(values, digits=2):
    """Mean and standard deviation."""
    if len(values) < 2:
        return f"{values[0]:.{digits}f}"
    return f"{statistics.mean(values):.{digits}f} ± {statistics.stdev(values):.{digits}f}"


def row(*cells):
    print("| " + " | ".join(cells) + " |")


def table(*heads):
    row(*heads)
    row(*["---"] * len(heads))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--work", default=os.path.join(here, ".cache", "defenses"))
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--attacks", default=",".join(ATTACKS))
    parser.add_argument("--runner", default=os.path.join(here, "..", ".build", "release", "runner"))
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    seeds, attacks = [int(seed) for seed in options.seeds.split(",")], options.attacks.split(",")
    cases = [(name, seed) for seed in seeds for name in attacks]

    def work(case):
        attack(options, *case)
        for defense in DEFENSES:
            defend(options, *case, defense)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(work, cases))  # The reports are kept; below they are there.

    print(f"Attacks on small-cnn, {len(seeds)} seeds, in per cent: mean ± standard deviation.\n")
    table("attack", "poisoned images", "clean accuracy", "attack success", "clean twin")
    twins = {s: attack(options, "label-consistent", s) for s in seeds} if "label-consistent" in attacks else {}
    for name in attacks:
        reports = [attack(options, name, seed) for seed in seeds]
        row(
            f"`{name}`",
            f"{reports[0]['data']['training']['poisoned']:,}",
            spread([share(r["model"]["clean"], "correct") for r in reports]),
            spread([share(r["model"]["poisoned"], "hits") for r in reports]),
            spread([share(r["twin"]["clean"], "correct") for r in twins.values()]) if twins else "",
        )

    print(f"\nDefenses with 3,000 clean images, drop {DROP} points.\n")
    table("attack", "defense", "clean accuracy", "attack success", "clean flagged by GoodNet", "triggered flagged", "AUROC")
    for name in attacks:
        for defense in DEFENSES:
            repairs = [defend(options, name, seed, defense)["repairs"] for seed in seeds]
            missing = sum(not r for r in repairs)
            found = [r[0] for r in repairs if r]
            if not found:
                row(f"`{name}`", defense, *["not reached"] * 5)
                continue
            goodnet = [r["detectors"][0] for r in found]
            row(
                f"`{name}`",
                defense + (f" ({missing} not reached)" if missing else ""),
                spread([share(r["clean"], "correct") for r in found]),
                spread([share(r["poisoned"], "hits") for r in found]),
                spread([share(d["clean"], "flagged") for d in goodnet]),
                spread([share(d["poisoned"], "flagged") for d in goodnet]),
                spread([d["auroc"] for d in goodnet], 4),
            )


main()
