"""One part of what is audited - a file, a member of an archive - told by its content."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from upsamp.core.text import decode_text
from upsamp.errors import FormatError, MissingExtraError, UpsampError
from upsamp.io.json_text import read_json
from upsamp.io.model_files import CONFIG, METADATA
from upsamp.io.npy_files import read_npy_head
from upsamp.io.stored_arrays import NUMBERS, StoredArrays
from upsamp.models.audit.config_objects import audit_config
from upsamp.models.audit.embedded import HEAD_BYTES, Kind, embedded_kind, pickled_names
from upsamp.models.audit.report import Report, quoted, received
from upsamp.models.audit.safetensors_header import audit_safetensors
from upsamp.models.files.loading import model_from_config

HDF5 = b"\x89HDF\r\n\x1a\n"
NPY = b"\x93NUMPY"
# Bytes of a config that are looked at.
MAX_CONFIG = 16 * 2**20
# How many bytes are unpacked in the time in which one of a config is read.
PARSING = 8
# More weights than this fit in no machine's memory.
MAX_WEIGHTS = 2**38
# What arrays hold that are none of numbers, by their type.
NO_NUMBERS = {"text": "text", "opaque": "opaque bytes"}
# The texts of an .h5 file that Keras takes for configs.
H5_CONFIGS = ("model_config", "training_config")
# The graph of a SavedModel.
GRAPH = "saved_model.pb"
# Bytes of a pickle in which names are looked for.
MAX_PICKLE = 2**20
# The JSON that Keras reads, "" being a whole file, and what other JSON has if it could be such.
CONFIGS = ("", CONFIG, METADATA, "model.weights.json")
KEYS = (b'"class_name"', b'"weight_map"')
# A model may be trained to harm, which nothing here can tell.
VALUES = "the values of the weights"
# What an index of sharded weights has.
SHARDS = "weight_map"


@dataclass(frozen=True)
class Part:
    """Bytes that are audited by themselves.

    name: of the member, "" for a whole file. size: in bytes. read: returns the first bytes, so
    many at the most. read_hdf5: returns what they hold as HDF5.
    """

    name: str
    size: int
    read: Callable[[int], bytes]
    read_hdf5: Callable[[], StoredArrays]


def refused(error: FormatError, report: Report, rule: str, member: str = "") -> None:
    """Note what a reader refused, under its own rule where it tells one."""
    report.add(error.rule or rule, received(str(error)), error.place or member)


def audit_part(part: Part, report: Report) -> str:
    """Note what speaks against a part, and return its kind, "" where that is not known."""
    head = part.read(HEAD_BYTES)
    kind = embedded_kind(head, part.name)
    name = part.name.lower() if kind is None and "._" not in part.name else ""  # as of macOS
    weights = _weights_kind(part.size, head, name)
    if weights:
        report.skip(VALUES)
        WEIGHTS[weights](part, head, report)
        return weights
    if kind is not None:
        report.add(kind.rule, f"it begins like {_told(kind, part)}", part.name, offset=0)
        return kind.what
    if part.name.rpartition("/")[2] == GRAPH:
        report.add("tensorflow-graph", "a SavedModel", part.name)
        report.skip(f"{part.name}: the operations of the graph")
        return "TensorFlow SavedModel"
    if name.endswith(".json") or decode_text(head, "ignore").lstrip().startswith("{"):
        audit_json(part, report)
        return "JSON"
    return ""


def _weights_kind(size: int, head: bytes, name: str) -> str:
    """Return which kind of weights begins so, or has such a name; "" for none."""
    if head.startswith(HDF5) or name.endswith((".h5", ".hdf5")):
        return "HDF5"
    if head.startswith(NPY) or name.endswith(".npy"):
        return ".npy"
    holds_header = size > 8 and int.from_bytes(head[:8], "little") <= size - 8
    return ".safetensors" if holds_header and head[8:9] == b"{" else ""


def _told(kind: Kind, part: Part) -> str:
    """Return what a kind is, for a pickle with what it names."""
    names = pickled_names(part.read(MAX_PICKLE)) if kind.rule == "pickle" else []
    return f"{kind.what}, which names {', '.join(map(quoted, names))}" if names else kind.what


# --- JSON


def audit_json(part: Part, report: Report) -> None:
    """Note what speaks against a part of JSON."""
    if not report.take(PARSING * min(part.size, MAX_CONFIG)):
        report.skip(f"{part.name}: what the config holds, as others hold much")
        return
    data = part.read(MAX_CONFIG + 1)
    if part.name not in CONFIGS and not any(key in data for key in KEYS):
        report.skip(f"{part.name}: JSON that is no config of Keras")
        return
    value = read_config(data, report, part.name)
    if value is None:
        return
    if isinstance(value, dict) and SHARDS in value and "class_name" not in value:
        _audit_shards(value, report, part.name)
        return
    audit_config(value, report, part.name)
    if part.name in ("", CONFIG):
        check_model(value, report, part.name)
    elif part.name == METADATA and not isinstance(value, dict):
        report.add("config-form", "metadata that are no object of JSON", part.name)


def check_model(config: Any, report: Report, member: str, path: str = "") -> None:
    """Note where a config is not that of a model; its layers are only read if they are harmless."""
    form = isinstance(config, dict) and isinstance(config.get("class_name"), str)
    if not form or "config" not in config:
        report.add("config-form", "no class_name and config", member, path)
    elif not report.reasons:
        try:
            model = model_from_config(config)
            count = model.count_params() if model.built else 0
        except UpsampError as error:
            if isinstance(error, FormatError) and error.rule:
                report.add(error.rule, str(error), member, path)
            else:  # which may be what upsamp does not read yet
                report.skip(f"{member or 'the file'}: how the layers fit together. {error}")
        else:
            if count > MAX_WEIGHTS:
                told = f"{min(count, 10**30):.3g} weights or more in all layers"
                report.add("declared-size", told, member, path)


def read_config(data: bytes, report: Report, member: str, path: str = "") -> Any:
    """Return JSON, with both values of a key that is there twice; None where it is none."""
    parts = data.count(b"{") + data.count(b"[") + data.count(b'"') // 2
    if len(data) > MAX_CONFIG or not report.take(0, parts):
        rule = "json-length" if len(data) > MAX_CONFIG else "json-parts"
        told = f"{len(data):,} bytes or more, {parts:,} strings, lists and objects"
        report.add(rule, told, member, path)
        report.skip(f"{member or 'the file'}: what the config holds")
        return None
    try:
        return read_json(data, member or "The file")
    except FormatError as error:
        report.add(error.rule or "json-damaged", received(str(error)), member, path)
        if error.rule == "json-duplicate-key":
            return json.loads(decode_text(data), object_pairs_hook=_all_pairs)
    report.skip(f"{member or 'the file'}: what the config holds")
    return None


def _all_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object in which further values of a key have keys of their own."""
    result: dict[str, Any] = {}
    for place, (key, value) in enumerate(pairs):
        result[key if key not in result else f"{key} ({place})"] = value
    return result


def _audit_shards(index: dict[str, Any], report: Report, member: str) -> None:
    """Note the shards of an index whose names lead elsewhere."""
    names = index[SHARDS]
    for key, value in names.items() if isinstance(names, dict) else ():
        for name in value if isinstance(value, list) else [value]:
            if not isinstance(name, str) or name != name.replace("\\", "/").rpartition("/")[2]:
                report.add("shard-path", f"the shard {quoted(name)}", member, f"{SHARDS}.{key}")


# --- files of weights


def audit_npy(part: Part, _head: bytes, report: Report) -> None:
    """Note what speaks against a .npy file, of which the head alone is read."""
    try:
        read_npy_head(BytesIO(part.read(2**16)), "it", part.size)
    except FormatError as error:
        refused(error, report, "npy-damaged", part.name)


def audit_hdf5(part: Part, head: bytes, report: Report) -> None:
    """Note what speaks against an HDF5 file, and against the configs in it."""
    try:
        stored = part.read_hdf5()
    except MissingExtraError:
        if not part.name:  # of which nothing at all could be said
            raise
        report.skip(f"{part.name}: HDF5, for which h5py is not installed")
        return
    except FormatError as error:
        refused(error, report, "hdf5-damaged", part.name)
        return
    except UpsampError as error:
        report.skip(f"{part.name or 'the file'}: {error}")
        return
    for fault in stored.faults:
        report.add(fault.rule, received(fault.message), _inside(part.name, fault.place))
    _audit_values(stored, report, part.name)
    _audit_end(part, head, report)
    about = stored.attributes.get("", {})
    for key in H5_CONFIGS:
        found = about.get(key, "")
        text = found if isinstance(found, str) else "".join(found)
        config = read_config(text.encode(), report, part.name, key) if text else None
        if config is not None:
            audit_config(config, report, part.name, key)
            if key == H5_CONFIGS[0]:
                check_model(config, report, part.name, key)


def _audit_values(stored: StoredArrays, report: Report, member: str) -> None:
    """Note the arrays that hold something else than numbers."""
    for name, array in stored.arrays.items():
        if array.dtype not in NUMBERS:
            told = NO_NUMBERS.get(array.dtype, "neither numbers nor text")
            report.add("hdf5-values", told, _inside(member, name))


def _inside(member: str, path: str) -> str:
    return f"{member}: {path}" if member and path else member or path


def _audit_end(part: Part, head: bytes, report: Report) -> None:
    """Note the bytes that stand after the end that an HDF5 file declares."""
    version = head[8] if len(head) > 48 else 255
    if version in (0, 1):
        width, start = head[13], 24 + 4 * version
        base, end = start, start + 2 * width
    elif version in (2, 3):
        width = head[9]
        base, end = 12, 12 + 2 * width
    else:
        return
    stop = sum(int.from_bytes(head[at : at + width], "little") for at in (base, end))
    if width in (2, 4, 8) and 0 < stop < part.size:
        told = f"{part.size - stop:,} bytes after the end of the HDF5 file"
        report.add("hidden-data", told, part.name, offset=stop)


def _audit_safetensors(part: Part, _head: bytes, report: Report) -> None:
    audit_safetensors(part.read, part.size, report, part.name)


WEIGHTS: Mapping[str, Callable[[Part, bytes, Report], None]] = {
    "HDF5": audit_hdf5,
    ".npy": audit_npy,
    ".safetensors": _audit_safetensors,
}
