#!/usr/bin/env python3
"""Times Neural Cleanse in Keras and TensorFlow as it is usually run: one class after another, batches of 32, no screening.

    Benchmarks/cleanse.py MODEL.h5 IMAGES.h5 [--classes 0,500,1000] [--steps 100] [--batches 8] [--threads 2] [--scale 1]

IMAGES.h5 holds the images as `data`, [images, channels, height, width]. A step is `--batches` batches; mask, pattern, Adam and the
schedule of the cost are those of Documentation/Algorithms.md. Prints seconds, steps and the smallest mask for each class, the mean, and
what all classes would take. Run it with a Python that has Keras, TensorFlow and h5py, such as that of Scripts/test.
"""

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import h5py
import keras
import numpy as np
import tensorflow as tf


class Search:
    """The search for one class's trigger after another, with one compiled step."""

    def __init__(self, network, images, scale):
        self.network, self.images, self.scale = network, images, scale
        self.mask = tf.Variable(tf.zeros((*images.shape[1:3], 1)))
        self.pattern = tf.Variable(tf.zeros(images.shape[1:]))
        self.parts = [self.mask, self.pattern]
        self.means = [tf.Variable(tf.zeros_like(part)) for part in self.parts]
        self.squares = [tf.Variable(tf.zeros_like(part)) for part in self.parts]
        self.count = tf.Variable(0.0)

    def stamped(self, x):
        m, p = (tf.tanh(self.mask) + 1) / 2, 255 * (tf.tanh(self.pattern) + 1) / 2
        return ((1 - m) * x + m * p) * self.scale, tf.reduce_sum(m)

    @tf.function
    def descend(self, x, labels, cost):
        with tf.GradientTape() as tape:
            inputs, size = self.stamped(x)
            scores = self.network(inputs, training=False)
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, scores)) + cost * size
        self.count.assign_add(1.0)
        for part, gradient, mean, square in zip(self.parts, tape.gradient(loss, self.parts), self.means, self.squares):
            mean.assign(0.5 * mean + 0.5 * gradient)
            square.assign(0.9 * square + 0.1 * gradient * gradient)
            first, second = mean / (1 - 0.5**self.count), square / (1 - 0.9**self.count)
            part.assign_sub(0.1 * first / (tf.sqrt(second) + 1e-7))

    @tf.function
    def predictions(self, x):
        inputs, size = self.stamped(x)
        return tf.argmax(self.network(inputs, training=False), axis=1), size

    def run(self, target, options, numbers):
        """Returns the sum of the smallest mask that succeeds, None if none does, and the steps taken."""
        for part in self.parts:
            part.assign(np.arctanh(numbers.uniform(-1, 1, part.shape) * (1 - 1e-6)))
        for average in [*self.means, *self.squares, self.count]:
            average.assign(tf.zeros_like(average))
        labels = tf.fill((32,), target)
        cost, best, mark, waited = 0.0, None, float("inf"), 0
        successes = failures = 0
        risen = fallen = False
        for step in range(1, options.steps + 1):
            for _ in range(options.batches):
                batch = self.images[numbers.integers(len(self.images), size=32)]
                self.descend(batch, labels, tf.constant(cost, tf.float32))
            found, size = self.predictions(self.images)
            succeeded = float(np.mean(found.numpy() == target)) >= 0.99
            if succeeded and (best is None or size < best):
                best = float(size)
            if best is not None:
                waited = 0 if best < 0.99 * mark else waited + 1
                mark = best if waited == 0 else mark
            if risen and fallen and waited >= 25:
                return best, step
            successes, failures = (successes + 1, 0) if succeeded else (0, failures + 1)
            if successes == 5:
                risen, cost, successes = risen or cost > 0, 1e-3 if cost == 0 else 2 * cost, 0
            elif failures == 5:
                fallen, cost, failures = fallen or cost > 0, cost / 2**1.5, 0
        return best, options.steps


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("images")
    parser.add_argument("--classes", default="0,500,1000")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--batches", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--scale", type=float, default=1)
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    network = keras.models.load_model(options.model, compile=False)
    with h5py.File(options.images) as file:
        images = np.asarray(file["data"]).transpose(0, 2, 3, 1).astype("float32")[:256]
    search = Search(network, images, options.scale)
    numbers = np.random.default_rng(0)
    search.descend(images[:32], tf.fill((32,), 0), tf.constant(0.0))
    search.predictions(images)
    seconds = []
    for target in map(int, options.classes.split(",")):
        start = time.perf_counter()
        size, steps = search.run(target, options, numbers)
        seconds.append(time.perf_counter() - start)
        mask = "none" if size is None else f"{size:.1f} pixels"
        print(f"class {target}: {seconds[-1]:.1f} s, {steps} steps, smallest mask {mask}", flush=True)
    mean, count = sum(seconds) / len(seconds), network.output_shape[-1]
    print(f"mean {mean:.1f} s a class; all {count} classes would take {mean * count / 3600:.1f} hours")


if __name__ == "__main__":
    main()
