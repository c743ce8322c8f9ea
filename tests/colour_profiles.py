"""Colour profiles made byte by byte: grey and RGB by curves, CMYK by a table of few colours."""

import struct
from collections.abc import Mapping

__all__ = ["cmyk_profile", "grey_profile", "mixtures", "rgb_profile"]

# The white of D50, as profiles write numbers, in 65536ths.
WHITE = (63190, 65536, 54061)


def _xyz(*numbers: int) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *numbers)


def _gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(256 * value)) + b"\0\0"


def _profile(kind: bytes, space: bytes, connection: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    """Return a profile of version 2."""
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78 + 1),
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": _xyz(*WHITE),
        **tags,
    }
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    size = start + len(body)
    head = struct.pack(">I4sI", size, b"none", 0x2400000)
    head += kind + space + connection + struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp"
    head += bytes(28) + struct.pack(">3i", *WHITE)
    return head.ljust(128, b"\0") + table + body


def grey_profile() -> bytes:
    """Return a profile of grey with a gamma of 2.2."""
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": _gamma(2.2)})


def rgb_profile() -> bytes:
    """Return a profile of wide primaries with a gamma of 1.8."""
    colours = {
        b"rXYZ": _xyz(52000, 18000, 0),
        b"gXYZ": _xyz(9000, 47000, 1000),
        b"bXYZ": _xyz(2190, 536, 53061),
    }
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _gamma(1.8))
    return _profile(b"mntr", b"RGB ", b"XYZ ", colours | curves)


def cmyk_profile() -> bytes:
    """Return a profile of inks by the LAB of all 16 mixtures: paper is white, black is black."""
    even = bytes(range(256))
    nodes = bytes(
        part
        for lightness, a, b in mixtures().values()
        for part in (round(lightness * 2.55), a + 128, b + 128)
    )
    table = (
        b"mft1\0\0\0\0"
        + bytes((4, 3, 2, 0))
        + struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
        + 4 * even
        + nodes
        + 3 * even
    )
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table})


def mixtures() -> dict[tuple[int, int, int, int], tuple[int, int, int]]:
    """Return the LAB of each mixture of none or all of cyan, magenta, yellow and black."""
    hues = ((-20, -20), (40, 0), (-5, 40))
    colours = {}
    for node in range(16):
        cyan, magenta, yellow, black = (node >> shift & 1 for shift in (3, 2, 1, 0))
        inks = [hue for hue, ink in zip(hues, (cyan, magenta, yellow), strict=True) if ink]
        a, b = (sum(hue[axis] for hue in inks) // max(len(inks), 1) for axis in (0, 1))
        lightness = (100, 60, 40, 20)[len(inks)]
        colours[cyan, magenta, yellow, black] = (0, 0, 0) if black else (lightness, a, b)
    return colours
