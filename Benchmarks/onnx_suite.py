"""Runs ONNX's own conformance tests through DefenseKit.

    swift build -c release --product benchmark
    pip install -r Benchmarks/onnx-requirements.txt
    apt-get download libonnx-testdata && dpkg -x libonnx-testdata*.deb testdata
    python3 Benchmarks/onnx_suite.py BENCHMARK testdata/usr/share/libonnx-testdata/data/{node,pytorch-*}
    python3 Benchmarks/onnx_suite.py BENCHMARK light     # the light models of PyPI's onnx

A test's first input becomes the images, with axes of extent 1 where it has fewer than four; its
other inputs become constants, and its output is flattened. Tests whose first input or output does
not hold 32-bit floats of one or more images have no such form. One line a test: passed, the largest
difference as a part of the scores' range, or the reason of a refusal; then the counts.
"""

import collections
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, version_converter

LIMIT = 1e-4


def tensor(path):
    proto = TensorProto()
    proto.ParseFromString(path.read_bytes())
    return numpy_helper.to_array(proto)


def stored(model):
    """Stores the weights that the light models compute from their shapes, as real models do."""
    constants = {t.name: t for t in model.graph.initializer}
    kept = []
    for node in model.graph.node:
        if node.op_type == "ConstantOfShape" and node.input[0] in constants:
            value = numpy_helper.to_array(node.attribute[0].t) if node.attribute else np.zeros(1, np.float32)
            shape = numpy_helper.to_array(constants[node.input[0]])
            model.graph.initializer.append(numpy_helper.from_array(np.full(shape, value[0], value.dtype), node.output[0]))
        else:
            kept.append(node)
    del model.graph.node[:]
    model.graph.node.extend(kept)


def as_classifier(model, inputs, expected):
    """Returns a network of images and a vector, and the images; None if the test has no such form."""
    graph = model.graph
    names = [value.name for value in graph.input if value.name not in {t.name for t in graph.initializer}]
    if not names or len(inputs) != len(names) or len(graph.output) != 1:
        return None
    images = inputs[0]
    if images.dtype != np.float32 or not 2 <= images.ndim <= 4 or images.shape[0] < 1 or expected.dtype != np.float32:
        return None
    if expected.ndim < 1 or expected.shape[0] != images.shape[0] or expected.size < 2 * images.shape[0]:
        return None
    del graph.input[:]
    shape = list(images.shape)
    whole = [shape[0]] + [1] * (4 - len(shape)) + shape[1:]
    graph.input.append(helper.make_tensor_value_info("suite_images", TensorProto.FLOAT, whole))
    nodes = []
    if whole == shape:
        nodes.append(helper.make_node("Identity", ["suite_images"], [names[0]]))
    else:
        graph.initializer.append(numpy_helper.from_array(np.array(shape, np.int64), "suite_shape"))
        nodes.append(helper.make_node("Reshape", ["suite_images", "suite_shape"], [names[0]]))
    for name, value in zip(names[1:], inputs[1:]):
        graph.initializer.append(numpy_helper.from_array(value, name))
    nodes += list(graph.node)
    nodes.append(helper.make_node("Flatten", [graph.output[0].name], ["suite_scores"], axis=1))
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("suite_scores", TensorProto.FLOAT, None))
    return model, images.reshape(whole)


def scores(benchmark, model, images, folder):
    """Returns the scores, or the reason why there are none."""
    path, data = folder / "net.onnx", folder / "images.h5"
    onnx.save(model, path)
    with h5py.File(data, "w") as file:
        file["data"] = images
        file["label"] = np.zeros(len(images), np.int64)
    done = subprocess.run([benchmark, "scores", path, data], capture_output=True, text=True)
    if done.returncode != 0:
        line = next((line for line in done.stderr.splitlines() if "rror" in line), "?")
        return line.split(": ", 3)[-1].replace(str(folder) + "/", "")
    return np.array([[float(score) for score in line.split()] for line in done.stdout.splitlines()])


def judge(benchmark, model, images, expected, folder):
    actual = scores(benchmark, model, images, folder)
    if isinstance(actual, str):
        return f"refused: {actual}"
    expected = expected.reshape(len(images), -1).astype(np.float64)
    if actual.shape != expected.shape:
        return f"FAILED: {actual.shape[1]} scores, not {expected.shape[1]}"
    difference = np.abs(actual - expected).max() / max(np.ptp(expected), np.abs(expected).max(), 1e-30)
    return "passed" if difference <= LIMIT else f"FAILED: differs by {difference:.1e}"


def tests(places):
    """Yields the name of each test, its model, inputs and expected output."""
    for place in places:
        if place == "light":
            import onnxruntime
            root = pathlib.Path(onnx.__file__).parent / "backend/test/data/light"
            for path in sorted(root.glob("*.onnx")):
                model = onnx.load(path)
                stored(model)
                constants = {t.name for t in model.graph.initializer}
                value = next(v for v in model.graph.input if v.name not in constants)
                shape = [d.dim_value for d in value.type.tensor_type.shape.dim]
                images = np.random.default_rng(1).random(shape, dtype=np.float32)
                session = onnxruntime.InferenceSession(model.SerializeToString())
                yield path.stem, model, [images], session.run(None, {value.name: images})[0]
            continue
        for folder in sorted(pathlib.Path(place).iterdir()):
            data = folder / "test_data_set_0"
            if not (folder / "model.onnx").exists() or not (data / "output_0.pb").exists():
                continue
            try:
                inputs = [tensor(data / f"input_{n}.pb") for n in range(len(list(data.glob("input_*.pb"))))]
                model = onnx.load(folder / "model.onnx")
                # The tests that were made with PyTorch are of version 6; 7 to 22 are read.
                if model.opset_import[0].version < 7:
                    model = version_converter.convert_version(model, 11)
                yield f"{pathlib.Path(place).name}/{folder.name}", model, inputs, tensor(data / "output_0.pb")
            except Exception:
                yield f"{pathlib.Path(place).name}/{folder.name}", None, [], None


def main():
    benchmark, counts = sys.argv[1], collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, model, inputs, expected in tests(sys.argv[2:]):
            form = None if model is None else as_classifier(model, inputs, expected)
            result = judge(benchmark, *form, expected, folder) if form else "no images"
            counts[name.split("/")[0] if "/" in name else "light", result.split(":")[0]] += 1
            print(f"{name:64} {result}", flush=True)
    for (kind, result), count in sorted(counts.items()):
        print(f"{kind:20} {result:10} {count}")
    return 1 if any(result == "FAILED" for _, result in counts) else 0


if __name__ == "__main__":
    sys.exit(main())
