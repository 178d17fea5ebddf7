#!/usr/bin/env python3
"""CLP on networks with a BadNets backdoor: what it prunes, beside NumPy on the same weights, and what that does, as a Markdown table.

    Benchmarks/clp.py [--work FOLDER] [--architectures vgg,preact-resnet] [--epochs 4] [--seed 1] [--runner PATH]

For every architecture `runner attack badnets` trains a network on 20,000 images of Fashion-MNIST with its defaults; `runner --defense clp`
prunes it and judges the result on 2,000 test images. The channels must be those that Tests/CLPTests/Fixtures/clp.py (h5py and NumPy)
finds in the file; if they are not, it says so and ends with an error. What is in the work folder already is not made again. It takes a
quarter of an hour on two idle cores. Run it with a Python that has NumPy and h5py, such as that of Scripts/test.
"""

import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = [(3, "skip"), (2.5, "skip"), (2, "skip"), (1.5, "skip"), (3, "bound"), (2, "bound")]


def output(command):
    print("  " + " ".join(command), file=sys.stderr, flush=True)
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
    return json.loads(done.stdout)


def kept(path, command):
    """The JSON that a command prints, from a file if it is there."""
    if not os.path.exists(path):
        with open(path + ".part", "w") as file:
            json.dump(output(command), file)
        os.rename(path + ".part", path)
    with open(path) as file:
        return json.load(file)


def pruned(repair):
    """Layers and channels as the report has them."""
    layers = repair.get("layers") or [{"layer": repair["layer"], "pruned": repair["pruned"]}]
    return {entry["layer"]: sorted(entry["pruned"]) for entry in layers if entry["pruned"]}


def percent(counts, key):
    return f"{100 * counts[key] / counts['images']:.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", default=os.path.join(HERE, ".cache", "clp"))
    parser.add_argument("--architectures", default="vgg,preact-resnet")
    parser.add_argument("--epochs", default="4")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--runner", default=os.path.join(HERE, "..", ".build", "release", "runner"))
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    numpy = os.path.join(HERE, "..", "Tests", "CLPTests", "Fixtures", "clp.py")
    differences = []
    print("| network | u | sums | channels pruned | as NumPy has it | clean accuracy | attack success |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in options.architectures.split(","):
        folder = os.path.join(options.work, f"{name}-{options.epochs}-{options.seed}")
        if not os.path.exists(os.path.join(folder, "model.h5")):
            command = [options.runner, "attack", "badnets", "--train", "fashion-mnist:0-20000", "--test", "fashion-mnist:0-2000"]
            command += ["--architecture", name, "--epochs", options.epochs, "--seed", options.seed, "--output", folder, "--json"]
            output(command)
        model = os.path.join(folder, "model.h5")
        has_sums = bool(output([sys.executable, numpy, model])["skipped"])
        for number, (u, sums) in enumerate(CASES):
            if sums == "bound" and not has_sums:
                continue
            command = [options.runner, "--defense", "clp", "--option", f"clp.u={u}", "--option", f"clp.sums={sums}", "--model", model]
            command += ["--test", f"{folder}/test.h5", "--poisoned", f"{folder}/poisoned.h5", "--json"]
            report = kept(f"{folder}, u {u}, {sums}.json", command)
            if number == 0:
                suspect = report["suspect"]
                print(f"| {name} | | | none | | {percent(suspect['test'], 'correct')} | {percent(suspect['poisoned'], 'hits')} |")
            repair = report["repairs"][0]
            found = pruned(repair)
            agreement = ""
            if sums == "skip":
                right = output([sys.executable, numpy, model, str(u)])["layers"]
                # A layer has the normalization's name where others read the convolution as well.
                expected = {
                    entry["normalization"] if entry["normalization"] in found else entry["convolution"]: entry["channels"]
                    for entry in right
                    if entry["channels"]
                }
                agreement = "yes" if found == expected else "NO"
                if found != expected:
                    differences.append(f"{name}, u {u}: {found}, NumPy: {expected}")
            count = sum(len(channels) for channels in found.values())
            cells = [name, str(u), sums, str(count), agreement, percent(repair["test"], "correct"), percent(repair["poisoned"], "hits")]
            print("| " + " | ".join(cells) + " |", flush=True)
    if differences:
        sys.exit("\n".join(differences))


if __name__ == "__main__":
    main()
