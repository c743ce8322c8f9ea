"""Zip archives that lead elsewhere, unpack without end, or are not what they say."""

import io
import stat
import struct
import zipfile
from collections.abc import Mapping
from typing import Any

from hostile.parts import CONFIG, VALUES, Hostile, h5_bytes, replaced, zip_bytes

__all__ = ["ZIPS"]


def entry(name: str = "assets/a.txt", **settings: Any) -> zipfile.ZipInfo:
    """Return a member whose settings are unusual."""
    info = zipfile.ZipInfo(name)
    for key, value in settings.items():
        setattr(info, key, value)
    return info


def with_flag(flag: int) -> bytes:
    """Return an archive whose first member has a flag set, in both of its headers."""
    data = bytearray(zip_bytes(("assets/a.txt", b"text")))
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + place] |= flag
    return bytes(data)


def twice() -> bytes:
    data = zip_bytes(("configXjson", CONFIG))
    return replaced(data, b"configXjson", b"config.json")


def bomb(size: int) -> bytes:
    """Return an archive with a member of zeros that is much smaller."""
    return zip_bytes((entry(compress_type=zipfile.ZIP_DEFLATED), bytes(size)))


def declared(size: int) -> bytes:
    """Return an archive whose deflated weights declare another size than they have."""
    info = entry("model.weights.h5", compress_type=zipfile.ZIP_DEFLATED)
    content = h5_bytes()
    data = zip_bytes((info, content), ("config.json", CONFIG), config=None)
    central = data.index(b"PK\x01\x02")
    assert struct.unpack_from("<I", data, central + 24)[0] == len(content)
    return data[: central + 24] + struct.pack("<I", size) + data[central + 28 :]


def overlapping() -> bytes:
    """Return an archive whose list names the bytes of one member twice."""
    data = zip_bytes(("assets/a.txt", bytes(100)), ("assets/b.txt", bytes(100)))
    second = data.index(b"PK\x03\x04", 1)
    central = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    assert struct.unpack_from("<I", data, central + 42)[0] == second
    return data[: central + 42] + struct.pack("<I", 0) + data[central + 46 :]


def past_the_end() -> bytes:
    """Return an archive whose last member declares more bytes than there are before the list."""
    data = zip_bytes()
    central = data.rindex(b"PK\x01\x02")
    return data[: central + 20] + struct.pack("<II", 10**6, 10**6) + data[central + 28 :]


def misplaced() -> bytes:
    data = zip_bytes()
    return b"PK\x03\x04" + replaced(data, b"PK\x03\x04", b"PK\x03\x05")[4:]


def damaged_weights() -> bytes:
    """Return an archive whose weights are stored plainly, with one number changed."""
    number = VALUES[5:].tobytes()
    return replaced(zip_bytes(), number, number[::-1])


def many_members() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for index in range(10_001):
            archive.writestr(str(index), b"")
    return buffer.getvalue()


def long_list() -> bytes:
    # Extra fields of 60,000 bytes, of a kind that nobody knows.
    extra = struct.pack("<HH", 0xCAFE, 60_000) + bytes(60_000)
    return zip_bytes(*((entry(f"assets/{index}", extra=extra), b"") for index in range(80)))


def moved_link() -> bytes:
    return zip_bytes(
        (entry("assets/a", external_attr=(stat.S_IFLNK | 0o777) << 16), b"/etc/passwd")
    )


def plain_zip() -> bytes:
    return zip_bytes(("readme.txt", b"hello"), config=None)


OUTSIDE = "must have members whose names stay inside it. Received: "
ZIPS: Mapping[str, Hostile] = {
    "absolute": Hostile(lambda: zip_bytes(("/etc/passwd", b"")), f"{OUTSIDE}'/etc/passwd'"),
    "parent": Hostile(lambda: zip_bytes(("assets/../../a", b"")), f"{OUTSIDE}'assets/../../a'"),
    "drive": Hostile(lambda: zip_bytes(("C:a", b"")), f"{OUTSIDE}'C:a'"),
    "backslash": Hostile(lambda: zip_bytes(("a\\..\\..\\b", b"")), f"{OUTSIDE}'a.+b'"),
    "share": Hostile(lambda: zip_bytes(("\\\\host\\b", b"")), f"{OUTSIDE}'.+host.+b'"),
    "nul": Hostile(lambda: replaced(zip_bytes(("aXb", b"")), b"aXb", b"a\0b"), f"{OUTSIDE}'a.+b'"),
    "link": Hostile(
        moved_link, "must have plain files as members. Received: 'assets/a', a link or a device"
    ),
    "twice": Hostile(twice, "must have each member once. Received: 'config.json' twice"),
    "encrypted": Hostile(
        lambda: with_flag(1), "must not be encrypted. Received: 'assets/a.txt', which is"
    ),
    "method": Hostile(
        lambda: zip_bytes((entry(compress_type=zipfile.ZIP_BZIP2), b"a")),
        "must be stored or deflated. Received: 'assets/a.txt', with the method 12",
    ),
    "too_large": Hostile(
        lambda: bomb(2**27), "must unpack to at most 134,217,728 bytes. Received: 134,2"
    ),
    "bomb": Hostile(
        lambda: bomb(2**26 + 1),
        "must not unpack to more than 1,000 times its size. Received: 67,108,865 bytes out of",
    ),
    "declares_less": Hostile(lambda: declared(100), "must be a whole zip archive. Received: "),
    "declares_more": Hostile(
        lambda: declared(10**6),
        "must be a whole zip archive. Received: 'a member that ends too early",
    ),
    "many_members": Hostile(many_members, "must have at most 10,000 members. Received: more"),
    "long_list": Hostile(long_list, "must have at most 10,000 members. Received: more"),
    "overlapping": Hostile(
        overlapping, "must have members that do not overlap. Received: 'assets/b.txt'"
    ),
    "past_the_end": Hostile(past_the_end, "must be a whole zip archive. Received: "),
    "misplaced": Hostile(misplaced, "must be a whole zip archive. Received: "),
    "damaged_weights": Hostile(
        damaged_weights, "must be a whole zip archive. Received: .*Bad CRC-32"
    ),
    "cut_off": Hostile(lambda: zip_bytes()[:-30], "must be a whole zip archive. Received: "),
    "no_config": Hostile(plain_zip, "must hold config.json, as .keras files do. Received: a zip"),
    "no_weights": Hostile(
        lambda: zip_bytes(("config.json", CONFIG), config=None),
        "must hold its weights in model.weights.h5. Received: none",
    ),
    "torch": Hostile(
        lambda: zip_bytes(("model/data.pkl", b"\x80\x02."), config=None),
        "Received: PyTorch objects, which could run code when they are read.",
    ),
    "npz": Hostile(
        lambda: zip_bytes(("kernel.npy", b""), config=None), "Received: weights alone, without the"
    ),
    "metadata": Hostile(
        lambda: zip_bytes(("metadata.json", b"[]")),
        "metadata.json of '.*' must be an object of JSON. Received: list",
    ),
    "config": Hostile(
        lambda: zip_bytes(config=b"{}"),
        "config.json of '.*' must describe a model by class_name and config. Received: 0 other",
    ),
    "weights": Hostile(
        lambda: zip_bytes(("config.json", CONFIG), ("model.weights.h5", b"text"), config=None),
        "must be a whole HDF5 file. Received: ",
    ),
}
