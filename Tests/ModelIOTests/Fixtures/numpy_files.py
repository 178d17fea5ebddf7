"""Writes NumPy files of every kind beside their values, and damaged ones: numpy_files.py FOLDER SEED."""

import io
import os
import pickle
import struct
import sys
import zipfile
import zlib

import h5py
import numpy as np
from numpy.lib import format as npy

folder, seed = sys.argv[1], int(sys.argv[2])
rng = np.random.default_rng(seed)


def path(name):
    return os.path.join(folder, name)


def numbers(shape, kind):
    """Random numbers of a type, with its extremes among them."""
    if kind == "b1":
        return rng.integers(0, 2, shape).astype("b1")
    if kind[0] == "f":
        result = (rng.standard_normal(shape) * 10.0 ** rng.integers(-6, 4)).astype(kind)
        extremes = [0, -0.0, 255.5, 256, -1, np.finfo(kind).max, np.finfo(kind).tiny, np.finfo(kind).smallest_subnormal]
    else:
        limits = np.iinfo(kind)
        result = rng.integers(limits.min, limits.max, shape, dtype=kind, endpoint=True)
        extremes = [0, 1, limits.min, limits.max, min(255, limits.max), min(256, limits.max)]
    flat = result.reshape(-1)
    for value in extremes:
        if flat.size:
            flat[rng.integers(flat.size)] = value
    return result


def array_bytes(array, version):
    file = io.BytesIO()
    npy.write_array(file, array, version=version)
    return file.getvalue()


class Python2Pickler(pickle._Pickler):
    """Writes text and bytes as Python 2 wrote its strings."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_string(self, value):
        data = value.encode() if isinstance(value, str) else bytes(value)
        if len(data) < 256:
            self.write(b"U" + struct.pack("<B", len(data)) + data)
        else:
            self.write(b"T" + struct.pack("<I", len(data)) + data)
        self.memoize(value)

    dispatch[str] = save_string
    dispatch[bytes] = save_string


def pickled(value, protocol):
    if protocol > 2:
        return pickle.dumps(value, protocol)
    file = io.BytesIO()
    Python2Pickler(file, 2).dump(value)
    return file.getvalue()


def shapes():
    yield ()
    yield (0, 3, 2, 1)
    yield (3, 0, 5)
    while True:
        yield tuple(int(n) for n in rng.integers(1, 7, rng.integers(1, 6)))


def all_types():
    """One archive for each container: its arrays are named in order, their values are in expected.h5."""
    shape = shapes()
    plain, members, arrays = {}, {}, {}
    for kind in ("b1", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"):
        for order in "<>":
            for is_fortran in (False, True):
                for version in ((1, 0), (2, 0), (3, 0)):
                    name = f"{kind}{'le' if order == '<' else 'be'}{'F' if is_fortran else 'C'}{version[0]}"
                    array = numbers(next(shape), kind)
                    plain[name] = array.astype("f8")
                    stored = array.astype(array.dtype.newbyteorder(order))
                    stored = np.asfortranarray(stored) if is_fortran else np.ascontiguousarray(stored)
                    stored = stored.reshape(array.shape, order="F" if is_fortran else "C")
                    members[name] = array_bytes(stored, version)
                    arrays[name] = stored
    for name, data in members.items():
        with open(path(f"{name}.npy"), "wb") as file:
            file.write(data)
    for archive, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
        for is_wide in (False, True):
            with zipfile.ZipFile(path(f"{archive}{'64' if is_wide else ''}.npz"), "w", method) as file:
                for name, data in members.items():
                    with file.open(f"{name}.npy", "w", force_zip64=is_wide) as member:
                        member.write(data)
    for protocol in (2, 3, 4, 5):
        with open(path(f"protocol{protocol}.pickle"), "wb") as file:
            file.write(pickled(arrays, protocol))
    with h5py.File(path("expected.h5"), "w") as file:
        for name, values in plain.items():
            file[name] = values


def sets():
    """Images and labels under the names that people use, as NumPy itself writes them."""
    images = rng.integers(0, 256, (8, 6, 5, 3), dtype="u1")
    labels = rng.integers(0, 4, 8)
    with h5py.File(path("plain.h5"), "w") as file:
        file["data"], file["label"] = images, labels
    test, truth = images[:5], labels[:5]
    with h5py.File(path("plain-test.h5"), "w") as file:
        file["data"], file["label"] = test, truth
    chw = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    np.savez(path("data,label.npz"), data=images, label=labels)
    np.savez_compressed(path("packed.npz"), data=np.asfortranarray(images), label=labels.astype("u1"))
    np.savez(path("x,y.npz"), x=chw, y=np.eye(4)[labels])
    np.savez(path("images,labels.npz"), images=images.astype("f4"), labels=labels.reshape(-1, 1))
    np.savez(path("keras.npz"), x_train=images, y_train=labels, x_test=test, y_test=truth)
    np.savez(path("medmnist.npz"), train_images=images, train_labels=labels.reshape(-1, 1),
             val_images=images[::-1], val_labels=labels[::-1].reshape(-1, 1), test_images=test,
             test_labels=truth.reshape(-1, 1))
    np.savez(path("other.npz"), pictures=images, classes=labels, names=np.array(["a", "b"]), mask=np.zeros(3))
    np.savez(path("unnamed.npz"), images, labels)
    np.savez(path("more.npz"), data=images, label=labels, true_label=(labels + 1) % 4, poisoned=labels == 0,
             person=np.arange(8) // 2)
    np.save(path("alone.npy"), images)


class Call:
    def __reduce__(self):
        return os.system, (f"touch {path('called')}",)


def batches():
    """CIFAR-10 and CIFAR-100 for Python, as folders of their own, with images of random bytes."""
    os.mkdir(path("cifar-10-batches-py"))
    os.mkdir(path("cifar-100-python"))
    all_images = rng.integers(0, 256, (40, 3072), dtype="u1")
    fine = [int(n) for n in rng.integers(0, 100, 40)]
    with h5py.File(path("batches.h5"), "w") as file:
        file["data"] = all_images.reshape(-1, 3, 32, 32)
        file["label"], file["fine"] = [n % 10 for n in fine], fine
    for index, name in enumerate(["data_batch_1", "data_batch_2", "data_batch_3", "test_batch"]):
        part = slice(index * 10, index * 10 + 10)
        batch = {"batch_label": name, "labels": [n % 10 for n in fine[part]], "data": all_images[part],
                 "filenames": [f"image_{n}.png" for n in range(10)]}
        with open(path(f"cifar-10-batches-py/{name}"), "wb") as file:
            file.write(pickled(batch, 2))
    with open(path("cifar-10-batches-py/batches.meta"), "wb") as file:
        file.write(pickled({"label_names": list("abcdefghij"), "num_vis": 3072}, 2))
    for name, part in (("train", slice(0, 30)), ("test", slice(30, 40))):
        batch = {"filenames": ["x.png"] * 3, "batch_label": name, "fine_labels": fine[part],
                 "coarse_labels": [n // 5 for n in fine[part]], "data": all_images[part]}
        with open(path(f"cifar-100-python/{name}"), "wb") as file:
            file.write(pickled(batch, 2))
    with open(path("cifar-100-python/meta"), "wb") as file:
        file.write(pickled({"fine_label_names": ["a"] * 100}, 2))
    with open(path("features.pickle"), "wb") as file:
        pickle.dump({"features": all_images.reshape(-1, 32, 32, 3), "labels": np.array(fine), "sizes": [1.5]}, file)
    with open(path("dangerous.pickle"), "wb") as file:
        pickle.dump({"data": all_images, "labels": [Call()]}, file)
    with open(path("list.pickle"), "wb") as file:
        pickle.dump([1, 2], file)
    with open(path("set.pickle"), "wb") as file:
        pickle.dump({"data": all_images, "labels": {1, 2}}, file)
    with open(path("short.pickle"), "wb") as file:
        file.write(pickled({"data": all_images, "labels": fine}, 2)[:-1000])


def refused():
    images, labels = np.zeros((4, 2, 2, 1), "u1"), np.arange(4)
    objects = np.array([Call()], object)
    np.savez(path("objects.npz"), data=images, label=objects)
    np.save(path("objects.npy"), objects, allow_pickle=True)
    np.savez(path("records.npz"), data=images, label=np.zeros(4, [("a", "f4"), ("b", "O")]).astype([("a", "f4"), ("b", "f4")]))
    np.savez(path("complex.npz"), data=images.astype("c8"), label=labels)
    np.savez(path("dates.npz"), data=images, label=labels.astype("M8[s]"))
    np.savez(path("text.npz"), data=images, label=np.array(list("abcd")))
    np.savez(path("long.npz"), data=images.astype(np.longdouble), label=labels)
    # 1 GiB of zeros in 1 MB, and a member that says it is as small as it is packed.
    header = array_bytes(np.zeros((0, 1024, 1024, 1), "u1"), (1, 0)).replace(b"(0, 1024, 1024, 1)", b"(1024, 1024, 1024)")
    with zipfile.ZipFile(path("bomb.npz"), "w", zipfile.ZIP_DEFLATED) as file:
        with file.open("data.npy", "w") as member:
            member.write(header)
            for _ in range(1024):
                member.write(bytes(1 << 20))
        file.writestr("label.npy", array_bytes(np.arange(1024), (1, 0)))


all_types()
sets()
batches()
refused()
