"""Files of .npz and .safetensors whose headers are not true."""

import json
import struct
from collections.abc import Mapping
from typing import Any

from hostile.parts import Hostile, zip_bytes

__all__ = ["HEADERS"]


def npy(header: str, data: bytes = b"", version: int = 1) -> bytes:
    """Return a .npy file with that header."""
    length = struct.pack("<H" if version == 1 else "<I", len(header) + 1)
    return b"\x93NUMPY" + bytes((version, 0)) + length + header.encode() + b"\n" + data


def npz(header: str, data: bytes = b"", version: int = 1) -> bytes:
    return zip_bytes(("kernel.npy", npy(header, data, version)), config=None)


def tensors(header: object, data: bytes = b"") -> bytes:
    """Return a .safetensors file with that header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(dtype: object = "F32", shape: object = (1,), offsets: object = (0, 4)) -> dict[str, Any]:
    return {"kernel": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


NPY = "'kernel.npy' of '.*' is no valid .npy file: .* Save it again with numpy.save"
# What the package itself refuses, in words that are other ones with each release.
WHOLE = "must be a whole .safetensors file. Received: '.*'. Save it again."
ENTRY = json.dumps(tensor()["kernel"]).encode()
HEADERS: Mapping[str, Hostile] = {
    "objects.npz": Hostile(
        lambda: npz("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"\x80\x04."),
        "'kernel.npy' of '.*' holds Python objects, which could run code",
    ),
    "declares_more.npz": Hostile(
        lambda: npz("{'descr': '<f4', 'fortran_order': False, 'shape': (1152921504606846976,)}"),
        "'kernel.npy' of '.*' is cut off: it declares 4,611,686,018,427,387,904 bytes",
    ),
    "declares_less.npz": Hostile(
        lambda: npz("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", bytes(8)),
        "'kernel.npy' of '.*' must hold one array. Received: 4 bytes after it",
    ),
    "negative.npz": Hostile(
        lambda: npz("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -1)}", bytes(4)),
        "'kernel.npy' of '.*' must have up to 32 whole numbers, 0 or more, as its shape",
    ),
    "many_axes.npz": Hostile(
        lambda: npz(
            f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({'1, ' * 70})}}", bytes(4)
        ),
        "'kernel.npy' of '.*' must have up to 32 whole numbers, 0 or more, as its shape",
    ),
    "no_header.npz": Hostile(lambda: npz("{'descr': "), NPY),
    "brackets.npz": Hostile(lambda: npz("(" * 9000), NPY),
    "old_header.npz": Hostile(lambda: npz("{'descr': '<f4' 'x", b"", 2), NPY),
    "no_npy.npz": Hostile(
        lambda: zip_bytes(("kernel.npy", b"text"), config=None),
        NPY,
    ),
    "foreign_member.npz": Hostile(
        lambda: zip_bytes(("readme.txt", b"hello"), config=None),
        "must hold config.json, as .keras files do.",
    ),
    "float8.safetensors": Hostile(
        lambda: tensors(tensor("F8_E4M3", (4,)), bytes(4)),
        "must hold real numbers of at least 16 bits, or integers. "
        "Received: 'kernel' of type 'F8_E4M3'",
    ),
    "many_axes.safetensors": Hostile(
        lambda: tensors(tensor(shape=(1,) * 70), bytes(4)),
        "must give shapes as at most 32 whole numbers. Received: 'kernel', otherwise",
    ),
    "empty.safetensors": Hostile(
        lambda: tensors(tensor(shape=(0, 2**60), offsets=(0, 0))),
        "must give shapes as at most 32 whole numbers. Received: 'kernel', otherwise",
    ),
    "fraction.safetensors": Hostile(lambda: tensors(tensor(shape=(1.0,)), bytes(4)), WHOLE),
    "negative.safetensors": Hostile(lambda: tensors(tensor(shape=(-1, -1)), bytes(4)), WHOLE),
    "declares_more.safetensors": Hostile(lambda: tensors(tensor(shape=(2**60,)), bytes(4)), WHOLE),
    "declares_less.safetensors": Hostile(lambda: tensors(tensor(), bytes(8)), WHOLE),
    "overflow.safetensors": Hostile(lambda: tensors(tensor(shape=(2**63, 2)), bytes(4)), WHOLE),
    "outside.safetensors": Hostile(
        lambda: tensors(tensor(shape=(2,), offsets=(0, 8)), bytes(4)), WHOLE
    ),
    "before.safetensors": Hostile(lambda: tensors(tensor(offsets=(-4, 0)), bytes(4)), WHOLE),
    "later.safetensors": Hostile(lambda: tensors(tensor(offsets=(4, 8)), bytes(8)), WHOLE),
    "no_shape.safetensors": Hostile(lambda: tensors({"kernel": 5}, bytes(4)), WHOLE),
    "list.safetensors": Hostile(
        lambda: tensors({"kernel": list(tensor("F8_E4M3")["kernel"].values())}, bytes(4)),
        "must (hold real numbers of at least 16 bits|be a whole .safetensors file)",
    ),
    "twice.safetensors": Hostile(
        lambda: tensors(b'{"kernel": %s, "kernel": %s}' % (ENTRY, ENTRY), bytes(4)),
        "must have each key once in an object. Received: 'kernel' twice",
    ),
    "overlap.safetensors": Hostile(
        lambda: tensors(tensor() | {"bias": tensor()["kernel"]}, bytes(4)), WHOLE
    ),
    "hole.safetensors": Hostile(
        lambda: tensors(tensor() | {"bias": tensor(offsets=(8, 12))["kernel"]}, bytes(12)), WHOLE
    ),
    "cut_off.safetensors": Hostile(
        lambda: tensors(tensor(), bytes(4))[:40], "must be a saved model or weights. Received: "
    ),
}
