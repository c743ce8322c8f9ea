"""HDF5 files that lead elsewhere, declare what they do not hold, or do not let go."""

import io
import struct
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np
from hostile.parts import Hostile, h5_bytes, replaced

__all__ = ["HDF5"]


def add_soft_link(file: Any) -> None:
    file["soft"] = h5py.SoftLink("/model_weights")


def add_external_link(file: Any) -> None:
    file["away"] = h5py.ExternalLink("/etc/passwd", "/x")


def other_link() -> bytes:
    # The type of an external link, 64, becomes that of a link which only a program knows.
    return replaced(h5_bytes(add_external_link), b"\x01\x08\x40\x04away", b"\x01\x08\x41\x04away")


def add_cycle(file: Any) -> None:
    file["model_weights/again"] = file["model_weights"]


def add_second_name(file: Any) -> None:
    file["second"] = file["model_weights/dense/dense/kernel:0"]


def name_with_a_slash() -> bytes:
    data = h5_bytes(lambda file: file.create_group("wayXout"))
    return replaced(data, b"wayXout", b"way/out")


def add_name_in_latin(file: Any) -> None:
    h5py.h5g.create(file.id, b"caf\xe9")


def add_text_in_latin(file: Any) -> None:
    file.attrs.create("note", b"caf\xe9", dtype=h5py.string_dtype("ascii", 4))


def add_depth(file: Any) -> None:
    file.create_group("/".join("a" * 70))


def add_type(file: Any) -> None:
    file["type"] = np.dtype("f4")


def add_external_storage(file: Any) -> None:
    file.create_dataset("stolen", (8,), "u1", external=[("/etc/passwd", 0, 8)])


def add_virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((8,), "u1")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (8,))
    file.create_virtual_dataset("stolen", layout)


def add_filter(file: Any) -> None:
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((4,))
    plist.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, ())
    space = h5py.h5s.create_simple((4,))
    h5py.h5d.create(file.id, b"packed", h5py.h5t.IEEE_F32LE, space, plist)


def add_null(file: Any) -> None:
    file["null"] = h5py.Empty("f4")


def add_unwritten(file: Any) -> None:
    file.create_dataset("bomb", (2**20,), "f4")


def add_unwritten_chunks(file: Any) -> None:
    file.create_dataset("bomb", (2**20,), "f4", chunks=(2**10,))[:9] = 1


def add_unwritten_deflated(file: Any) -> None:
    bomb = file.create_dataset("bomb", (2**22,), "f4", chunks=(2**12,), compression="gzip")
    bomb[: 2**12] = np.random.default_rng(0).random(2**12)


def add_large_chunk(file: Any) -> None:
    file.create_dataset("bomb", (1,), "f4", chunks=(2**28,), maxshape=(None,))


def add_large(file: Any) -> None:
    file.create_dataset("bomb", (2**27,), "u1", chunks=(2**22,), compression="gzip")[:] = 0


def add_empty_and_large(file: Any) -> None:
    file.create_dataset("bomb", (0, 2**60), "f4")


def shared_storage() -> bytes:
    """Return a file of two arrays, the second of which is cut off and lies where the first does."""
    data = h5_bytes(
        lambda file: file.create_dataset("a", data=np.ones(10_000, np.float32)),
        lambda file: file.create_dataset("b", data=np.ones(10_000, np.float32)),
    )
    with h5py.File(io.BytesIO(data)) as file:
        first, second = (file[name].id.get_offset() for name in "ab")
    assert second + 40_000 == len(data)
    places = [struct.pack("<QQ", place, 40_000) for place in (second, first)]
    cut = replaced(data[:second], *places)
    return replaced(cut, struct.pack("<Q", len(data)), struct.pack("<Q", second))


def endless() -> bytes:
    """Return a file on which libhdf5 loops for ever: free space of no size in the heap of texts."""
    data = bytearray(h5_bytes())
    heap = data.index(b"GCOL")
    place = heap + 16
    while (index := struct.unpack_from("<H", data, place)[0]) != 0:
        assert index
        size = struct.unpack_from("<Q", data, place + 8)[0]
        place += 16 + -(-size // 8) * 8
    struct.pack_into("<Q", data, place + 8, 0)
    return bytes(data)


LINKS = "must hold no links, which could lead to other files. Received: "
STORED = "must store the numbers that it declares. Received: 'bomb', which declares "
TOO_LARGE = "must hold at most 134,217,728 bytes of numbers. Received: "

HDF5: Mapping[str, Hostile] = {
    "soft_link": Hostile(lambda: h5_bytes(add_soft_link), f"{LINKS}a soft link, 'soft'"),
    "external_link": Hostile(
        lambda: h5_bytes(add_external_link), f"{LINKS}an external link, 'away'"
    ),
    "other_link": Hostile(other_link, f"{LINKS}a link of another kind, 'away'"),
    "cycle": Hostile(
        lambda: h5_bytes(add_cycle),
        "must hold each object under one name. Received: a second name, 'model_weights/again'",
    ),
    "second_name": Hostile(
        lambda: h5_bytes(add_second_name), "must hold each object under one name."
    ),
    "slash": Hostile(name_with_a_slash, "must have plain names. Received: 'way/out'"),
    "latin_name": Hostile(
        lambda: h5_bytes(add_name_in_latin), r"must hold text in UTF-8. Received: "
    ),
    "latin_text": Hostile(
        lambda: h5_bytes(add_text_in_latin), r"must hold text in UTF-8. Received: "
    ),
    "deep": Hostile(
        lambda: h5_bytes(add_depth), "must hold groups at most 64 deep. Received: deeper ones"
    ),
    "type": Hostile(
        lambda: h5_bytes(add_type), "must hold groups and arrays alone. Received: a type, 'type'"
    ),
    "external_storage": Hostile(
        lambda: h5_bytes(add_external_storage),
        "must hold its numbers itself. Received: 'stolen', whose numbers are in other files",
    ),
    "virtual": Hostile(
        lambda: h5_bytes(add_virtual),
        "must hold its numbers itself. Received: 'stolen', whose numbers are in other files",
    ),
    "filter": Hostile(
        lambda: h5_bytes(add_filter),
        "must be compressed with gzip or lzf, or not at all. "
        "Received: 'packed', with the filter 32015",
    ),
    "null": Hostile(
        lambda: h5_bytes(add_null), "must hold arrays that have a shape. Received: 'null', without"
    ),
    "unwritten": Hostile(lambda: h5_bytes(add_unwritten), f"{STORED}4,194,304 bytes"),
    "unwritten_chunks": Hostile(lambda: h5_bytes(add_unwritten_chunks), f"{STORED}4,194,304 bytes"),
    "unwritten_deflated": Hostile(
        lambda: h5_bytes(add_unwritten_deflated), f"{STORED}16,777,216 bytes"
    ),
    "large_chunk": Hostile(lambda: h5_bytes(add_large_chunk), f"{STORED}4 bytes"),
    "large": Hostile(lambda: h5_bytes(add_large), f"{TOO_LARGE}134,217,752 bytes up to "),
    "empty_and_large": Hostile(lambda: h5_bytes(add_empty_and_large), TOO_LARGE),
    "shared_storage": Hostile(
        shared_storage,
        "must store the numbers that it declares. Received: 'b', which declares 40,000 bytes",
    ),
    "cut_off": Hostile(lambda: h5_bytes()[:1500], "must be a whole HDF5 file. Received: "),
    "magic_alone": Hostile(lambda: h5_bytes()[:8], "must be a whole HDF5 file. Received: "),
    "endless": Hostile(endless, "must be read within 1 s. Received: a file that takes longer"),
}
