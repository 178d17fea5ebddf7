"""Writes programs.json: programs of torch.export without their weights, and PyTorch's scores for them: program_golden.py FILE.

Weights and images are those of known_golden.py: functions of their place.
"""

import io
import json
import sys
import warnings
import zipfile

import torch
import torch.nn as nn
import torch.nn.functional as F

from known_golden import numbers

warnings.filterwarnings("ignore")


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 5, stride=2, padding=2, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=2)
        self.bn2 = nn.BatchNorm2d(8, eps=1e-3)
        self.pool = nn.MaxPool2d(3, 2, 1, ceil_mode=True)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(8, 7)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        x = self.pool(x + self.bn2(self.conv2(x)))
        return self.fc(self.drop(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1)))


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 12, 3, padding="same")
        self.depth = nn.Conv2d(12, 12, 3, stride=2, padding=1, groups=12)
        self.squeeze = nn.Conv2d(12, 4, 1)
        self.widen = nn.Conv2d(4, 12, 1)
        self.act = nn.PReLU(12)
        self.fc = nn.Linear(15, 5, bias=False)

    def forward(self, x):
        small = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
        x = F.silu(self.conv1(x))
        x = F.relu6(self.depth(x))
        gate = torch.sigmoid(self.widen(F.relu(self.squeeze(F.adaptive_avg_pool2d(x, (1, 1))))))
        x = torch.cat([self.act(x * gate), F.hardtanh(small * 8)], dim=1)
        return self.fc(x.mean([2, 3]))


class Activations(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.fc = nn.Linear(64, 6)

    def forward(self, x):
        x = self.conv(x)
        x = F.hardswish(x) + F.hardsigmoid(x) - F.elu(x, 0.7) * 0.5
        x = F.leaky_relu(x, 0.2) + F.gelu(x) + F.gelu(x, approximate="tanh") + F.softplus(x)
        x = F.mish(x) / 2 + torch.tanh(x)
        x = F.adaptive_avg_pool2d(x, (4, 4))
        return F.softmax(self.fc(x.reshape(x.shape[0], -1)), dim=-1)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 4, stride=4)
        self.depth = nn.Conv2d(8, 8, 7, padding=3, groups=8)
        self.norm = nn.LayerNorm(8, eps=1e-6)
        self.up = nn.Linear(8, 16)
        self.down = nn.Linear(16, 8)
        self.scale = nn.Parameter(torch.ones(8, 1, 1))
        self.head = nn.Linear(8, 9)

    def forward(self, x):
        x = self.stem(F.pad(x, (1, 2, 2, 1)))
        y = self.norm(self.depth(x).permute(0, 2, 3, 1))
        x = x + self.scale * self.down(F.gelu(self.up(y))).permute(0, 3, 1, 2)
        return self.head(x.mean((-2, -1)))


class Shuffled(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.conv = nn.Conv2d(4, 4, 3, padding=1, groups=4)
        self.fc = nn.Linear(8, 4)

    def forward(self, x):
        left, right = F.relu(self.stem(x)).chunk(2, dim=1)
        x = torch.cat((left, self.conv(right)), dim=1)
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w)
        return self.fc(x[:, :, 1:, :-1].mean([2, 3]))


class Attending(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 12, 4, stride=4)
        self.token = nn.Parameter(torch.zeros(1, 1, 12))
        self.places = nn.Parameter(torch.zeros(1, 17, 12))
        self.norm = nn.LayerNorm(12)
        self.attention = nn.MultiheadAttention(12, 3, batch_first=True)
        self.up = nn.Linear(12, 24)
        self.down = nn.Linear(24, 12)
        self.head = nn.Linear(12, 5)

    def forward(self, x):
        n = x.shape[0]
        x = self.patches(x).reshape(n, 12, 16).permute(0, 2, 1)
        x = torch.cat([self.token.expand(n, -1, -1), x], dim=1) + self.places
        y = self.norm(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        x = x + self.down(F.gelu(self.up(x)))
        return self.head(x[:, 0])


class Pooled(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.fc = nn.Linear(4 * 5 * 7, 6)

    def forward(self, x):
        x = F.adaptive_avg_pool2d(F.relu(self.conv(x)), (3, 4))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, (5, 7)), 1))


def fill(model):
    for stream, (name, tensor) in enumerate(model.state_dict().items()):
        if name.endswith("num_batches_tracked"):
            continue
        values = torch.from_numpy(numbers(stream, tensor.numel()).copy()).reshape(tensor.shape)
        if name.endswith("running_var") or (tensor.dim() == 1 and name.endswith("weight")):
            values = values + 1
        elif tensor.dim() > 1:
            values = values * (4 / tensor[0].numel() ** 0.5)
        tensor.copy_(values)


def main():
    result = []
    for model, side, dynamic in ((Plain(), 21, True), (Gated(), 16, False), (Activations(), 16, False), (Block(), 17, True),
                                 (Shuffled(), 15, True), (Attending(), 16, False), (Pooled(), 17, True)):
        model.eval()
        with torch.no_grad():
            fill(model)
        image = torch.from_numpy(numbers(1 << 20, 3 * side * side).reshape(1, 3, side, side).copy())
        shapes = ({0: torch.export.Dim("n")},) if dynamic else None
        program = torch.export.export(model, (image.repeat(2, 1, 1, 1) if dynamic else image,), dynamic_shapes=shapes)
        file = io.BytesIO()
        torch.export.save(program, file)
        archive = zipfile.ZipFile(file)
        graph, = [name for name in archive.namelist() if name.endswith("/models/model.json")]
        folder = graph.removesuffix("models/model.json")
        weights = f"{folder}data/weights/model_weights_config.json"
        graph, weights = json.loads(archive.read(graph)), json.loads(archive.read(weights))
        for node in graph["graph_module"]["graph"]["nodes"]:
            node["metadata"] = {}
        graph["graph_module"]["signature"] = {"input_specs": graph["graph_module"]["signature"]["input_specs"]}
        with torch.no_grad():
            scores = model(image)[0].tolist()
        result.append({"title": type(model).__name__, "side": side, "order": list(model.state_dict()), "graph": json.dumps(graph),
                       "weights": json.dumps(weights), "scores": scores})
    with open(sys.argv[1], "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(item) for item in result) + "\n]\n")


main()
