"""Measures this project's executor and the peers alternately and prints medians and ratios; `run` calls it.

Every engine is a process of its own that lives through all rounds (see peers.py for the lines it understands). In each round every
engine has its turn once, so that a slow minute of the machine hits all of them; a ratio is the median over the rounds of the ratio
within one round.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SETS = ("cl/valid.h5", "cl/test.h5", "bd/bd_test.h5")
OWN = "DefenseKit"
PARTS = ["forward", "layers", "growth", "reading", "training", "job"]
TRAINING = (("deepid", 20), ("small-cnn", 60))
"""Networks that are trained, with the steps of a turn, each on a batch of 128 images."""


class Engine:
    """A process that answers `run ...` with `seconds X`."""

    def __init__(self, name, command):
        self.name, self.command = name, command
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.errors = []
        threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True).start()
        self.ready = self.line()

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            time.sleep(0.2)
            sys.exit(f"{self.name} ended early: {' '.join(self.command)}\n" + "".join(self.errors[-5:]))
        return line.strip()

    def ask(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        answer = self.line()
        if not answer.startswith("seconds "):
            sys.exit(f"{self.name} answered {answer!r} to {text!r}")
        self.last = answer.split()
        return float(self.last[1]), answer

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def alternate(engines, question, rounds):
    """Seconds by engine, one value a round. The first, unmeasured turn warms caches and clocks up."""
    seconds = {engine.name: [] for engine in engines}
    for turn in range(rounds + 1):
        for engine in engines:
            # Other engines' threads may spin for a moment after their last job.
            time.sleep(0.15)
            value, _ = engine.ask(question)
            if turn:
                seconds[engine.name].append(value)
    return seconds


def ratio(seconds, peer, own=OWN):
    """How many times faster `own` was than `peer`, or None where one is missing."""
    if not seconds.get(own) or not seconds.get(peer):
        return None
    return statistics.median(p / o for p, o in zip(seconds[peer], seconds[own]))


def table(title, header, rows):
    print(f"\n{title}\n")
    text = [[("-" if c is None else f"{c:.2f}x" if isinstance(c, float) else str(c)) for c in r] for r in rows]
    widths = [max(len(line[i]) for line in [header, *text]) for i in range(len(header))]
    for line in [header, ["-" * w for w in widths], *text]:
        print("  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths))).rstrip())
    sys.stdout.flush()


class Measurement:
    def __init__(self, options):
        self.options, self.results, self.networks = options, {}, {}
        path = os.path.join(options.cache, "networks.json")
        # Training alone needs none of them.
        if os.path.exists(path):
            with open(path) as file:
                self.networks = json.load(file)

    def peer(self, engine, *arguments):
        command = [sys.executable, os.path.join(HERE, "peers.py"), engine, *arguments]
        command += ["--folder", self.options.cache] if engine != "notebook" else []
        return Engine(engine, [*command, "--threads", str(self.options.threads)])

    def own(self, command, *arguments):
        """Our side, or nothing where it was not built: the peers alone are still worth a look."""
        if not self.options.own:
            return []
        return [Engine(OWN, [self.options.own, command, *arguments, "--threads", str(self.options.threads)])]

    def network(self, name, count, peers, own=None):
        network = self.networks[name]
        engines = (own or self.own("forward", network["h5"])) + [
            self.peer(p, name, "--images", str(count)) for p in peers
        ]
        seconds = alternate(engines, f"run {count}", self.options.rounds)
        for engine in engines:
            engine.end()
        self.results[name] = {"images": count, "seconds": seconds, "ready": {e.name: e.ready for e in engines}}
        rate = {e: count / statistics.median(s) for e, s in seconds.items()}
        return seconds, rate, {e: 2 * network["work"] * r / 1e9 for e, r in rate.items()}

    def forward(self):
        rows = []
        for name, count, peers in (
            ("deepid", 2048, ("openvino", "onnxruntime", "keras")),
            ("resnet18", 128, ("openvino", "onnxruntime", "keras")),
        ):
            seconds, rate, flops = self.network(name, count, peers)
            for engine in seconds:
                faster = None if engine == OWN else ratio(seconds, engine)
                rows.append([f"{name} {engine}", f"{rate[engine]:,.0f}", f"{flops[engine]:.0f}", faster])
        table("Forward pass of a network", ["", "images/s", "GFLOP/s", "DefenseKit is"], rows)

    def layers(self):
        rows = []
        for name in (n for n in self.networks if n.startswith("layer-")):
            edge, _, channels = self.networks[name]["shape"]
            own = self.own("layer", str(channels), str(edge))
            seconds, _, flops = self.network(name, 256, ("openvino", "onnxruntime"), own)
            own = f"{flops[OWN]:.0f}" if OWN in flops else None
            rows.append([
                f"{channels} channels, {edge}x{edge}", own, f"{flops['openvino']:.0f}",
                f"{flops['onnxruntime']:.0f}", ratio(seconds, "openvino"), ratio(seconds, "onnxruntime"),
            ])
        header = ["", OWN, "OpenVINO", "ONNX Runtime", "of OpenVINO", "of ONNX Runtime"]
        table("Single 3x3 'same' convolution with ReLU, GFLOP/s", header, rows)

    def reading(self):
        """Files parsed by a sealed process against the same parsed within the program."""
        model = self.networks["deepid"]["h5"]
        jobs = [("the embedded model, 774 kB", "open", [os.path.join(HERE, "..", "Sources/RunnerKit/Resources/fashion-mnist-badnet.h5")]),
                ("the lab's model, 2.4 MB", "open", [model])]
        if self.options.data:
            full = os.path.join(self.options.data, "cl", "valid.h5")
            packed = os.path.join(self.options.cache, "valid-deflated.h5")
            if not os.path.exists(packed):
                import h5py

                with h5py.File(full) as file, h5py.File(packed, "w") as out:
                    out.create_dataset("data", data=file["data"][:3000], compression="gzip", compression_opts=4)
                    out["label"] = file["label"][:3000]
            jobs += [("validation set, 717 MB", "read", [model, full]), ("3,000 images of it, deflated", "read", [model, packed])]
        rows = []
        for name, command, files in jobs:
            for engine in self.own(command, *files):
                seconds = {"off": [], "auto": []}
                for turn in range(4 * self.options.rounds + 1):
                    for sandbox, values in seconds.items():
                        value, _ = engine.ask(f"run {sandbox}")
                        if turn:
                            values.append(value)
                engine.end()
                self.results[f"reading {name}"] = seconds
                off, auto = (statistics.median(seconds[s]) for s in ("off", "auto"))
                rows.append([name, f"{1000 * off:.1f} ms", f"{1000 * auto:.1f} ms", f"{1000 * (auto - off):+.1f} ms", ratio(seconds, "off", "auto")])
        table("Reading a file", ["", "within the program", "sealed", "price", "speed"], rows)

    def growth(self):
        """Cost over the number of images, and over the number of channels pruned."""
        if not self.options.own:
            return
        name, rows = "deepid", []
        engine = self.own("forward", self.networks[name]["h5"])[0]
        base = 0
        for count in (512, 1024, 2048, 4096, 8192):
            middle = statistics.median(alternate([engine], f"run {count}", self.options.rounds)[OWN])
            base = base or middle / count
            rows.append([f"{count:,}", f"{middle * 1e3:.1f} ms", f"{middle / count * 1e6:.1f} us", middle / count / base])
        engine.end()
        table("Cost over images (DeepID)", ["images", "time", "an image", "of the first row"], rows)
        if not self.options.data:
            return
        valid = os.path.join(self.options.data, SETS[0])
        sweep = self.own("sweep", self.networks[name]["h5"], valid)[0]
        single = self.own("forward", self.networks[name]["h5"], valid)[0]
        rows = []
        for count in (1, 5, 15, 30, 45, 60):
            times, plain = [], []
            for turn in range(self.options.rounds + 1):
                pair = single.ask("run all")[0], sweep.ask(f"run {count}")[0]
                if turn:
                    plain.append(pair[0])
                    times.append(pair[1])
            one = statistics.median(t / p for t, p in zip(times, plain))
            rows.append([str(count), f"{statistics.median(times):.3f} s", float(one), float(count + 1)])
        sweep.end()
        single.end()
        header = ["channels pruned", "time", "of a forward pass", "evaluated one by one"]
        table("Cost of the sweep over the validation set, prefix included", header, rows)

    def training(self):
        """Steps of training, ours against PyTorch in both of its memory formats; the faster one counts."""
        rows = []
        for name, steps in TRAINING:
            engines = self.own("train", name)
            for layout in ("contiguous", "channels_last"):
                command = [sys.executable, os.path.join(HERE, "training.py"), name, "--format", layout]
                engines.append(Engine(f"PyTorch {layout}", [*command, "--threads", str(self.options.threads)]))
            if len({engine.ready for engine in engines}) > 1:
                sys.exit(f"{name} differs between the engines: {[engine.ready for engine in engines]}")
            seconds = alternate(engines, f"run {steps}", self.options.rounds)
            said = {e.name: dict(zip(e.last[2::2], map(float, e.last[3::2]))) for e in engines}
            for engine in engines:
                engine.end()
            self.results[f"training {name}"] = {"steps": steps, "seconds": seconds, "said": said}
            peer = min((e for e in seconds if e != OWN), key=lambda e: statistics.median(seconds[e]))
            for engine in seconds:
                rate = 128 * steps / statistics.median(seconds[engine])
                memory, smaller = said[engine]["peak_mb"], None
                if engine == peer and OWN in said:
                    smaller = memory / said[OWN]["peak_mb"]
                faster = ratio(seconds, engine) if engine == peer else None
                rows.append([f"{name} {engine}", f"{rate:,.0f}", f"{memory:.0f}", faster, smaller])
        header = ["", "images/s", "peak MB", "DefenseKit is faster by", "needs less by"]
        table("Training, batches of 128, momentum", header, rows)

    def job(self):
        """The main job: our command from start to end, reading included, between the peers' bare forward passes."""
        if not self.options.data:
            print("\nThe main job was skipped: no lab data (see Benchmarks/README.md).")
            return
        files = [os.path.join(self.options.data, name) for name in SETS]
        peers = [self.peer(e, "deepid", "--data", *files) for e in ("openvino", "onnxruntime")]
        seconds, memory = {OWN: []} if self.options.runner else {}, []
        for engine in peers:
            seconds[engine.name] = []
        for turn in range(self.options.rounds + 1):
            if self.options.runner:
                value, size = self.command(files)
                memory.append(size)
                if turn:
                    seconds[OWN].append(value)
            for engine in peers:
                time.sleep(0.15)
                value, _ = engine.ask("run all")
                if turn:
                    seconds[engine.name].append(value)
        for engine in peers:
            engine.end()
        label = {
            OWN: "DefenseKit, the whole job",
            "openvino": "OpenVINO, bare forward pass",
            "onnxruntime": "ONNX Runtime, bare forward pass",
        }
        sizes = {OWN: max(memory) if memory else None}
        rows = []
        for engine, times in seconds.items():
            faster = None if engine == OWN else ratio(seconds, engine)
            rows.append([label[engine], f"{statistics.median(times):.2f} s", sizes.get(engine), faster])
        self.results["job"] = {"seconds": seconds, "peak_mb": memory}
        if self.options.notebook:
            rows.append(self.notebook())
        table("Main job, full-size files", ["", "time", "MB", "DefenseKit is"], rows)

    def notebook(self):
        """The notebook way takes minutes, so it has one turn; a turn of ours right before it is what it is compared with."""
        own = None
        if self.options.runner:
            own, _ = self.command([os.path.join(self.options.data, name) for name in SETS])
        label = "Keras, the notebook way"
        if self.options.quick:
            sizes = (500, 1500)
            value, size = self.extrapolated(*(self.notebook_turn(n)[1]["seconds"] for n in sizes), *sizes), None
            label += f" (extrapolated from {sizes[0]} and {sizes[1]} images a set, loading not counted)"
        else:
            value, result = self.notebook_turn(None)
            size = result["peak_mb"]
            self.results["notebook-result"] = result
        self.results["notebook"] = {"seconds": value, "own": own, "quick": self.options.quick}
        return [label, f"{value:.0f} s", size, float(value / own) if own else None]

    def notebook_turn(self, limit):
        arguments = ["--model", self.networks["deepid"]["h5"], "--folder", self.options.data]
        engine = self.peer("notebook", *arguments, *(["--limit", str(limit)] if limit else []))
        value, answer = engine.ask("run")
        engine.end()
        return value, json.loads(answer.split(" ", 2)[2])

    @staticmethod
    def extrapolated(few, many, small, large):
        """A straight line through two sizes: a call of `predict` has a fixed cost that scaling one size up would multiply."""
        total = 0
        # The sweep reads the validation set; the base accuracy and GoodNet read the test sets as well.
        for part, count in (("base", (11547 + 2 * 12830) / 3), ("sweep", 11547), ("goodnet", 12830)):
            slope = (many[part] - few[part]) / (large - small)
            total += few[part] + slope * (count - small)
        return total

    def command(self, files):
        """Runs the main job as a user would, and gives wall-clock seconds and the peak resident size in MB."""
        command = [
            self.options.runner, "--defense", "fine-pruning", "--detector", "goodnet", "--json",
            "--option", "fine-pruning.epochs=0",
            "--model", self.networks["deepid"]["h5"], "--clean", files[0], "--test", files[1], "--poisoned", files[2],
            "--threads", str(self.options.threads),
        ]
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        error = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status:
            sys.exit(f"the main job failed: {' '.join(command)}\n{error.decode()}")
        return seconds, usage.ru_maxrss // (1 << 20) if sys.platform == "darwin" else usage.ru_maxrss >> 10


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", required=True)
    parser.add_argument("--own", help="the `benchmark` program")
    parser.add_argument("--runner", help="the `runner` program")
    parser.add_argument("--badnet", help="the lab's bd_net.h5; without it DeepID has random weights")
    parser.add_argument("--data", help="folder with the lab's full-size files")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="extrapolate the notebook way from a part of the images")
    parser.add_argument("--no-notebook", dest="notebook", action="store_false")
    parser.add_argument("--only", nargs="*", choices=PARTS)
    options = parser.parse_args()
    if options.rounds < 5:
        parser.error("--rounds must be at least 5: fewer say nothing on a noisy machine")
    parts = options.only or PARTS
    # In a process of its own: a child's peak memory counts from its parent's, and TensorFlow would be in ours.
    prepare = [sys.executable, os.path.join(HERE, "networks.py"), options.cache]
    if parts != ["training"]:
        subprocess.run(prepare + ([options.badnet] if options.badnet else []), check=True)
    print(f"{platform.machine()}, {os.cpu_count()} cores, {options.threads} threads, {options.rounds} rounds")
    measurement = Measurement(options)
    for part in parts:
        getattr(measurement, part)()
    os.makedirs(options.cache, exist_ok=True)
    with open(os.path.join(options.cache, "results.json"), "w") as file:
        json.dump(measurement.results, file, indent=1)


main()
