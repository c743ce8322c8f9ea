"""Damaged files of every kind end in what they hold or in an error of upsamp, in bounded time."""

import io
import random
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from effort import choose
from hostile.parts import CONFIG, h5_bytes, zip_bytes

from upsamp.errors import UpsampError
from upsamp.io.hdf5.reading import Hdf5Reader
from upsamp.io.hdf5.writing import format_hdf5
from upsamp.io.json_text import read_json
from upsamp.io.model_files import open_model
from upsamp.io.weight_files import read_weights_file, write_weights

MAX_SIZE = 2**24
# So many damaged files make a chunk; the chunks run side by side.
CHUNK = choose(250, 1000)
INTERESTING = (0, 1, 2, 4, 8, 0x22, 0x5B, 0x7B, 0x7F, 0x80, 0xFE, 0xFF)
ARRAYS: dict[str, Any] = {
    "layers/dense/vars/0": np.arange(12, dtype=np.float32).reshape(3, 4),
    "layers/dense/vars/1": np.arange(4, dtype=np.float16),
    "layers/mask/vars/0": np.array([True, False]),
}


def mutated(data: bytes, source: random.Random) -> bytes:
    """Damage a file: some bytes, or a piece that is cut, doubled, moved or emptied."""
    result = bytearray(data)
    for _ in range(source.choice((1, 1, 1, 2, 4, 16))):
        place = source.randrange(len(result))
        length = source.choice((1, 2, 4, 8, 8, 64, 1000))
        other = source.randrange(len(result))
        match source.randrange(12):
            case 0:
                del result[place:]
            case 1:
                del result[place : place + length]
            case 2:
                result[place:place] = result[other : other + length]
            case 3:
                result[place : place + length] = result[other : other + length]
            case 4:
                result[place : place + length] = bytes(len(result[place : place + length]))
            case 5 | 6 | 7:
                result[place] ^= 1 << source.randrange(8)
            case 8 | 9:
                result[place] = source.randrange(256)
            case _:
                result[place] = source.choice(INTERESTING)
        if not result:
            return b""
    return bytes(result)


def new_hdf5() -> bytes:
    """Return a file as the newest libraries write it, with checksums, and compressed arrays."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver="latest") as file:
        file.attrs["model_config"] = CONFIG.decode()
        file.create_dataset("a", data=np.ones((20, 20)), chunks=(8, 8), compression="gzip")
        file.create_dataset("b", data=np.ones(50, np.int16), chunks=(9,), shuffle=True)
    return buffer.getvalue()


def add_packed(file: Any) -> None:
    file.create_dataset("model_weights/c", data=np.ones((9, 9)), chunks=(4, 4), compression="gzip")
    file["model_weights"].attrs["layer_names"] = ["dense", "c"]
    file["model_weights/dense"].attrs["weight_names"] = [b"dense/kernel:0"]


def deflated() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", b'{"keras_version": "3.15.1"}')
        archive.writestr("config.json", CONFIG)
        archive.writestr("model.weights.h5", format_hdf5(ARRAYS))
    return buffer.getvalue()


def written(kind: Any, folder: Path) -> bytes:
    """Return the bytes that `write_weights` writes."""
    path = folder / "written"
    write_weights(ARRAYS, str(path), kind, overwrite=True)
    return path.read_bytes()


def packed(folder: Path) -> bytes:
    np.savez_compressed(folder / "packed.npz", **ARRAYS)
    return (folder / "packed.npz").read_bytes()


SAMPLES: dict[str, Callable[[Path], list[bytes]]] = {
    "hdf5": lambda _: [
        format_hdf5(ARRAYS, {"layers/flatten/vars": {"name": "flatten"}}),
        h5_bytes(add_packed),
        new_hdf5(),
    ],
    "zip": lambda _: [zip_bytes(), deflated()],
    "json": lambda _: [CONFIG, b'{"a": {"b": [1, 2.5e3, "\\u00e9\\\\", null]}, "c": [[[[]]]]}'],
    "npz": lambda folder: [written("npz", folder), packed(folder)],
    "safetensors": lambda folder: [written("safetensors", folder)],
}


def read(kind: str, data: bytes, place: Path, reader: Hdf5Reader) -> None:
    """Read a file as whoever is given it would."""
    if kind == "json":
        read_json(data, "it")
        return
    place.write_bytes(data)
    if kind == "hdf5":
        reader.read(str(place))
    elif kind == "zip":
        open_model(str(place), max_size=MAX_SIZE).weights()
    else:
        read_weights_file(str(place), max_size=MAX_SIZE)


@pytest.mark.parametrize(
    ("kind", "chunk"),
    [
        (kind, chunk)
        for kind, chunks in (("hdf5", 9), ("zip", 5), ("npz", 4), ("safetensors", 3), ("json", 3))
        for chunk in range(choose(1, chunks))
    ],
)
def test_damaged_files_end_in_success_or_in_an_error_of_one_line(
    kind: str, chunk: int, tmp_path: Path, one_process: Hdf5Reader
) -> None:
    source = random.Random(f"{kind} {chunk}")
    samples = SAMPLES[kind](tmp_path)
    one_process.max_size = MAX_SIZE
    ends: Counter[str] = Counter()
    for _ in range(CHUNK):
        data = mutated(source.choice(samples), source)
        try:
            read(kind, data, tmp_path / "damaged", one_process)
            ends["read"] += 1
        except UpsampError as error:
            ends[f"refused in lines: {len(str(error).splitlines())}"] += 1
    assert set(ends) == {"read", "refused in lines: 1"}
    # Damage that is never met, or always, would test little.
    assert min(ends.values()) > CHUNK // 100
