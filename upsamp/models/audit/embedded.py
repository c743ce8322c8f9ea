"""What bytes begin like: pickles, archives and programs, which have no place in a model."""

import base64
import binascii
import pickletools
import re
from typing import NamedTuple

# Bytes of a part that tell what it is.
HEAD_BYTES = 512


class Kind(NamedTuple):
    """What begins so: the rule that it breaks, and what it is."""

    rule: str
    what: str


PICKLE = Kind("pickle", "a pickle, of Python objects")
ARCHIVE, PROGRAM = "embedded-archive", "embedded-program"
# By the bytes at the begin.
MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"PK\x03\x04", Kind(ARCHIVE, "a zip archive")),
    (b"PK\x05\x06", Kind(ARCHIVE, "an empty zip archive")),
    (b"\x1f\x8b", Kind(ARCHIVE, "gzip")),
    *((b"BZh%d1AY" % level, Kind(ARCHIVE, "bzip2")) for level in range(1, 10)),
    (b"\xfd7zXZ\0", Kind(ARCHIVE, "xz")),
    (b"7z\xbc\xaf\x27\x1c", Kind(ARCHIVE, "a 7z archive")),
    (b"Rar!\x1a\x07", Kind(ARCHIVE, "a rar archive")),
    (b"\x28\xb5\x2f\xfd", Kind(ARCHIVE, "zstd")),
    (b"\x7fELF", Kind(PROGRAM, "a program of Linux")),
    (b"\xca\xfe\xba\xbe", Kind(PROGRAM, "a program of macOS or Java")),
    (b"\xcf\xfa\xed\xfe", Kind(PROGRAM, "a program of macOS")),
    (b"\xce\xfa\xed\xfe", Kind(PROGRAM, "a program of macOS")),
    (b"\xfe\xed\xfa\xce", Kind(PROGRAM, "a program of macOS")),
    (b"\xfe\xed\xfa\xcf", Kind(PROGRAM, "a program of macOS")),
    (b"\0asm", Kind(PROGRAM, "WebAssembly")),
)
# Pickles of protocol 2 and newer, and those of older ones that name a class or begin a container.
PICKLED = re.compile(
    rb"\x80[\x02-\x05][\x28-\xff]"
    rb"|[(\]}]*c[A-Za-z_][\w.]*\n\w+\n(?:\(|p\d+\n)|\([dl]p\d+\n|\(i[\w.]+\n\w+\n|[\]})]q\0"
)
# Code objects of Python's marshal begin with their type and four small numbers.
MARSHALLED = rb"[\xe3c].\0\0\0.\0\0\0"
PATTERNS: tuple[tuple[re.Pattern[bytes], Kind], ...] = (
    (PICKLED, PICKLE),
    (re.compile(MARSHALLED, re.DOTALL), Kind("marshalled-code", "bytecode of Python")),
    (
        re.compile(rb".[\x0c-\x0f]\r\n.{12}" + MARSHALLED, re.DOTALL),
        Kind("marshalled-code", "a file of Python's bytecode"),
    ),
    (re.compile(rb".{257}ustar", re.DOTALL), Kind(ARCHIVE, "a tar archive")),
    (re.compile(rb"MZ.{0,61}\0", re.DOTALL), Kind(PROGRAM, "a program of Windows")),
    (re.compile(rb"#! ?/|<\?php|@echo off", re.IGNORECASE), Kind(PROGRAM, "a script")),
)
SUFFIXES = {
    **dict.fromkeys(("pkl", "pickle", "joblib", "dill"), PICKLE),
    **dict.fromkeys(
        ("zip", "tar", "tgz", "gz", "bz2", "xz", "7z", "rar", "whl", "egg"),
        Kind(ARCHIVE, "an archive by its name"),
    ),
    **dict.fromkeys(
        (
            "py",
            "pyc",
            "pyd",
            "pth",
            "so",
            "dll",
            "dylib",
            "exe",
            "sh",
            "bat",
            "cmd",
            "ps1",
            "js",
            "vbs",
            "scr",
            "com",
            "jar",
        ),
        Kind(PROGRAM, "code by its name"),
    ),
}
# How many of the names in a pickle are told.
MAX_NAMES = 5
# Text that may be bytes in base64: no shorter, or words would be taken for it.
BASE64 = re.compile(r"[A-Za-z0-9+/]{24}")


def embedded_kind(head: bytes, name: str = "") -> Kind | None:
    r"""Return what bytes that begin so are, where they have no place in a model.

    name: of the member, whose suffix tells too.

    >>> embedded_kind(b"\x80\x04\x95...").what, embedded_kind(b"words", "assets/a.SO").what
    ('a pickle, of Python objects', 'code by its name')
    """
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    for pattern, kind in PATTERNS:
        if pattern.match(head):
            return kind
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    return SUFFIXES.get(suffix)


def pickled_names(data: bytes) -> list[str]:
    """Return the first classes and functions that a pickle names; nothing of it is run.

    >>> import pickle
    >>> pickled_names(pickle.dumps(print))
    ['builtins.print']
    """
    found: dict[str, None] = {}
    texts: list[str] = []
    try:
        for code, value, _ in pickletools.genops(data):
            if code.name in ("GLOBAL", "INST"):
                found[str(value).replace(" ", ".")] = None
            elif code.name == "STACK_GLOBAL" and len(texts) > 1:
                found[".".join(texts)] = None
            elif isinstance(value, str):
                texts = [*texts[-1:], value]
            if len(found) == MAX_NAMES:
                break
    except (ValueError, LookupError, OverflowError, MemoryError):  # of what is cut off or no pickle
        pass
    return list(found)


def encoded_kind(text: str) -> Kind | None:
    """Return what text in base64 holds, where that has no place in a model.

    >>> encoded_kind("4wEAAAAAAAAAAAAAAAEAAAACAAAAQwAAAHMI").what
    'bytecode of Python'
    """
    found = BASE64.match(text.lstrip()[:24])
    if not found:
        return None
    try:
        return embedded_kind(base64.b64decode(found[0]))
    except binascii.Error:
        return None
