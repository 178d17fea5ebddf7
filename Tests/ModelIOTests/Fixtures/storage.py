"""Writes data sets as people have them, and files that are none: storage.py FOLDER SEED.

In NAME.h5 the images `plain` and the classes `classes` are what others in the file must be read as.
"""
import gzip
import os
import pickle
import sys
import tarfile
import zipfile

import h5py
import numpy as np

out = sys.argv[1]
rng = np.random.default_rng(int(sys.argv[2]))


def path(name):
    return os.path.join(out, name)


def values(shape):
    """Runs, patterns, noise and constants side by side, so that some chunks shrink and some do not."""
    flat = np.zeros(int(np.prod(shape)), "u1")
    at = 0
    while at < flat.size:
        count = int(rng.integers(1, 3000))
        kind = rng.integers(4)
        piece = [np.full(count, rng.integers(256)), rng.integers(0, 256, count), np.arange(count) % rng.integers(1, 300),
                 np.resize(rng.integers(0, 256, rng.integers(1, 40)), count)][kind]
        flat[at:at + count] = piece[:flat.size - at]
        at += count
    return flat.reshape(shape)


def lzf(number):
    """Random images, chunks and filters; the last chunks stick out."""
    count, height, width, channels = (int(n) for n in (rng.integers(1, 40), rng.integers(1, 40), rng.integers(1, 40), rng.integers(1, 4)))
    kind = rng.choice(["u1", "<i2", ">i4", "<f4", "<f8", "<f2"])
    images = values((count, height, width, channels)).astype(kind)
    chunks = tuple(int(rng.integers(1, extent + 1)) for extent in images.shape)
    with h5py.File(path(f"lzf-{number}.h5"), "w") as file:
        file["plain"], file["classes"] = images, np.arange(count) % 4
        file.create_dataset("data", data=images, chunks=chunks, compression="lzf", shuffle=bool(rng.integers(2)),
                            fletcher32=bool(rng.integers(2)))
        file.create_dataset("label", data=np.arange(count) % 4, compression="lzf", chunks=(int(rng.integers(1, count + 1)),))


def damaged_lzf(number):
    """A chunk whose packed bytes are changed, cut, or noise, and a size that may be anything."""
    images = values((6, 6, 5, 3))
    name = path(f"lzf-damaged-{number}.h5")
    with h5py.File(path("scratch.h5"), "w") as file:
        file.create_dataset("data", data=values((6, 6, 5, 3)) // 8, chunks=images.shape, compression="lzf")
        packed = bytearray(file["data"].id.read_direct_chunk((0, 0, 0, 0))[1])
    kind = number % 4
    if kind == 0:
        packed = packed[:int(rng.integers(1, len(packed)))]
    elif kind == 1:
        packed = bytearray(rng.integers(0, 256, int(rng.integers(1, 900)), dtype="u1").tobytes())
    else:
        for at in rng.integers(0, len(packed), int(rng.integers(1, 9))):
            packed[at] = rng.integers(256)
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_chunk(images.shape)
    creation.set_filter(32000, h5py.h5z.FLAG_OPTIONAL, (0, 0, 0))
    with h5py.File(name, "w") as file:
        made = h5py.h5d.create(file.id, b"data", h5py.h5t.NATIVE_UINT8, h5py.h5s.create_simple(images.shape), creation)
        made.write_direct_chunk((0, 0, 0, 0), bytes(packed))
        file["label"] = np.arange(6) % 4
    if number % 5 == 0:
        with open(name, "rb") as file:
            data = file.read()
        at = data.index(np.uint32(images.size).tobytes(), data.index(b"lzf\0"))
        with open(name, "wb") as file:
            file.write(data[:at] + rng.integers(0, 1 << 32, dtype="u4").tobytes() + data[at + 4:])


def labels():
    count, classes = 30, 4
    images, truth = values((count, 6, 5, 3)), rng.integers(0, classes, count)
    hot = np.eye(classes)[truth]
    soft = rng.uniform(0, 0.2, (count, classes)) + hot
    soft /= soft.sum(1, keepdims=True)
    ties = soft.copy()
    ties[7] = 0.25
    enum = h5py.enum_dtype({"cat": 0, "dog": 1, "cow": 2, "pig": 3}, basetype="i2")
    with h5py.File(path("labels.h5"), "w") as file:
        file["plain"], file["classes"] = images, truth
        for name, kind in (("u1", "u1"), ("i8", ">i8"), ("f4", "f4"), ("f2", "f2")):
            file[name] = truth.astype(kind)
        file["column"], file["row"] = truth.reshape(-1, 1), truth.reshape(1, -1)
        file["cube"] = truth.reshape(1, -1, 1)
        file.create_dataset("enum", data=truth, dtype=enum)
        file["onehot"], file["onehot_bool"] = hot, hot.astype(bool)
        file["onehot_axis"], file["onehot_last"] = hot.reshape(count, 1, classes), hot.reshape(count, classes, 1)
        file["onehot_first"] = hot.reshape(1, count, classes)
        file["onehot_columns"] = hot.T
        file["soft"], file["soft_columns"] = soft, soft.T.astype("f4")
        file["ties"], file["two"], file["logits"] = ties, np.minimum(hot + np.eye(classes)[0], 1), 4 * soft - 2
        file["few"], file["wide"], file["deep"] = truth[:5], np.zeros((count, 7)), np.zeros((count, 2, 2))
        # Images of other types.
        file["bool_images"] = images > 99
        file["bool_images_plain"] = (images > 99).astype("u1")
    with h5py.File(path("single.h5"), "w") as file:
        file["plain"], file["classes"] = images[:1], truth[:1]
        file["hot"], file["flat"] = hot[:1], hot[0]


def groups():
    """Groups of images: integers of any type and form, and what is none."""
    images, truth = values((12, 6, 5, 3)), np.arange(12) % 4
    person = np.array([7, 7, -3, -3, 2**31, 2**31, 0, 0, 7, 1, 1, 1])
    with h5py.File(path("groups.h5"), "w") as file:
        file["plain"], file["classes"] = images, truth
        file["person"], file["f8"], file["column"] = person, person.astype("f8"), person.reshape(-1, 1)
        file["few"], file["wide"], file["one"] = person[:5], np.zeros((12, 2)), 3
        file["half"] = np.where(np.arange(12) == 4, 1.5, person)
        file["huge"] = np.where(np.arange(12) == 11, 1e300, person)
        file["names"] = np.array(["Ada", "Bo"] * 6, dtype=h5py.string_dtype())


def references():
    """Links by name and data sets put together from others, within the file and not."""
    images, truth = values((12, 6, 5, 3)), np.arange(12) % 4

    def parts(file, place, pieces, shape, kind="u1"):
        layout = h5py.VirtualLayout(shape, kind)
        at = 0
        for source, name, count in pieces:
            layout[at:at + count] = h5py.VirtualSource(source, name, (count,) + shape[1:], kind)
            at += count
        file.create_virtual_dataset(place, layout, fillvalue=9)

    other = path("elsewhere.h5")
    with h5py.File(other, "w") as file:
        file["plain"], file["classes"] = images, truth
    with h5py.File(path("references.h5"), "w") as file:
        file["plain"], file["classes"] = images, truth
        file["folds/1/x"], file["folds/2/x"] = images[:5], images[5:]
        file["folds/all"] = h5py.SoftLink("/plain")
        file["folds/again"] = h5py.SoftLink("all")
        file["way"] = h5py.SoftLink("folds")
        file["through"] = h5py.SoftLink("way/again")
        file["there"] = h5py.SoftLink("/way/1/../2/x")
        file["nowhere"], file["loop"] = h5py.SoftLink("/gone"), h5py.SoftLink("/loop")
        file["round"], file["about"] = h5py.SoftLink("/about"), h5py.SoftLink("/round")
        for number in range(20):
            file[f"chain{number}"] = h5py.SoftLink(f"/chain{number + 1}" if number < 19 else "/plain")
        parts(file, "virtual", [(".", "folds/1/x", 5), (".", "/folds/2/x", 7)], images.shape)
        parts(file, "virtual_classes", [(".", "classes", 12)], truth.shape, truth.dtype)
    # Each of these is refused, also where it is not what is wanted.
    for name, pieces in (("virtual-other", [(other, "plain", 12)]), ("virtual-gone", [(".", "gone", 12)]),
                         ("virtual-self", [(".", "data", 12)]), ("virtual-link", [(".", "link", 12)]),
                         ("virtual-virtual", [(".", "inner", 12)]), ("virtual-outside", [(".", "out/plain", 12)])):
        with h5py.File(path(name + ".h5"), "w") as file:
            file["plain"], file["label"], file["link"] = images, truth, h5py.SoftLink("plain")
            if name == "virtual-virtual":
                parts(file, "inner", [(".", "plain", 12)], images.shape)
            parts(file, "data", pieces, images.shape)
    with h5py.File(path("link-other.h5"), "w") as file:
        file["data"], file["label"] = h5py.ExternalLink(other, "/plain"), truth
    # More bytes than all that it could be put together from.
    with h5py.File(path("virtual-bomb.h5"), "w") as file:
        file["plain"], file["label"] = images, np.zeros(1 << 20, "u1")
        layout = h5py.VirtualLayout((1 << 20, 6, 5, 3), "u1")
        layout[:12] = h5py.VirtualSource(".", "plain", images.shape, "u1")
        file.create_virtual_dataset("data", layout)


def matlab(name, block=None, **sets):
    """As MATLAB's save -v7.3 lays out arrays: axes in reverse, behind 512 bytes of its own."""
    with h5py.File(path(name), "w", userblock_size=512) as file:
        for key, value in sets.items():
            file.create_dataset(key, data=value.T, compression="gzip", chunks=value.T.shape)
            file[key].attrs["MATLAB_class"] = np.bytes_("uint8")
    text = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jan  1 00:00:00 2024 HDF5 schema 1.00 ."
    with open(path(name), "r+b") as file:
        file.write(block or text.ljust(116) + b"\0" * 8 + b"\x00\x02IM")


def matlab_files():
    images, truth = values((10, 7, 5, 3)), rng.integers(0, 4, 10)
    hot = np.eye(4, dtype="u1")[truth]
    with h5py.File(path("matlab.h5"), "w") as file:
        file["plain"], file["classes"] = images, truth
    # In MATLAB: height x width x channels x images, and classes as a column.
    matlab("matlab.mat", data=images.transpose(1, 2, 3, 0), label=truth.reshape(-1, 1))
    matlab("matlab-hot.mat", data=images.transpose(3, 1, 2, 0), label=hot)
    matlab("matlab-rows.mat", data=images, label=truth.reshape(-1, 1))
    matlab("matlab-block.mat", b"#!/bin/sh\nrm -rf /\n", data=images.transpose(1, 2, 3, 0), label=truth)
    matlab("matlab-hidden.mat", b"MATLAB 7.3 MAT-file".ljust(300, b"\0") + b"\x7fELF", data=images.transpose(1, 2, 3, 0), label=truth)
    grey = images[..., 0]
    with h5py.File(path("matlab-grey.h5"), "w") as file:
        file["plain"], file["classes"] = grey, truth
    matlab("matlab-grey.mat", data=grey.transpose(1, 2, 0), label=truth.reshape(1, -1))


def keys():
    images, truth = values((6, 6, 5, 3)), np.arange(6) % 4
    with h5py.File(path("keys.h5"), "w") as file:
        file["X_train"], file["Y_train"] = images, truth
        file["X_test"], file["Y_test"] = images[:4], np.eye(4)[truth[:4]]
        file["other"], file["notes"], file["mask"] = np.zeros((6, 9, 9, 3)), "text", np.zeros(3)
    with h5py.File(path("keys-nolabel.h5"), "w") as file:
        file["data"], file["y"], file["z"] = images, truth, truth
    with h5py.File(path("keys-groups.h5"), "w") as file:
        file["train/images"], file["train/labels"] = images, truth


def kinds():
    images, truth = rng.integers(0, 256, (5, 28, 28), dtype="u1"), np.arange(5, dtype="u1")
    np.savez(path("set.npz"), data=images, label=truth)
    np.savez_compressed(path("packed.npz"), data=images, label=truth)
    np.save(path("images.npy"), images)
    np.save(path("LABELS.npy"), truth)
    batch = {"data": rng.integers(0, 256, (5, 3072), dtype="u1"), "labels": [0, 1, 2, 3, 4]}
    for protocol in range(2, 6):
        with open(path(f"batch-{protocol}.pkl"), "wb") as file:
            pickle.dump(batch, file, protocol)
    header = b"\0\0\x08\x03" + np.array([5, 28, 28], ">i4").tobytes()
    with open(path("images-idx3-ubyte"), "wb") as file:
        file.write(header + images.tobytes())
    with open(path("LABELS"), "wb") as file:
        file.write(b"\0\0\x08\x01" + np.array([5], ">i4").tobytes() + truth.tobytes())
    with h5py.File(path("right.h5"), "w") as file:
        file["data"], file["label"] = images, truth
    with open(path("right.h5"), "rb") as file:
        right = file.read()
    with gzip.open(path("right.h5.gz"), "wb") as file:
        file.write(right)
    with tarfile.open(path("right.tar"), "w") as file:
        file.add(path("right.h5"), "inner.h5")
    with zipfile.ZipFile(path("right.zip"), "w") as file:
        file.write(path("right.h5"), "inner.h5")
    for name, member in (("m.keras", "metadata.json"), ("t.pt", "archive/data.pkl")):
        with zipfile.ZipFile(path(name), "w") as file:
            file.writestr(member, "{}")
    os.makedirs(path("saved"))
    os.makedirs(path("folder"))
    for name, start in (("saved/saved_model.pb", b"\x08\x01\x12\x9f\x02\x0a"), ("n.onnx", b"\x08\x07\x12\x07tf2onnx\x1a\x06"),
                        ("n.tflite", b"\x1c\0\0\0TFL3"), ("old.mat", b"MATLAB 5.0 MAT-file, Platform: GLNXA64"),
                        ("p.jpg", b"\xff\xd8\xff\xe0"), ("p.png", b"\x89PNG\r\n\x1a\n"), ("j.json", b" \n[1]"), ("empty", b""),
                        ("lfs.h5", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n"), ("t.csv", b"label,pixel0\n1,0\n")):
        with open(path(name), "wb") as file:
            file.write(start.ljust(600 if start else 0, b"\0"))


def filters():
    """Packed by what is not read here."""
    images, truth = values((8, 6, 5, 3)), np.arange(8) % 4
    for name, options in (("szip", dict(compression="szip")), ("scaleoffset", dict(scaleoffset=0))):
        with h5py.File(path(name + ".h5"), "w") as file:
            file["plain"], file["classes"], file["label"] = images, truth, truth
            file.create_dataset("data", data=images, chunks=(2, 6, 5, 3), **options)
    with h5py.File(path("block.h5"), "w", userblock_size=512) as file:
        file["plain"], file["classes"], file["label"], file["data"] = images, truth, truth, images
    with open(path("block.h5"), "r+b") as file:
        file.write(b"hello")


def unfinished():
    """A file whose writer was ended: the superblock says that it is open."""
    name = path("swmr.h5")
    with h5py.File(name, "w", libver="latest") as file:
        file["data"], file["label"] = values((4, 6, 5, 3)), np.arange(4)
        file.flush()
        file.swmr_mode = True
        with open(name, "rb") as copy:
            dead = copy.read()
    with open(name, "wb") as file:
        file.write(dead)


for number in range(40):
    lzf(number)
for number in range(60):
    damaged_lzf(number)
labels()
references()
matlab_files()
keys()
kinds()
filters()
unfinished()
groups()
