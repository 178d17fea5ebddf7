"""Files whose container attacks its reader, whatever it holds: links, storage, filters, sizes, damage."""
import os
import struct
import zlib

import h5py
import numpy as np
from base import DENSE, IMAGES, LABELS, replace, write_data, write_model

WEIGHT = "model_weights/last/last/kernel:0"


def u64(*values):
    return struct.pack(f"<{len(values)}Q", *values)


def patch(path, old, new, count=None):
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(replace(data, old, new, count))


def both(manifest, name, *rules, change, **options):
    """A model whose last weight and a data set whose images are what `change(file, place, values)` makes of them."""
    for path, write, place, values in (
            (manifest.model(name, *rules), write_model, WEIGHT, DENSE), (manifest.data(name, *rules), write_data, "data", IMAGES)):
        write(path, **options)
        with h5py.File(path, "a", **options) as file:
            del file[place]
            change(file, place, values)


def elsewhere(manifest, secret):
    """Values that lie in other files, and links to them."""
    other = manifest.path("other.h5")
    with h5py.File(other, "w") as file:
        file["values"], file["data"] = DENSE, IMAGES

    def external(target):
        def change(file, place, values):
            shape, kind = values.shape, values.dtype
            file.create_dataset(place, shape, kind, external=[(target, 0, h5py.h5f.UNLIMITED)])
        return change

    both(manifest, "external-storage", "h5-external-storage", change=external(secret))
    both(manifest, "external-relative", "h5-external-storage", change=external("secret.txt"))
    both(manifest, "external-system", "h5-external-storage", change=external("/etc/passwd"))
    both(manifest, "external-device", "h5-external-storage", change=external("/dev/zero"))

    def link(make):
        def change(file, place, values):
            file[place] = make
        return change

    both(manifest, "external-link", "h5-external-link", change=link(h5py.ExternalLink(other, "/values")))
    both(manifest, "external-missing", "h5-external-link", change=link(h5py.ExternalLink("no.h5", "/values")))
    # In a data set's file such links are followed: these lead nowhere.
    both(manifest, "soft-link", "h5-soft-link", "has no data set 'data'", change=link(h5py.SoftLink("/elsewhere")))
    def loop(file, place, values):
        file[place] = h5py.SoftLink("/" + place)

    both(manifest, "soft-loop", "h5-soft-link", "has no data set 'data'", change=loop)
    path = manifest.model("external-group", "h5-external-link")
    write_model(path)
    with h5py.File(path, "a") as file:
        del file["model_weights"]
        file["model_weights"] = h5py.ExternalLink(manifest.path("good-model.h5"), "/model_weights")

    # A link of a kind that nobody knows: an external one whose type, the byte before the length of its name, is another.
    both(manifest, "user-link", "h5-user-link", change=link(h5py.ExternalLink("USERLINK", "/values")))
    for path, name in ((manifest.path("model-user-link.h5"), b"kernel:0"), (manifest.path("data-user-link.h5"), b"data")):
        with open(path, "rb") as file:
            data = file.read()
        value = data.index(b"USERLINK")
        at = data.rindex(name, 0, value)
        # version, flags, type, [order of creation,] [character set,] length, name
        start = max(data.rindex(bytes([1, flags]), 0, at) for flags in range(8, 32) if bytes([1, flags]) in data[at - 12:at])
        assert data[start + 2] == 64, data[start:at]
        with open(path, "wb") as file:
            file.write(data[:start + 2] + b"\xc8" + data[start + 3:])


def virtual(manifest):
    def parts(source):
        def change(file, place, values):
            layout = h5py.VirtualLayout(values.shape, values.dtype)
            layout[:] = h5py.VirtualSource(source, "values", values.shape)
            file.create_virtual_dataset(place, layout)
        return change

    both(manifest, "virtual", "h5-virtual", change=parts(manifest.path("other.h5")))
    both(manifest, "virtual-self", "h5-virtual", change=parts("."))


def filters(manifest):
    def packed(**options):
        def change(file, place, values):
            file.create_dataset(place, data=values, chunks=values.shape, **options)
        return change

    both(manifest, "szip", "h5-filter", change=packed(compression="szip"))

    def scaled(file, place, values):
        file.create_dataset(place, data=values, chunks=values.shape, scaleoffset=0 if values.dtype == "u1" else 3)

    def nbit(file, place, values):
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_chunk(values.shape)
        creation.set_filter(h5py.h5z.FILTER_NBIT, h5py.h5z.FLAG_OPTIONAL, ())
        h5py.h5d.create(parent(file, place), place.split("/")[-1].encode(), h5py.h5t.py_create(values.dtype),
                        h5py.h5s.create_simple(values.shape), creation)

    both(manifest, "scaleoffset", "h5-filter", change=scaled)
    both(manifest, "nbit", "h5-filter", change=nbit)
    # An unknown filter that may be left out: readers look for code that does it, and read without if there is none.
    both(manifest, "unknown-filter", "h5-filter", change=packed(compression="lzf"))
    for name in ("model", "data"):
        patch(manifest.path(f"{name}-unknown-filter.h5"), struct.pack("<HH", 32000, 8), struct.pack("<HH", 31999, 8))


def parent(file, place):
    return file.require_group("/" + "/".join(place.split("/")[:-1])).id


def types(manifest):
    """What is neither numbers nor text: a warning beside a usable model, a refusal where values are needed."""
    pair = np.dtype([("a", "<f4"), ("b", "S8")])
    path = manifest.model("type-beside", "h5-type", loads=True)
    write_model(path)
    with h5py.File(path, "a") as file:
        file["notes"] = np.zeros(4, pair)
        file["blob"] = np.void(b"\x80\x04pickle")
        file.create_dataset("references", data=np.array([file["notes"].ref], h5py.ref_dtype))
    path = manifest.data("type-beside", "h5-type", loads=True)
    write_data(path)
    with h5py.File(path, "a") as file:
        file["notes"] = np.zeros(4, pair)

    def compound(file, place, values):
        file[place] = np.zeros(values.shape, pair)

    def lists(file, place, values):
        file.create_dataset(place, values.shape, h5py.vlen_dtype("f4"))[...] = np.float32([1, 2])

    both(manifest, "type-compound", "h5-type", "does not hold numbers", change=compound)
    both(manifest, "type-lists", "h5-type", "does not hold numbers", change=lists)


def structures(manifest):
    """Groups in circles, groups in groups, many objects, many texts."""
    for name, role, write, path in (("model", manifest.model, write_model, "model_weights"), ("data", manifest.data, write_data, "inner")):
        with_group = lambda file: file.require_group(path)
        file_path = role("cycle", "h5-cycle")
        write(file_path)
        with h5py.File(file_path, "a") as file:
            with_group(file)["again"] = file["/"]
        file_path = role("cycle-self", "h5-cycle")
        write(file_path)
        with h5py.File(file_path, "a") as file:
            with_group(file)["self"] = with_group(file)
        file_path = role("two-ways", "h5-cycle")
        write(file_path)
        with h5py.File(file_path, "a") as file:
            file["second"] = with_group(file)
        file_path = role("depth", "h5-depth")
        write(file_path)
        with h5py.File(file_path, "a") as file:
            group = with_group(file)
            for _ in range(300):
                group = group.create_group("g")
        file_path = role("links", "h5-object-count", "h5-cycle")
        write(file_path)
        with h5py.File(file_path, "a", libver="latest") as file:
            many, _ = file.create_group("many"), file.create_dataset("one", data=1)
            for index in range(120_000):
                many.id.links.create_hard(f"{index:x}".encode(), file.id, b"one")
    texts(manifest.model("texts", "h5-object-count", "parser-limit", "h5-damaged"))


def texts(path):
    """A list of layers with 4,000 names of a megabyte, which are all the same bytes of the file."""
    write_model(path)
    with h5py.File(path, "a") as file:
        file["model_weights"].attrs.create("layer_names", ["T" * (1 << 20)] + ["u"] * 3999, dtype=h5py.string_dtype())
    with open(path, "rb") as file:
        data = file.read()
    # A reference to a text: length, address of the heap, number in it. The second one's length is 1.
    first = data.index(struct.pack("<I", 1 << 20))
    while data[first + 16:first + 20] != struct.pack("<I", 1):
        first = data.index(struct.pack("<I", 1 << 20), first + 1)
    reference = data[first:first + 16]
    begin, end = first + 16, first + 16 * 4000
    with open(path, "wb") as file:
        file.write(data[:begin] + reference * 3999 + data[end:])


def bombs(manifest):
    """Data sets that claim far more than the file stores, or unpack to it."""
    def claims(shape, **options):
        def change(file, place, values):
            file.create_dataset(place, shape, values.dtype, **options)
        return change

    both(manifest, "shape-chunked", "h5-shape-bomb", change=claims((1 << 20, 1 << 20), chunks=(1024, 1024), compression="gzip"))
    both(manifest, "shape-empty", "h5-shape-bomb", change=claims((1 << 20, 1 << 20)))
    both(manifest, "shape-tiny-chunks", "h5-shape-bomb", change=claims((1 << 40, 6), chunks=(1, 1)))
    # Extents made larger afterwards; the last product overflows 64 bits.
    for name, rows in (("patched", 1 << 33), ("overflow", 1 << 62)):
        for role, write, shape in ((manifest.model, write_model, DENSE.shape), (manifest.data, write_data, IMAGES.shape)):
            path = role(f"shape-{name}", "h5-shape-bomb", "h5-damaged")
            write(path)
            patch(path, u64(*shape), u64(rows, *shape[1:]))

    def zeros(rows, columns, packs):
        """Chunks that are all the same few bytes; deflated as often as `packs` says."""
        def change(file, place, values):
            creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            creation.set_chunk((1024, columns))
            packed = bytes(1024 * columns * values.itemsize)
            for _ in range(packs):
                creation.set_deflate(9)
                packed = zlib.compress(packed, 9)
            made = h5py.h5d.create(parent(file, place), place.split("/")[-1].encode(), h5py.h5t.py_create(values.dtype),
                                   h5py.h5s.create_simple((rows, columns)), creation)
            for row in range(0, rows, 1024):
                made.write_direct_chunk((row, 0), packed)
        return change

    both(manifest, "compression", "h5-compression-bomb", change=zeros(64 * 1024, 16384, 1))
    both(manifest, "compression-twice", "h5-filter", "h5-compression-bomb", "h5-shape-bomb", change=zeros(1024, 65536, 2))

    # What a chunk declares is small; what the first of two passes gives is a thousand times as much, and the second's a million.
    stretch = zlib.compressobj(9, wbits=-15)
    block = stretch.compress(bytes(1 << 24)) + stretch.flush(zlib.Z_FULL_FLUSH)
    inner = b"\x78\x9c" + block * 512

    def endless(file, place, values):
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_chunk(values.shape)
        creation.set_deflate(9)
        creation.set_deflate(9)
        made = h5py.h5d.create(parent(file, place), place.split("/")[-1].encode(), h5py.h5t.py_create(values.dtype),
                               h5py.h5s.create_simple(values.shape), creation)
        made.write_direct_chunk((0,) * len(values.shape), zlib.compress(inner, 9))

    # As a data set it is not unpacked by who takes it for a model, and finds none.
    both(manifest, "chunk-endless", "h5-filter", "parser-limit", "h5-compression-bomb", "h5-damaged", "holds no Keras model", change=endless)


def damage(manifest):
    """Other bytes in front, cut short, overwritten, and structures that lead back to themselves."""
    for name, role, write in (("model", manifest.model, write_model), ("data", manifest.data, write_data)):
        for kind, start, *rules in (
                ("user-block", b"#!/bin/sh\n", "h5-user-block"),
                # It is a zip archive as much as an HDF5 file; either is said of it.
                ("user-block-zip", b"PK\x03\x04", "h5-user-block", "zip archive")):
            path = role(kind, *rules)
            write(path, userblock_size=512)
            with open(path, "r+b") as file:
                file.write(start)
        good = role("truncated", "h5-damaged")
        write(good)
        with open(good, "rb") as file:
            data = file.read()
        with open(good, "wb") as file:
            file.write(data[:len(data) * 2 // 3])

        def variant(kind, old, new, *rules, skip=0):
            at = data.index(old, skip)
            with open(role(kind, *rules), "wb") as file:
                file.write(data[:at] + new + data[at + len(new):])

        variant("end-of-file", u64(len(data)), u64(1 << 60), "h5-damaged")
        variant("superblock", b"\x89HDF", b"\x89HDF\r\n\x1a\n" + b"\xff" * 40, "h5-damaged")
        variant("tree", b"TREE", b"EERT", "h5-damaged")
        variant("heap", b"HEAP\0\0\0\0", b"HEAP\0\0\0\0" + u64(1 << 50), "h5-damaged", "h5-shape-bomb")
        # The B-tree's first child is the tree itself, one level up: a reader goes down for ever.
        tree = data.index(b"TREE")
        variant("tree-loop", data[tree:tree + 40], data[tree:tree + 5] + b"\1" + data[tree + 6:tree + 32] + u64(tree),
                "h5-damaged", "parser-crash", "parser-limit", "h5-cycle")
        with open(role("zeros", "h5-damaged"), "wb") as file:
            file.write(data[:96] + bytes(len(data) - 96))


def make(manifest, secret):
    elsewhere(manifest, secret)
    virtual(manifest)
    filters(manifest)
    types(manifest)
    structures(manifest)
    bombs(manifest)
    damage(manifest)
