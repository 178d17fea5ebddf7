"""Compares the scores of ONNX models with those of ONNX Runtime.

    swift build -c release --product benchmark
    pip install -r Benchmarks/onnx-requirements.txt
    python3 Benchmarks/onnx_scores.py BENCHMARK cases        # small random networks, opsets 7 to 22
    python3 Benchmarks/onnx_scores.py BENCHMARK torchvision  # networks of torchvision
    python3 Benchmarks/onnx_scores.py BENCHMARK MODEL...     # files

Each model gets random images; the largest difference of a score is printed as a part of the range
of all scores. Then the same for two copies that we write: one with other weights in the model's own
file, and one written anew; onnx.checker checks both. The exit status is 1 if a difference exceeds
1e-4.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

LIMIT = 1e-4
IMAGES = 6


def compare(benchmark, path, folder, name):
    """Prints and returns the largest difference for a model and for copies that we write."""
    worst = compare_one(benchmark, path, folder, name)
    for kind in ["onnx", "new"] if worst < 1 else []:
        copies = folder / "copies"
        shutil.rmtree(copies, ignore_errors=True)
        copies.mkdir()
        copy = copies / "copy.onnx"
        done = subprocess.run([benchmark, "write", path, copy, kind, "7"], capture_output=True,
                              text=True)
        if done.returncode != 0:
            print(f"{'  ' + kind:36} NOT WRITTEN {done.stderr[-300:]}", flush=True)
            worst = 1.0
            continue
        # A copy has the faults of its original, such as an output without a shape.
        if kind == "new" or is_valid(path):
            onnx.checker.check_model(str(copy), full_check=True)
        worst = max(worst, compare_one(benchmark, copy, folder, "  " + kind))
    return worst


def is_valid(path):
    """Returns whether onnx.checker accepts a model."""
    try:
        onnx.checker.check_model(str(path), full_check=True)
        return True
    except Exception:
        return False


def compare_one(benchmark, path, folder, name):
    """Prints and returns the largest difference of the scores as a part of their range."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options)
    entry = session.get_inputs()[0]
    images = np.random.default_rng(1).random([IMAGES, *entry.shape[1:]], dtype=np.float32)
    batch = entry.shape[0] if isinstance(entry.shape[0], int) else IMAGES
    kind = np.float16 if "float16" in entry.type else np.float32
    parts = [images[i:i + batch].astype(kind) for i in range(0, IMAGES, batch)]
    expected = np.concatenate([session.run(None, {entry.name: part})[0] for part in parts])
    expected = expected.reshape(IMAGES, -1).astype(np.float64)
    data = folder / "images.h5"
    with h5py.File(data, "w") as file:
        file["data"] = images
        file["label"] = np.arange(IMAGES, dtype=np.int64) % 2
    done = subprocess.run([benchmark, "scores", path, data], capture_output=True, text=True)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "rror" in line]
        print(f"{name:36} FAILED {(lines or done.stderr.splitlines() or [''])[0][:300]}", flush=True)
        return 1.0
    actual = np.array([[float(score) for score in line.split()] for line in done.stdout.splitlines()])
    if expected.shape[1] == 1 and actual.shape[1] == 2:
        actual = actual[:, 1:]
    difference = float(np.abs(actual - expected).max() / (np.ptp(expected) or 1))
    print(f"{name:36} {difference:.1e}{'' if difference <= LIMIT else '  TOO LARGE'}", flush=True)
    return difference


class Net:
    """Builds a small network node by node."""

    def __init__(self, opset, shape=(3, 16, 16), batch="n", seed=0):
        self.opset, self.shape, self.batch = opset, shape, batch
        self.random = np.random.default_rng(seed)
        self.nodes, self.tensors, self.count = [], [], 0

    def name(self, stem):
        self.count += 1
        return f"{stem}{self.count}"

    def tensor(self, values, stem="w"):
        values = np.asarray(values)
        if values.dtype == np.float64:
            values = values.astype(np.float32)
        name = self.name(stem)
        self.tensors.append(numpy_helper.from_array(values, name))
        return name

    def weights(self, *shape):
        fan = np.prod(shape[1:]) if len(shape) > 1 else 1
        return self.tensor(self.random.normal(0, fan ** -0.5, shape))

    def add(self, kind, *inputs, **attributes):
        output = self.name(kind.lower())
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=self.name("node"),
                                           **attributes))
        return output

    def conv(self, x, inputs, outputs, size=3, bias=True, group=1, **attributes):
        parts = [x, self.weights(outputs, inputs // group, size, size)]
        if bias:
            parts.append(self.weights(outputs))
        if group > 1:
            attributes["group"] = group
        return self.add("Conv", *parts, **attributes)

    def norm(self, x, channels, **attributes):
        return self.add("BatchNormalization", x, self.tensor(self.random.random(channels) + 0.5),
                        self.weights(channels), self.weights(channels),
                        self.tensor(self.random.random(channels) + 0.5), **attributes)

    def dense(self, x, inputs, outputs=5):
        return self.add("Gemm", x, self.weights(outputs, inputs), self.weights(outputs), transB=1)

    def list(self, kind, x, name, values, attribute_until, **attributes):
        """Adds a node whose list is an attribute up to an opset, then an input."""
        if self.opset <= attribute_until:
            return self.add(kind, x, **{name: values}, **attributes)
        return self.add(kind, x, self.tensor(np.array(values, np.int64)), **attributes)

    def save(self, path, output):
        graph = helper.make_graph(
            self.nodes, "net",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, [self.batch, *self.shape])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)], self.tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)],
                                  ir_version=min(8 if self.opset < 21 else 10, onnx.IR_VERSION))
        onnx.save(model, path)


def cases():
    """Yields pairs of a name and a function that returns the output of a network."""
    def plain(net):
        x = net.add("Relu", net.conv("image", 3, 8, pads=[1, 1, 1, 1]))
        x = net.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
        x = net.add("Relu", net.norm(net.conv(x, 8, 6, strides=[2, 2], pads=[1, 1, 1, 1]), 6))
        return net.add("Softmax", net.dense(net.add("Flatten", x), 6 * 4 * 4))
    yield "flatten and dense", plain, 7

    def windows(net):
        x = net.conv("image", 3, 8, size=5, pads=[2, 1, 0, 2], strides=[2, 1], dilations=[1, 2])
        x = net.add("MaxPool", net.add("Tanh", x), kernel_shape=[3, 2], strides=[2, 2],
                    pads=[1, 1, 1, 0])
        x = net.conv(x, 8, 12, group=4, auto_pad="SAME_LOWER", strides=[2, 2])
        x = net.conv(x, 12, 24, group=12, auto_pad="SAME_UPPER")
        x = net.add("AveragePool", x, kernel_shape=[2, 2], pads=[0, 0, 1, 1])
        x = net.add("AveragePool", x, kernel_shape=[2, 2], pads=[1, 1, 0, 0], count_include_pad=1)
        return net.dense(net.add("Flatten", net.add("GlobalMaxPool", x)), 24)
    yield "windows", windows, 7

    def ceiling(net):
        x = net.add("MaxPool", net.conv("image", 3, 8), kernel_shape=[3, 3], strides=[2, 2],
                    ceil_mode=1)
        x = net.add("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
        x = net.add("MaxPool", x, kernel_shape=[2, 2], strides=[3, 3], pads=[1, 1, 1, 1],
                    ceil_mode=1)
        return net.add("Flatten", net.add("GlobalAveragePool", x))
    yield "ceil mode", ceiling, 10

    def residual(net):
        x = net.conv("image", 3, 8, pads=[1, 1, 1, 1])
        y = net.add("Relu", net.norm(x, 8, epsilon=1e-3))
        y = net.conv(y, 8, 8, pads=[1, 1, 1, 1], bias=False)
        y = net.add("Add", y, net.weights(8, 1, 1))
        x = net.add("Add", x, y)
        x = net.add("Concat", x, y, net.add("Sub", x, y), axis=1)
        x = net.add("Sum", x, net.add("Neg", x), net.add("Max", x, net.add("Neg", x)))
        x = net.add("Mul", x, net.tensor(np.float32(0.5)))
        x = net.add("Div", x, net.tensor(net.random.random((1, 24, 1, 1)) + 1))
        x = net.add("Sub", net.weights(24, 1, 1), x)
        s = net.add("Sigmoid", net.conv(net.add("GlobalAveragePool", x), 24, 24, size=1))
        x = net.add("Mul", s, x)
        x = net.list("ReduceMean", x, "axes", [2, 3], 17, keepdims=0)
        x = net.add("Add", net.add("MatMul", x, net.weights(24, 5)), net.weights(5))
        return net.add("LogSoftmax", x)
    yield "residual and squeeze-excite", residual, 8

    def activations(net):
        x = net.conv("image", 3, 8)
        for kind, since, attributes in [
                ("Relu", 7, {}), ("LeakyRelu", 7, {"alpha": 0.2}), ("Elu", 7, {"alpha": 0.7}),
                ("Selu", 7, {}), ("Celu", 12, {}), ("Sigmoid", 7, {}), ("HardSigmoid", 7, {}),
                ("HardSwish", 14, {}), ("Tanh", 7, {}), ("Softplus", 7, {}), ("Softsign", 7, {}),
                ("Gelu", 20, {}), ("Gelu", 20, {"approximate": "tanh"}), ("Mish", 18, {}),
                ("Exp", 7, {})]:
            if net.opset < since:
                continue
            y = net.add(kind, net.conv(x, 8, 8, size=1), **attributes)
            x = net.norm(net.add("Add", x, y), 8)
        if net.opset < 11:
            x = net.add("Clip", x, min=0.0, max=6.0)
        else:
            x = net.add("Clip", x, net.tensor(np.float32(0)), net.tensor(np.float32(6)))
        x = net.add("PRelu", x, net.tensor(np.full((8, 1, 1), 0.3)))
        if net.opset < 12:
            x = net.add("Dropout", x, ratio=0.3)
        else:
            x = net.add("Dropout", x, net.tensor(np.float32(0.3)))
        x = net.add("Identity", x)
        return net.dense(net.add("Flatten", net.add("GlobalAveragePool", x)), 8)
    yield "activations", activations, 7

    def shapes(net):
        if net.opset < 11:
            x = net.add("Pad", "image", pads=[0, 0, 1, 2, 0, 0, 0, 1])
        else:
            x = net.add("Pad", "image", net.tensor(np.array([0, 0, 1, 2, 0, 0, 0, 1])))
        x = net.add("Relu", net.conv(x, 3, 6, strides=[4, 4]))
        size = net.add("Shape", x)
        first = net.add("Gather", size, net.tensor(np.int64(0)), axis=0)
        first = net.list("Unsqueeze", first, "axes", [0], 12)
        second = net.add("Concat", first, net.tensor(np.array([-1])), axis=0)
        x = net.add("Reshape", x, second)
        x = net.norm(x, 120)
        x = net.add("Relu", net.dense(x, 120, 32))
        x = net.add("Reshape", x, net.tensor(np.array([0, 2, 4, 4])))
        x = net.conv(x, 2, 4)
        x = net.add("Transpose", x, perm=[0, 2, 3, 1])
        x = net.add("Add", net.add("MatMul", x, net.weights(4, 6)), net.weights(6))
        x = net.add("Transpose", x, perm=[0, 3, 1, 2])
        x = net.add("GlobalAveragePool", x)
        return net.list("Squeeze", x, "axes", [2, 3], 12)
    yield "shapes", shapes, 7

    def shuffle(net):
        x = net.conv("image", 3, 8)
        x = net.add("Reshape", x, net.tensor(np.array([0, 2, 4, 14, 14])))
        x = net.add("Transpose", x, perm=[0, 2, 1, 3, 4])
        x = net.add("Reshape", x, net.tensor(np.array([0, 8, 14, 14])))
        x = net.add("InstanceNormalization", x, net.weights(8), net.weights(8))
        x = net.add("MaxPool", net.conv(x, 8, 8, group=2), kernel_shape=[6, 6], strides=[6, 6])
        x = net.add("Concat", net.add("Flatten", x), net.add("Flatten", net.add("Relu", x)), axis=1)
        return net.dense(x, 64)
    yield "channel shuffle", shuffle, 9

    def parts(net):
        x = net.add("Relu", net.conv("image", 3, 12))
        outputs = [net.name("split") for _ in range(3)]
        if net.opset < 13:
            net.nodes.append(helper.make_node("Split", [x], outputs, axis=1, split=[5, 4, 3]))
        else:
            net.nodes.append(helper.make_node("Split", [x, net.tensor(np.array([5, 4, 3]))],
                                              outputs, axis=1))
        a, b, c = outputs
        b = net.add("Relu", net.conv(b, 4, 4, pads=[1, 1, 1, 1]))
        x = net.add("Concat", c, b, a, axis=1)
        x = net.add("Slice", x, *(net.tensor(np.array(v)) for v in (
            [10, 0], [-13, 12], [1, 2], [-2, 2])))
        x = net.add("Gather", x, net.tensor(np.array([4, 0, 0, -1])), axis=1)
        x = net.add("Concat", x, net.add("Neg", x), axis=3)
        return net.dense(net.add("Flatten", x), 4 * 6 * 28)
    yield "parts", parts, 10

    def older(net):
        x = net.add("LRN", net.conv("image", 3, 12), size=5, alpha=0.5, beta=0.75, bias=1.5)
        x = net.add("PRelu", x, net.weights(12, 1, 1))
        x = net.add("LRN", net.conv(x, 12, 9, size=1), size=3, alpha=2.0)
        none = net.tensor(np.zeros(0, np.float32))
        x = net.add("Resize", x, none, net.tensor(np.array([1, 1, 2, 1.5], np.float32)),
                    mode="nearest", coordinate_transformation_mode="asymmetric",
                    nearest_mode="floor")
        x = net.conv(x, 9, 6, strides=[2, 2])
        x = net.add("Resize", x, none, none, net.tensor(np.array([net.batch if net.batch == 1 else
                                                                  IMAGES, 6, 9, 17])),
                    mode="linear", coordinate_transformation_mode="half_pixel")
        x = net.add("Resize", x, none, net.tensor(np.array([1, 1, 0.7, 0.6], np.float32)),
                    mode="nearest")
        return net.dense(net.add("Flatten", net.add("GlobalAveragePool", x)), 6)
    yield "LRN, PRelu and Resize", older, 11

    def attention(net):
        x = net.conv("image", 3, 12, size=4, strides=[4, 4])
        x = net.add("Transpose", net.add("Reshape", x, net.tensor(np.array([0, 12, 16]))),
                    perm=[0, 2, 1])
        batch = net.add("Slice", net.add("Shape", x), net.tensor(np.array([0])),
                        net.tensor(np.array([1])))
        whole = net.add("Concat", batch, net.tensor(np.array([1, 12])), axis=0)
        x = net.add("Concat", net.add("Expand", net.weights(1, 1, 12), whole), x, axis=1)
        x = net.add("Add", x, net.weights(1, 17, 12))
        y = net.add("Transpose", x, perm=[1, 0, 2])
        y = net.add("Add", net.add("MatMul", y, net.weights(12, 36)), net.weights(36))
        # Heads beside the images, as PyTorch does it.
        heads = net.add("Concat", net.tensor(np.array([17])),
                        net.add("Mul", batch, net.tensor(np.array([3]))),
                        net.tensor(np.array([4])), axis=0)
        three = [net.name("split") for _ in range(3)]
        net.nodes.append(helper.make_node("Split", [y, net.tensor(np.array([12, 12, 12]))], three,
                                          axis=2))
        q, k, v = (net.add("Transpose", net.add("Reshape", part, heads), perm=[1, 0, 2])
                   for part in three)
        y = net.add("MatMul", net.add("Mul", q, net.tensor(np.float32(0.5))),
                    net.add("Transpose", k, perm=[0, 2, 1]))
        y = net.add("Softmax", y, axis=-1)
        y = net.add("Transpose", net.add("MatMul", y, v), perm=[1, 0, 2])
        flat = net.add("Concat", net.tensor(np.array([17])), batch, net.tensor(np.array([12])),
                       axis=0)
        y = net.add("MatMul", net.add("Reshape", y, flat), net.weights(12, 12))
        x = net.add("Add", net.add("Transpose", y, perm=[1, 0, 2]), x)
        y = net.add("MatMul", x, net.weights(12, 20))
        e = net.add("Erf", net.add("Div", y, net.tensor(np.float32(2 ** 0.5))))
        y = net.add("Mul", y, net.add("Add", e, net.tensor(np.float32(1))))
        y = net.add("MatMul", net.add("Mul", y, net.tensor(np.float32(0.5))), net.weights(20, 12))
        x = net.add("Add", x, y)
        return net.dense(net.add("Gather", x, net.tensor(np.int64(0)), axis=1), 12)
    yield "attention", attention, 13

    def last(net):
        x = net.add("Transpose", "image", perm=[0, 3, 1, 2])
        x = net.add("Relu", net.conv(x, 3, 6, auto_pad="SAME_UPPER", strides=[2, 2]))
        x = net.add("Transpose", x, perm=[0, 2, 3, 1])
        if net.opset >= 17:
            x = net.add("LayerNormalization", x, net.weights(6), net.weights(6))
        x = net.add("Reshape", x, net.tensor(np.array([-1, 384])))
        return net.add("Softmax", net.add("Add", net.add("MatMul", x, net.weights(384, 4)),
                                          net.weights(4)))
    yield "channels last", last, 7

    def single(net):
        x = net.add("Relu", net.conv("image", 3, 6))
        return net.add("Sigmoid", net.dense(net.add("Flatten", net.add("GlobalMaxPool", x)), 6, 1))
    yield "single sigmoid", single, 7


def run_cases(benchmark, folder):
    worst = 0
    for opset in [7, 8, 10, 11, 12, 13, 14, 17, 18, 20, 21, 22]:
        for name, build, since in cases():
            if opset < since:
                continue
            for batch in ["n", 1]:
                shape = (16, 16, 3) if name == "channels last" else (3, 16, 16)
                net = Net(opset, shape, batch, seed=opset)
                path = folder / "net.onnx"
                net.save(path, build(net))
                worst = max(worst, compare(benchmark, path, folder, f"{name}, opset {opset}, {batch}"))
    return worst


def run_torchvision(benchmark, folder):
    import torch
    import torchvision

    worst = 0
    sizes = {"resnet18": 64, "vgg11": 64, "vgg11_bn": 64, "mobilenet_v2": 64, "densenet121": 64,
             "squeezenet1_1": 64, "alexnet": 64, "mobilenet_v3_small": 64, "efficientnet_b0": 64,
             "resnext50_32x4d": 64, "shufflenet_v2_x1_0": 64, "googlenet": 64, "convnext_tiny": 64,
             "vit_b_16": 224, "swin_t": 224, "swin_v2_t": 224}
    for name, size in sizes.items():
        torch.manual_seed(0)
        options = {"init_weights": True} if name == "googlenet" else {}
        model = torchvision.models.get_model(name, weights=None, num_classes=10, **options)
        # Statistics that differ from their first values.
        model.train()
        with torch.no_grad():
            for _ in range(3):
                model(torch.rand(8, 3, size, size))
        model.eval()
        for dynamo, opset in [(False, 11), (False, 17), (True, 20)]:
            path = folder / "net.onnx"
            for old in folder.glob("net.onnx*"):
                old.unlink()
            label = f"{name}, opset {opset}{', dynamo' if dynamo else ''}"
            try:
                axes = {} if dynamo else {"dynamic_axes": {"image": {0: "n"}}}
                torch.onnx.export(model, (torch.rand(1, 3, size, size),), str(path), dynamo=dynamo,
                                  opset_version=opset, input_names=["image"], **axes)
            except Exception as error:
                print(f"{label:36} NOT EXPORTED {str(error)[:100]!r}", flush=True)
                continue
            worst = max(worst, compare(benchmark, path, folder, label))
    return worst


def main():
    benchmark, names = sys.argv[1], sys.argv[2:]
    worst = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name in names:
            if name == "cases":
                worst = max(worst, run_cases(benchmark, folder))
            elif name == "torchvision":
                worst = max(worst, run_torchvision(benchmark, folder))
            else:
                worst = max(worst, compare(benchmark, name, folder, pathlib.Path(name).name))
    print(f"largest difference: {worst:.1e}")
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
