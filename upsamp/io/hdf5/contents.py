"""What is in an HDF5 file, gathered within bounds and checked on the way.

This runs in the process that may hang or die of a file; see `process`. Nothing is opened that
leads out of the file.
"""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np

from upsamp.io.hdf5.frames import MAX_HEADER
from upsamp.io.stored_arrays import NUMBERS, shown

# What no model comes near.
MAX_OBJECTS = 100_000
MAX_DEPTH = 64
# How many faults an audit lists.
MAX_FAULTS = 1000
# Deflate makes its input at most 1032 times as long, the other filters less.
MAX_RATIO = 1100

# gzip, shuffle, checksums and lzf: those that the library has without loading any code.
FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, 32000}
# What training needs alone, at the root of a file.
OPTIMIZERS = ("optimizer", "optimizer_weights")
AGAIN = "Save the model in Keras again."


# What h5py raises on files that it cannot read.
DAMAGE = (
    OSError,
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
)


class RefusalError(Exception):
    """Something in a file is refused; the message goes on after the name of the file.

    rule: the name of what is broken, as audits list it. ends: whether there is too much to go on.
    """

    def __init__(self, message: str, rule: str, *, ends: bool = False) -> None:
        super().__init__(message)
        self.rule = rule
        self.ends = ends


class Contents:
    """The text and the arrays of a file whose root is an open group.

    size: of the file in bytes. max_size: how many bytes all numbers may have; None for any.
    audit: whether what would be refused is gathered in `faults`: rule, path and message each.
    """

    def __init__(self, root: Any, size: int, max_size: int | None, *, audit: bool = False) -> None:
        self.size = size
        self.max_size = math.inf if max_size is None else max_size
        self.audit = audit
        self.faults: list[tuple[str, str, str]] = []
        self.attributes: dict[str, dict[str, str | list[str]]] = {}
        self.arrays: list[dict[str, Any]] = []
        # The arrays of real numbers in the same order: identifier, shape, and dtype to read in.
        self.numbers: list[tuple[Any, tuple[int, ...], np.dtype[Any]]] = []
        self._stored = self._total = self._text = self._objects = 0
        self._seen: set[int] = set()
        self._full = False
        self._walk(root)

    def _walk(self, root: Any) -> None:
        """Go through all groups from the root on, without calling itself."""
        waiting = [(root, "", 0)]
        while waiting:
            group, path, depth = waiting.pop()
            groups: list[tuple[Any, str, int]] = []
            with self._noting(path):
                self._enter(group, path)
                self.attributes[path] = self._read_attributes(group)
                for name in sorted(group):
                    with self._noting(f"{path}/{name.decode(errors='replace')}".removeprefix("/")):
                        groups += self._meet(group, name, path, depth)
            if self._full:
                return
            waiting += reversed(groups)

    @contextmanager
    def _noting(self, path: str) -> Iterator[None]:
        """Note what is refused of an object in an audit, which goes on with the next one."""
        try:
            yield
        except RefusalError as error:
            if not self.audit:
                raise
            self._full = self._full or error.ends
            self._note(error.rule, path, str(error))
        except DAMAGE as error:
            if not self.audit:
                raise
            self._note("hdf5-damaged", path, str(error).split("\n")[0] or type(error).__name__)

    def _note(self, rule: str, path: str, message: str) -> None:
        self._full = self._full or len(self.faults) >= MAX_FAULTS
        if len(self.faults) < MAX_FAULTS:
            self.faults.append((rule, path[:500], message[:500]))

    def _meet(self, group: Any, name: bytes, path: str, depth: int) -> list[tuple[Any, str, int]]:
        """Take in a member of a group; return it where it is a group to go through."""
        inner = _path_of(name, path)
        if self._full or (inner in OPTIMIZERS and not self.audit):
            return []
        held = _open(group, name, inner)
        if not isinstance(held, h5py.h5g.GroupID):
            self._enter(held, inner)
            self._add_array(held, inner)
            return []
        if depth == MAX_DEPTH:
            raise RefusalError(
                f"must hold groups at most {MAX_DEPTH} deep. "
                f"Received: deeper ones, at {shown(inner)}. {AGAIN}",
                "hdf5-depth",
            )
        return [(held, inner, depth + 1)]

    def _enter(self, held: Any, path: str) -> None:
        """Count an object, which must not have been met under another name."""
        self._count(path)
        address = h5py.h5o.get_info(held).addr
        if address in self._seen:
            raise RefusalError(
                "must hold each object under one name. "
                f"Received: a second name, {shown(path)}. {AGAIN}",
                "hdf5-second-name",
            )
        self._seen.add(address)

    def _count(self, *texts: str) -> None:
        """Count an object or an attribute, with the text that comes with it."""
        self._objects += 1
        self._text += sum(map(len, texts))
        if self._objects > MAX_OBJECTS:
            raise RefusalError(
                f"must hold at most {MAX_OBJECTS:,} groups, arrays and attributes. "
                f"Received: more. {AGAIN}",
                "hdf5-count",
                ends=True,
            )
        if self._text > MAX_HEADER:
            raise _too_much_text()

    # --- text

    def _read_attributes(self, held: Any) -> dict[str, str | list[str]]:
        """Return the attributes that are text or lists of text; an empty list has any type."""
        result: dict[str, str | list[str]] = {}
        for index in range(h5py.h5a.get_num_attrs(held)):
            attribute = h5py.h5a.open(held, index=index)
            name = _decode(attribute.name)
            self._count(name)
            text = self._read_text(attribute)
            if text is not None:
                result[name] = text
        return result

    def _read_text(self, attribute: Any) -> str | list[str] | None:
        """Return the text of an attribute, or None where it has none."""
        space, kind = attribute.get_space(), attribute.get_type()
        shape = space.get_simple_extent_dims()
        if space.get_simple_extent_type() == h5py.h5s.NULL or len(shape) > 1:
            return None
        if shape == (0,):
            return []
        if kind.get_class() != h5py.h5t.STRING:
            return None
        if math.prod(shape) * kind.get_size() > MAX_HEADER:
            raise _too_much_text()
        values = np.empty(shape, attribute.dtype)
        attribute.read(values)
        texts = [_decode(item) for item in values.reshape(-1).tolist()]
        self._count(*texts)
        return texts if shape else texts[0]

    # --- arrays

    def _add_array(self, held: Any, path: str) -> None:
        """Note an array, and where it holds real numbers, that they are there to be read."""
        if not isinstance(held, h5py.h5d.DatasetID):
            raise RefusalError(
                f"must hold groups and arrays alone. Received: a type, {shown(path)}. {AGAIN}",
                "hdf5-type",
            )
        before = len(self.faults)
        for check in (_check_place, _check_filters):
            with self._noting(path):
                check(held, path)
        if len(self.faults) > before:
            return
        attributes = self._read_attributes(held)
        if attributes:
            self.attributes[path] = attributes
        space = held.get_space()
        if space.get_simple_extent_type() == h5py.h5s.NULL:
            raise RefusalError(
                f"must hold arrays that have a shape. Received: {shown(path)}, without. {AGAIN}",
                "hdf5-shape",
            )
        shape = space.get_simple_extent_dims()
        name, dtype = _number_type(held.get_type(), attributes.get("dtype"))
        if dtype is not None:
            # bfloat16 becomes float32.
            self._check_stored(path, shape, held)
            self._count_bytes(path, shape, 4 if name == "bfloat16" else dtype.itemsize)
            self.numbers.append((held, shape, dtype))
        self.arrays.append({"path": path, "shape": shape, "dtype": name})

    def _count_bytes(self, path: str, shape: tuple[int, ...], item: int) -> None:
        """Count the bytes of an array; one such as (0, 2**60) is as bad as (1, 2**60)."""
        total = self._total + math.prod(filter(None, shape)) * item
        if total > self.max_size:
            raise RefusalError(
                f"must hold at most {self.max_size:,} bytes of numbers. "
                f"Received: {total:,} bytes up to {shown(path)}. "
                "Give a larger max_size (--max-size) if you trust it.",
                "hdf5-size",
            )
        self._total = total

    def _check_stored(self, path: str, shape: tuple[int, ...], held: Any) -> None:
        """Hold what an array declares against what the file stores."""
        stored = held.get_storage_size()
        declared = math.prod(shape) * held.get_type().get_size()
        self._stored += stored
        plist = held.get_create_plist()
        most = stored
        if plist.get_layout() == h5py.h5d.CHUNKED:
            chunk = plist.get_chunk()
            if math.prod(chunk) * held.get_type().get_size() > self.max_size:
                most = 0
            elif plist.get_nfilters():
                most = stored * MAX_RATIO
            chunks = math.prod(-(-side // step) for side, step in zip(shape, chunk, strict=True))
            if declared <= most and chunks != held.get_num_chunks():
                most = 0
        if declared > most or self._stored > self.size:
            raise RefusalError(
                f"must store the numbers that it declares. Received: {shown(path)}, which "
                f"declares {declared:,} bytes that are not there. {AGAIN}",
                "hdf5-declared",
            )


def _open(group: Any, name: bytes, path: str) -> Any:
    """Open a member of a group, unless it is a link that leads elsewhere."""
    kind = group.links.get_info(name).type
    if kind != h5py.h5l.TYPE_HARD:
        kinds = {h5py.h5l.TYPE_SOFT: "a soft link", h5py.h5l.TYPE_EXTERNAL: "an external link"}
        target = f" to {_target(group.links.get_val(name))}" if kind in kinds else ""
        raise RefusalError(
            "must hold no links, which could lead to other files. "
            f"Received: {kinds.get(kind, 'a link of another kind')}, {shown(path)}{target}. "
            f"{AGAIN}",
            "hdf5-link",
        )
    return h5py.h5o.open(group, name)


def _target(ways: bytes | tuple[bytes, ...]) -> str:
    """Return where a link leads: a path, or a file and a path in it."""
    parts = ways if isinstance(ways, tuple) else (ways,)
    return shown(":".join(part.decode(errors="replace") for part in parts))


def _path_of(name: bytes, path: str) -> str:
    """Return the path of a member; a name with a slash would be taken for a way to go."""
    text = _decode(name)
    if "/" in text or text in ("", ".", ".."):
        raise RefusalError(f"must have plain names. Received: {shown(text)}. {AGAIN}", "hdf5-name")
    return f"{path}/{text}" if path else text


def _check_place(held: Any, path: str) -> None:
    """Refuse arrays whose numbers are in other files."""
    plist = held.get_create_plist()
    files = [plist.get_external(index)[0] for index in range(min(1, plist.get_external_count()))]
    if plist.get_layout() == h5py.h5d.VIRTUAL:
        files += [plist.get_virtual_filename(0).encode()] if plist.get_virtual_count() else [b""]
    if files:
        raise RefusalError(
            "must hold its numbers itself. "
            f"Received: {shown(path)}, whose numbers are in other files: {_target(files[0])}. "
            f"{AGAIN}",
            "hdf5-external",
        )


def _check_filters(held: Any, path: str) -> None:
    """Refuse arrays that need code that is not here."""
    plist = held.get_create_plist()
    for index in range(plist.get_nfilters()):
        code = plist.get_filter(index)[0]
        if code not in FILTERS:
            raise RefusalError(
                "must be compressed with gzip or lzf, or not at all. "
                f"Received: {shown(path)}, with the filter {code}. {AGAIN}",
                "hdf5-filter",
            )


def _number_type(kind: Any, mark: object) -> tuple[str, np.dtype[Any] | None]:
    """Return the name of a type, and the dtype to read it in where it is one of real numbers.

    mark: the attribute by which Keras says what a type is that HDF5 does not have.
    """
    group = kind.get_class()
    if group == h5py.h5t.OPAQUE:
        # Keras 3 leaves the mark out in the .h5 of Keras 2's form; nothing else is of two bytes.
        if mark in (None, "bfloat16") and kind.get_size() == 2:
            return "bfloat16", np.dtype("V2")
        if not isinstance(mark, str) or not re.fullmatch(r"float8_\w{1,16}", mark, re.ASCII):
            mark = "opaque"
        return mark, None
    if group == h5py.h5t.STRING:
        return "text", None
    if group not in (h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.ENUM):
        return "other", None
    dtype = kind.dtype
    if dtype.name not in NUMBERS or (group == h5py.h5t.ENUM and dtype.kind != "b"):
        return "other", None
    return dtype.name, np.dtype(dtype.name)


def _decode(data: Any) -> str:
    """Return text, which must be UTF-8; an empty string of variable length comes as 0."""
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogateescape")
    try:
        return (data or b"").decode()
    except UnicodeDecodeError:
        raise RefusalError(
            f"must hold text in UTF-8. Received: {shown(repr(data))}. {AGAIN}", "hdf5-damaged"
        ) from None


def _too_much_text() -> RefusalError:
    message = f"must hold at most {MAX_HEADER:,} bytes of text. Received: more. {AGAIN}"
    return RefusalError(message, "hdf5-text", ends=True)
