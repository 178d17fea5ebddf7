#!/usr/bin/env python3
"""The maximum margins of mm-bd, computed by TensorFlow from the same noise, beside those of the runner.

    Benchmarks/mmbd.py MODEL.h5 [--range 0,1] [--starts 10] [--steps 50] [--learning-rate 0.05] [--seed 0] [--runner PATH]

MODEL is a Keras file that takes values of RANGE. Prints the margin of each class as both compute it, and the p-values of SciPy's
distributions if SciPy is there. Ends with an error if a margin differs by more than --tolerance. Rectifiers and maximum pooling have
kinks, where rounding decides on which side an image is; with many steps some margins therefore differ by a per cent or more. Run it
with a Python that has TensorFlow and Keras, such as that of Scripts/test.
"""

import argparse
import json
import os
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))
MASK = 2**64 - 1
STEP = 0x9E3779B97F4A7C15


def finalized(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def noise(count, seed):
    """The numbers of SeededGenerator(seed, stream: "margin").unit()."""
    state = finalized((finalized((seed + STEP) & MASK) + 0x6D617267696E) & MASK)
    values = np.empty(count)
    for index in range(count):
        state = (state + STEP) & MASK
        values[index] = (finalized(state) >> 11) * 2.0**-53
    return values.astype(np.float32)


def logits_of(model):
    """The network without a final softmax."""
    last = model.layers[-1]
    if getattr(last, "activation", None) is keras.activations.softmax:
        last.activation = keras.activations.linear
    return model


def margins(model, options):
    """The largest margin of each class and start, [classes][starts], and the margins after the last step."""
    shape = model.input_shape[1:]
    classes = model.output_shape[-1]
    low, high = options.range
    starts = noise(options.starts * int(np.prod(shape)), options.seed).reshape((options.starts, *shape))
    tasks = [(c, s) for c in range(classes) for s in range(options.starts)]
    if options.classes:
        tasks = [task for task in tasks if task[0] in options.classes]

    @tf.function
    def differentiate(values, mine):
        with tf.GradientTape() as tape:
            tape.watch(values)
            z = model(low + (high - low) * values, training=False)
            rival = tf.reduce_max(z - 1e30 * mine, axis=1)
            margin = tf.reduce_sum(z * mine, axis=1) - rival
        return margin, tape.gradient(margin, values)

    found = {}
    for first in range(0, len(tasks), 256):
        part = tasks[first : first + 256]
        values = np.stack([starts[s] for _, s in part])
        mine = tf.constant(np.eye(classes, dtype=np.float32)[[c for c, _ in part]])
        largest = np.full(len(part), -np.inf)
        mean, square = np.zeros(values.shape), np.zeros(values.shape)
        for step in range(options.steps + 1):
            margin, gradient = differentiate(tf.constant(values), mine)
            margin, gradient = margin.numpy(), -gradient.numpy().astype(np.float64)
            largest = np.maximum(largest, margin)
            if step == options.steps:
                break
            if options.sgd:
                moved = values - options.learning_rate * gradient / (high - low)
            else:
                mean = 0.9 * mean + 0.1 * gradient
                square = 0.999 * square + 0.001 * gradient**2
                first_moment = mean / (1 - 0.9 ** (step + 1))
                second_moment = square / (1 - 0.999 ** (step + 1))
                moved = values - options.learning_rate * first_moment / (np.sqrt(second_moment) + 1e-12)
            values = np.clip(moved, 0, 1).astype(np.float32)
        for task, value in zip(part, largest):
            found[task] = value
    chosen = sorted({c for c, _ in tasks})
    return np.array([[found[c, s] for s in range(options.starts)] for c in chosen])


def p_values(scores):
    try:
        from scipy import stats
    except ImportError:
        return {}
    largest = scores.max()
    others = np.delete(scores, scores.argmax())
    count = len(scores)
    mean, variance = others.mean(), others.var(ddof=1)
    tails = {
        "gamma": stats.gamma.sf(largest, mean**2 / variance, scale=variance / mean),
        "exponential": stats.expon.sf(largest, others.min(), mean - others.min()),
    }
    return {name: -np.expm1(count * np.log1p(-tail)) for name, tail in tails.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--range", default="0,1", type=lambda text: [float(part) for part in text.split(",")])
    parser.add_argument("--starts", default=10, type=int)
    parser.add_argument("--steps", default=50, type=int)
    parser.add_argument("--learning-rate", default=0.05, type=float)
    parser.add_argument("--sgd", action="store_true")
    parser.add_argument("--classes", default=None, type=lambda text: [int(part) for part in text.split(",")])
    parser.add_argument("--seed", default=0, type=int)
    parser.add_argument("--tolerance", default=0.02, type=float)
    parser.add_argument("--runner")
    options = parser.parse_args()
    model = logits_of(keras.models.load_model(options.model, compile=False))
    scores = np.maximum(margins(model, options).max(axis=1), 0)
    for name, p in p_values(scores).items():
        print(f"{name}: p {p:.4g}, statistic {-np.log10(p):.4f}")
    if not options.runner:
        print(" ".join(f"{score:.4f}" for score in scores))
        return
    command = [options.runner, "scan", options.model, "--verdict", "mm-bd", "--json", "--seed", str(options.seed)]
    for name, value in [
        ("range", ",".join(f"{value:g}" for value in options.range)),
        ("starts", options.starts),
        ("steps", options.steps),
        ("learning-rate", options.learning_rate),
    ]:
        command += ["--option", f"mm-bd.{name}={value}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode > 1:
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}: {done.stderr.strip()}")
    verdict = json.loads(done.stdout)["verdicts"]["mm-bd"]
    ours = np.array(verdict["scores"])
    difference = np.abs(ours - scores) / np.maximum(scores.max(), 1e-9)
    for c, (left, right) in enumerate(zip(scores, ours)):
        print(f"class {c}: TensorFlow {left:.5f}, runner {right:.5f}")
    print(f"statistic {verdict['statistic']:.4f}; largest difference {difference.max():.2g} of the largest margin")
    if difference.max() > options.tolerance:
        sys.exit("the margins differ")


if __name__ == "__main__":
    main()
