"""One engine as a long-lived process for `run`: answers a line on standard output for every line on standard input.

    peers.py ENGINE NAME [--folder DIR] [--threads 2]            forward passes over random images of one network
    peers.py ENGINE deepid --data FILE...                        forward passes over real data sets, all of them one after another
    peers.py notebook --model FILE --folder DIR [--limit N]      the main job as the notebooks do it, with Keras

ENGINE is `openvino`, `onnxruntime` or `keras`; NAME a network of `networks.py`. After loading and warming up the process prints
`ready`; then `run N` runs N images and answers `seconds X`; `run all` (with --data) runs every image of the files, reading not
counted; `outputs FILE` writes the network's outputs for the first 8 random images as .npy; the end of the input ends the process.
"""

import argparse
import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np


class OpenVINO:
    """Throughput mode: several requests in flight, each a batch. The best batch size of a short sweep is kept."""

    batches = (16, 32, 64)

    def __init__(self, network, threads):
        import openvino

        self.core = openvino.Core()
        self.path, self.threads, self.queues = network["onnx"], threads, {}
        self.openvino = openvino

    def queue(self, batch):
        if batch not in self.queues:
            model = self.core.read_model(self.path)
            model.reshape([batch, *list(model.inputs[0].get_partial_shape())[1:]])
            hints = {
                "PERFORMANCE_HINT": "THROUGHPUT",
                "INFERENCE_NUM_THREADS": self.threads,
                "INFERENCE_PRECISION_HINT": "f32",
            }
            compiled = self.core.compile_model(model, "CPU", hints)
            self.queues[batch] = (compiled, self.openvino.AsyncInferQueue(compiled))
        return self.queues[batch]

    def prepare(self, images):
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2))

    def run(self, images, batch):
        _, queue = self.queue(batch)
        rest = len(images) % batch
        for start in range(0, len(images) - rest, batch):
            queue.start_async([self.openvino.Tensor(images[start : start + batch], shared_memory=True)])
        if rest:
            # The shape is fixed, which is fastest: the last images are filled up.
            tail = np.concatenate([images[-rest:], np.zeros_like(images[:1]).repeat(batch - rest, 0)])
            queue.start_async([self.openvino.Tensor(tail, shared_memory=True)])
        queue.wait_all()

    def outputs(self, images):
        compiled, _ = self.queue(len(images))
        return compiled(images)[0]


class ONNXRuntime:
    batches = (32, 128)

    def __init__(self, network, threads):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(network["onnx"], options, ["CPUExecutionProvider"])

    def prepare(self, images):
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2))

    def run(self, images, batch):
        for start in range(0, len(images), batch):
            self.session.run(None, {"images": images[start : start + batch]})

    def outputs(self, images):
        return self.session.run(None, {"images": images})[0]


class Keras:
    """What the notebooks call: `predict` with its default batch."""

    batches = (32,)

    def __init__(self, network, threads):
        self.model = keras_model(network["h5"], threads)

    def prepare(self, images):
        return images

    def run(self, images, batch):
        self.model.predict(images, batch_size=batch, verbose=0)

    def outputs(self, images):
        value = self.model.predict(images, verbose=0)
        return value.transpose(0, 3, 1, 2) if value.ndim == 4 else value


ENGINES = {"openvino": OpenVINO, "onnxruntime": ONNXRuntime, "keras": Keras}


def keras_model(path, threads):
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    tensorflow.config.threading.set_inter_op_parallelism_threads(threads)
    import keras

    return keras.models.load_model(path, compile=False)


def images_of(path, limit=None):
    """The images of one of the lab's files as float32 NHWC, and their labels."""
    import h5py

    with h5py.File(path) as file:
        return file["data"][:limit].transpose(0, 2, 3, 1).astype("float32"), file["label"][:limit].astype("int64")


def random_images(count, shape):
    """Values of the size that the network is used to: pixels for three channels, activations for more."""
    rng = np.random.default_rng(3)
    scale = 255 if shape == [55, 47, 3] else 1
    return rng.random((count, *shape), dtype="float32") * np.float32(scale)


class Forward:
    """Forward passes of one engine; everything but the passes happens before the clock starts."""

    def __init__(self, options, network):
        self.engine = ENGINES[options.engine](network, options.threads)
        self.sets = [self.engine.prepare(images_of(path)[0]) for path in options.data]
        if not self.sets:
            self.sets = [self.engine.prepare(random_images(options.images, network["shape"]))]
        self.batch = self.fastest()

    def fastest(self):
        """The batch size with the best of three short runs, after one to warm up."""
        some = self.sets[0][:256]
        best = {}
        for batch in self.engine.batches:
            self.engine.run(some, batch)
            best[batch] = min(timed(lambda: self.engine.run(some, batch)) for _ in range(3))
        return min(best, key=best.get)

    def answer(self, words):
        if words[0] == "outputs":
            np.save(words[1], self.engine.outputs(self.sets[0][:8]))
            return "written"
        sets = self.sets if words[1] == "all" else [self.sets[0][: int(words[1])]]
        return f"seconds {timed(lambda: [self.engine.run(images, self.batch) for images in sets]):.6f}"


class Notebook:
    """The main job the way the lab's notebooks do it: one `predict` for every question."""

    def __init__(self, options):
        self.options = options
        self.model = keras_model(options.model, options.threads)

    def answer(self, words):
        return f"seconds {timed(self.job):.6f} " + json.dumps(self.result)

    def job(self):
        import keras

        limit, folder = self.options.limit, self.options.folder
        valid, valid_labels = images_of(os.path.join(folder, "cl/valid.h5"), limit)
        test, test_labels = images_of(os.path.join(folder, "cl/test.h5"), limit)
        poisoned, poisoned_labels = images_of(os.path.join(folder, "bd/bd_test.h5"), limit)
        loaded = time.perf_counter()
        suspect = self.model

        def classes(model, images):
            return model.predict(images, verbose=0).argmax(1)

        base = int((classes(suspect, valid) == valid_labels).sum())
        clean = int((classes(suspect, test) == test_labels).sum())
        hits = int((classes(suspect, poisoned) == poisoned_labels).sum())
        measured = time.perf_counter()

        pooled = keras.Model(suspect.inputs, suspect.get_layer("pool_3").output)
        order = np.argsort(pooled.predict(valid, verbose=0).mean((0, 1, 2)), kind="stable")
        pruned = keras.models.clone_model(suspect)
        pruned.set_weights(suspect.get_weights())
        drops, repaired, curve = [2, 4, 10], {}, []
        for count, channel in enumerate(order, 1):
            kernel, bias = pruned.get_layer("conv_3").get_weights()
            kernel[..., channel] = 0
            bias[channel] = 0
            pruned.get_layer("conv_3").set_weights([kernel, bias])
            correct = int((classes(pruned, valid) == valid_labels).sum())
            curve.append(correct)
            for drop in drops:
                if drop not in repaired and (base - correct) * 100 >= drop * len(valid):
                    repaired[drop] = (count, pruned.get_weights())
        swept = time.perf_counter()

        results = {}
        for drop, (count, weights) in repaired.items():
            pruned.set_weights(weights)
            row = {"channels": count}
            for name, images, labels in (("test", test, test_labels), ("bd_test", poisoned, poisoned_labels)):
                first, second = classes(suspect, images), classes(pruned, images)
                goodnet = np.where(first == second, first, 1283)
                row[name] = {
                    "repaired": int((second == labels).sum()),
                    "goodnet": int((goodnet == labels).sum()),
                    "flagged": int((goodnet == 1283).sum()),
                }
            results[drop] = row
        self.result = {
            "correct": {"valid": base, "test": clean, "bd_test": hits}, "curve": curve, "thresholds": results,
            "seconds": {"base": measured - loaded, "sweep": swept - measured, "goodnet": time.perf_counter() - swept},
            "peak_mb": peak(),
        }


def peak():
    """The process's largest resident size in megabytes."""
    import resource

    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size // (1 << 20) if sys.platform == "darwin" else size >> 10


def timed(body):
    start = time.perf_counter()
    body()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=[*ENGINES, "notebook"])
    parser.add_argument("network", nargs="?")
    parser.add_argument("--folder", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".cache"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--images", type=int, default=2048)
    parser.add_argument("--data", nargs="*", default=[])
    parser.add_argument("--model")
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    # What libraries print must not end up between our answers.
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    if options.engine == "notebook":
        process = Notebook(options)
    else:
        with open(os.path.join(options.folder, "networks.json")) as file:
            process = Forward(options, json.load(file)[options.network])
    batch = getattr(process, "batch", 32)
    print(f"ready batch {batch}", file=out)
    for line in sys.stdin:
        words = line.split()
        if words:
            print(process.answer(words), file=out)


main()
