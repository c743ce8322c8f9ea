"""What kind of saved model or file of weights something is, by its content."""

import re
from pathlib import Path

from upsamp.core.text import decode_text
from upsamp.errors import FormatError
from upsamp.io.model_sources import Source

HEAD = 512
# The last bytes of a table of LevelDB, which the index of a TensorFlow checkpoint is.
TABLE = bytes.fromhex("57fb808b247547db")
IN_KERAS = "Load it in the library that made it, and save it as .keras in Keras."
PICKLE = "PyTorch or Python objects, which could run code when they are read"


def kind_of(source: Source) -> str:
    """Return "hdf5", "zip", "safetensors" or "json"; raise `FormatError` for other files."""
    head, tail, size = _ends(source)
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "hdf5"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if size > 8 and int.from_bytes(head[:8], "little") <= size - 8 and head[8:9] == b"{":
        return "safetensors"
    foreign = _foreign(head, tail, source)
    if foreign:
        raise FormatError(f"{source.name} must be a saved Keras model. Received: {foreign}")
    if decode_text(head, "ignore").lstrip().startswith("{"):
        return "json"
    received = "a file of no known kind" if size else "an empty file"
    raise FormatError(
        f"{source.name} must be a saved model or weights. Received: {received}. "
        "Give a .keras, .h5, .json, .npz or .safetensors file."
    )


def _ends(source: Source) -> tuple[bytes, bytes, int]:
    with source.open() as stream:
        head = stream.read(HEAD)
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 8))
        return head, stream.read(8), size


def _foreign(head: bytes, tail: bytes, source: Source) -> str | None:
    """Say what a file of another library is, and what to do with it."""
    name = source.path or ""
    if re.match(rb"\x80[\x02-\x05]", head):
        return f"{PICKLE}. Save the weights as .safetensors."
    if (
        head.startswith(b"model_checkpoint_path:")
        or tail == TABLE
        or re.search(r"\.data-\d{5}-of-\d{5}$", name)
    ):
        return f"a part of a TensorFlow checkpoint. {IN_KERAS}"
    if head[4:8] == b"TFL3":
        return f"a TensorFlow Lite model. {IN_KERAS}"
    if head.startswith(b"\x08\x01\x12"):
        return f"a TensorFlow SavedModel. {IN_KERAS}"
    if re.match(rb"\x08[\x01-\x20][\x12\x1a\x22\x28\x32\x3a\x42]", head):
        return f"an ONNX model. {IN_KERAS}"
    return None


def refuse_folder(folder: str) -> FormatError:
    """Return the error for a folder that is no saved Keras model, and say what it is."""
    names = {path.name for path in Path(folder).iterdir()}
    if "saved_model.pb" in names:
        received = f"a TensorFlow SavedModel. {IN_KERAS}"
    elif "checkpoint" in names or any(name.endswith(".index") for name in names):
        received = f"a TensorFlow checkpoint. {IN_KERAS}"
    else:
        received = "one without config.json. Give the folder that Keras saved, or a .keras file."
    return FormatError(f"'{folder}' must be a folder that Keras saved. Received: {received}")
