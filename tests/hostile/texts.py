"""JSON that is no model, and files of other kinds than are read."""

from collections.abc import Mapping

from hostile.parts import CONFIG, Hostile

__all__ = ["JSON", "OTHERS"]


def nested(depth: int) -> bytes:
    return b'{"a":' + b"[" * depth + b"]" * depth + b"}"


JSON: Mapping[str, Hostile] = {
    "deep": Hostile(
        lambda: nested(200), "must not be nested deeper than 200 levels. Received: more, at char"
    ),
    "very_deep": Hostile(
        lambda: nested(10**6), "must not be nested deeper than 200 levels. Received: more"
    ),
    "open_string": Hostile(
        lambda: b'{"' + b'\\"' * 10**6, "must be JSON. Received: Unterminated string"
    ),
    "twice": Hostile(
        lambda: b'{"class_name": "A", "class_name": "B", "config": {}}',
        "must have each key once in an object. Received: 'class_name' twice",
    ),
    "digits": Hostile(
        lambda: b'{"a": ' + b"9" * 5000 + b"}",
        "must hold numbers that are no longer than Python reads. Received: an integer of thous",
    ),
    "latin": Hostile(
        lambda: b'{"a": "caf\xe9"}', "must be JSON in UTF-8. Received: the byte 0xe9 at 10"
    ),
    "surrogate": Hostile(lambda: b'{"a": "\\ud83d"}', "must be JSON. Received: half a character"),
    "cut_off": Hostile(lambda: CONFIG[:-3], "must be JSON. Received: "),
    "two": Hostile(lambda: CONFIG + CONFIG, "must be JSON. Received: Extra data"),
    "no_model": Hostile(
        lambda: b'{"weights": []}', "must describe a model by class_name and config."
    ),
}


# --- files of other kinds


def table() -> bytes:
    return bytes(100) + bytes.fromhex("57fb808b247547db")


PICKLED = "Received: PyTorch or Python objects, which could run code when they are read."
OTHERS: Mapping[str, Hostile] = {
    "empty": Hostile(lambda: b"", "must be a saved model or weights. Received: an empty file."),
    "text": Hostile(lambda: b"hello", "Received: a file of no known kind. Give a .keras,"),
    "pickle": Hostile(lambda: b"\x80\x04\x95cos\nsystem\n", PICKLED),
    "old_torch": Hostile(lambda: b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", PICKLED),
    "saved_model": Hostile(
        lambda: b"\x08\x01\x12\xe0\xf9\x03\n\x90\x10", "Received: a TensorFlow SavedModel. Load it"
    ),
    "onnx": Hostile(lambda: b"\x08\x0e:3\n\x0c\n\x01x\x12\x01y", "Received: an ONNX model. Load"),
    "lite": Hostile(lambda: b"\x1c\0\0\0TFL3", "Received: a TensorFlow Lite model. Load it"),
    "checkpoint": Hostile(
        lambda: b'model_checkpoint_path: "model"', "Received: a part of a TensorFlow checkpoint."
    ),
    "index": Hostile(table, "Received: a part of a TensorFlow checkpoint."),
    "data.data-00000-of-00001": Hostile(
        lambda: bytes(64), "Received: a part of a TensorFlow checkpoint."
    ),
}
