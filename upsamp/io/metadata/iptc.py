"""IPTC, the captions of press photographs, in the resources of Photoshop that files carry it in.

Sources: IPTC, "Information Interchange Model 4.2"; Adobe, "Photoshop File Formats Specification".
"""

import struct
from collections.abc import Iterator

import numpy as np

SIGNATURE = b"8BIM"
IPTC, PATHS = 0x0404, range(2000, 2999)
# What each record begins with.
MARK = b"\x1c"


def resources_of(iptc: bytes) -> bytes:
    r"""Return IPTC as a resource.

    >>> iptc_of_resources(resources_of(b"\x1c\x02i\0\1T"))
    b'\x1c\x02i\x00\x01T'
    """
    head = SIGNATURE + struct.pack(">HHI", IPTC, 0, len(iptc))
    return head + iptc + bytes(len(iptc) % 2)


def iptc_of_resources(resources: bytes) -> bytes:
    """Return the IPTC among resources; nothing where there is none."""
    return next((data for number, data in _resources(resources) if number == IPTC), b"")


def iptc_of(data: bytes) -> bytes:
    """Return IPTC, whose bytes some programs swap four by four; nothing of other data."""
    if data[:1] != MARK == data[3:4] and len(data) % 4 == 0:
        data = np.frombuffer(data, np.uint32).byteswap().tobytes()
    return data if data[:1] == MARK else b""


def paths_of_resources(resources: bytes) -> list[str]:
    """Return what is told of resources that are left out."""
    paths = any(number in PATHS for number, _ in _resources(resources))
    return ["Photoshop's paths"] if paths else []


def _resources(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each resource's number and its content, as far as they are whole."""
    place = 0
    while data[place : place + 4] == SIGNATURE and place + 12 <= len(data):
        (number,) = struct.unpack_from(">H", data, place + 4)
        name = data[place + 6]
        place += 6 + (name + 2) // 2 * 2
        head = data[place : place + 4]
        if len(head) < 4:
            return
        (size,) = struct.unpack(">I", head)
        content = data[place + 4 : place + 4 + size]
        if len(content) == size:
            yield number, content
        place += 4 + (size + 1) // 2 * 2
