#!/usr/bin/env python3
"""Reads the results of a comparison with pandas:

    python3 -m pip install pandas
    Examples/read_results.py three-attacks/comparison

Prints clean accuracy and attack success of every defense, mean and standard deviation over seeds; which defense does best on its worst model;
how well the detectors separate clean from triggered images; and what it all took.
"""

import json
import sys

import pandas

# The schema of comparisons that this script reads.
SCHEMA = 5


def check(folder):
    with open(f"{folder}/plan.json") as file:
        schema = json.load(file)["schema"]
    if schema != SCHEMA:
        sys.exit(f"{folder}/plan.json has schema {schema}, but this script reads schema {SCHEMA}; run 'runner compare' again, with another --output")


def read(folder):
    """One line per result: figures are numbers, shares 0 to 1; seconds and memory come from a file of their own, as they differ from run to run."""
    # Only what is empty is missing: a model may be called "NA".
    results = pandas.read_csv(f"{folder}/results.csv", keep_default_na=False, na_values=[""])
    costs = pandas.read_csv(f"{folder}/costs.csv")
    results = results.merge(costs, on="key", how="left", validate="many_to_one")
    # The suspect itself has no defense, and most rows have no detector.
    results["defense"] = (results["defense"].fillna("none") + " " + results["repair"].fillna("")).str.strip()
    return results.assign(detector=results["detector"].fillna("none"))


def main(folder):
    check(folder)
    results = read(folder)
    done = results[results["status"] == "done"]
    for row in results[results["status"] != "done"].itertuples():
        print(f"{row.model}, {row.defense}, {row.detector}, seed {row.seed} {row.status}: {row.reason}")

    alone = done[done["detector"] == "none"]
    figures = ["clean_accuracy", "attack_success", "robust_accuracy", "defense_effectiveness"]
    print("\nDefenses without detectors, in per cent (effectiveness: 0.5 is no change)\n")
    table = alone.groupby(["model", "defense"], sort=False)[figures].agg(["mean", "std"])
    shares = [column for column in table.columns if column[0] != "defense_effectiveness"]
    table[shares] *= 100
    print(table.round(3).to_string(na_rep=""))

    worst = alone.groupby(["defense", "model"])["defense_effectiveness"].mean().groupby("defense").min().sort_values(ascending=False)
    print("\nEffectiveness on the model where a defense does worst\n")
    print(worst.round(3).to_string())

    detected = done[done["detector"] != "none"]
    if not detected.empty:
        print("\nDetectors: area under the ROC curve, by model\n")
        print(detected.pivot_table(index=["detector", "defense"], columns="model", values="auroc").round(4).to_string(na_rep=""))

    print(f"\n{done['key'].nunique()} units take {done.drop_duplicates('key')['seconds'].sum():.0f} s, the largest {done['peak_memory'].max() / 1e6:.0f} MB")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    try:
        main(sys.argv[1])
    except FileNotFoundError as error:
        sys.exit(f"{error.filename} is missing; give the folder of a comparison, or of merged parts")
