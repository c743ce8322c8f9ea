"""The rules of an audit: what each is called, why it matters, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning"]


@dataclass(frozen=True)
class Rule:
    """One kind of reason not to load a file.

    level: "error" for what runs code, reaches other files or exhausts the machine; "warning" for
    what needs the code of somebody else, or is damaged. reports: published attacks of the kind.
    """

    title: str
    level: Level
    why: str
    remedy: str
    reports: tuple[str, ...] = ()


CODE = "Rebuild the layer from Keras' own layers, or read its code and load it in a sandbox."
REMAKE = "Get the file anew from whom you trust, or save it again in Keras."
PLAIN = "Store numbers alone: .safetensors, or .npz without objects."


def _error(title: str, why: str, remedy: str, *reports: str) -> Rule:
    return Rule(title, "error", why, remedy, reports)


def _warning(title: str, why: str, remedy: str, *reports: str) -> Rule:
    return Rule(title, "warning", why, remedy, reports)


RULES: Mapping[str, Rule] = {
    # --- code
    "lambda": _error(
        "A Lambda layer",
        "A Lambda layer runs a function of the file's author when the model is loaded or called.",
        CODE,
        *("CVE-2024-3660", "CVE-2025-9905", "CVE-2025-9906"),
    ),
    "marshalled-code": _error(
        "Bytecode of Python",
        "Marshalled bytecode is run as it is; nothing shows what it does.",
        CODE,
        *("CVE-2024-3660", "CVE-2025-9905"),
    ),
    "foreign-module": _error(
        "A class or function of a module outside Keras",
        "Keras before 3.9 imports any module that a config names, and calls what it names there.",
        CODE,
        "CVE-2025-1550",
    ),
    "keras-callable": _error(
        "A function of Keras that is no part of models",
        "Functions such as get_file, load_model or enable_unsafe_deserialization, named in a "
        "config, load files, write files or switch the safe mode off.",
        REMAKE,
        *("CVE-2025-8747", "CVE-2025-9906", "CVE-2025-12060", "CVE-2024-55459"),
    ),
    "loading-class": _error(
        "A layer that loads code or another model",
        "TFSMLayer loads a SavedModel by its path; TorchModuleWrapper unpickles; the wrappers of "
        "JAX and Flax hold functions.",
        CODE,
        *("CVE-2026-1462", "CVE-2025-49655"),
    ),
    "tensorflow-function": _error(
        "A function of TensorFlow that does not just compute",
        "Functions of TensorFlow can read and write files, and call Python.",
        CODE,
    ),
    "custom-class": _warning(
        "A class that Keras does not have",
        "The file can be loaded only with code that it does not hold, which runs then.",
        "Read the code of that class before you register it.",
    ),
    "custom-function": _warning(
        "A function that Keras does not have",
        "The file can be loaded only with code that it does not hold, which runs then.",
        "Read the code of that function before you register it.",
    ),
    "registered-name": _warning(
        "A class under the name of another",
        "What is registered under that name is made in the place of the class that is shown.",
        REMAKE,
    ),
    # --- files
    "vocabulary-file": _error(
        "A vocabulary that is read from a path",
        "A lookup layer reads the file, or fetches the address, that its config names.",
        "Give the vocabulary as a list, or let Keras 3.12 or newer save it in the file.",
        "CVE-2025-12058",
    ),
    "config-path": _error(
        "A path or address in the config",
        "What names a file or an address can be made to read, fetch or write it.",
        REMAKE,
        *("CVE-2025-12058", "CVE-2025-8747"),
    ),
    "shard-path": _error(
        "A shard of weights outside the folder",
        "An index of sharded weights names files; a path leads to files of somebody else.",
        REMAKE,
    ),
    "folder-link": _error(
        "A link in the folder",
        "A link makes Keras read a file that is not part of the model.",
        "Put the file itself in the place of the link.",
    ),
    "zip-path": _error(
        "A member whose name leads outside",
        "Unpacking it can write over files anywhere.",
        REMAKE,
        *("CVE-2025-12060", "CVE-2024-55459"),
    ),
    "zip-link": _error(
        "A member that is a link or a device",
        "What is unpacked through a link is read from or written to another place.",
        REMAKE,
        "CVE-2025-12060",
    ),
    "zip-names": _error(
        "Two members whose names are one",
        "Systems that ignore case or the form of letters see one file; which one is open.",
        REMAKE,
    ),
    "zip-duplicate": _error(
        "A member that stands there twice",
        "Programs differ in which of the two they read: one is checked, the other loaded.",
        REMAKE,
    ),
    "zip-headers": _error(
        "Two descriptions of a member that differ",
        "Programs differ in which they believe: what is checked is not what is loaded.",
        REMAKE,
    ),
    "hdf5-link": _error(
        "A link in an HDF5 file",
        "A link can lead to other files, whose content becomes weights.",
        REMAKE,
        "CVE-2026-1669",
    ),
    "hdf5-external": _error(
        "Numbers that stand in other files",
        "External and virtual storage reads any file that the path names into the weights.",
        REMAKE,
        "CVE-2026-1669",
    ),
    "hdf5-filter": _error(
        "An unknown compression of HDF5",
        "HDF5 loads a plugin, which is code, for filters that it does not have.",
        "Compress with gzip or lzf, or not at all.",
    ),
    # --- what exhausts the machine
    "zip-ratio": _error(
        "A member that unpacks to very much", "It fills memory or disk.", REMAKE, "CVE-2026-0897"
    ),
    "zip-size": _error(
        "An archive that unpacks to very much",
        "It fills memory or disk.",
        "Give a larger --max-size if you trust it.",
        "CVE-2026-0897",
    ),
    "zip-overlap": _error(
        "Members that share bytes", "A few bytes unpack to very many in that way.", REMAKE
    ),
    "zip-count": _error("Very many members", "Their list alone fills memory.", REMAKE),
    "hdf5-declared": _error(
        "An array that declares more than is stored",
        "Keras takes memory for what is declared.",
        REMAKE,
        "CVE-2026-0897",
    ),
    "hdf5-size": _error(
        "Arrays that are very large",
        "They fill memory.",
        "Give a larger --max-size if you trust it.",
        "CVE-2026-0897",
    ),
    "hdf5-depth": _error("Groups that are nested very deep", "It exhausts the reader.", REMAKE),
    "hdf5-count": _error("Very many objects in HDF5", "It exhausts the reader.", REMAKE),
    "hdf5-text": _error("Very much text in HDF5", "It fills memory.", REMAKE),
    "hdf5-hangs": _error(
        "HDF5 that ends or holds up its reader",
        "The library loops or crashes, which can be more than an accident.",
        REMAKE,
        "CVE-2026-0897",
    ),
    "npy-size": _error(
        "An array whose size is not what is there", "Memory is taken for what is declared.", REMAKE
    ),
    "declared-size": _error(
        "A layer of a size that no machine holds",
        "Keras takes memory for what the config declares.",
        REMAKE,
        "CVE-2026-0897",
    ),
    "json-length": _error("A very long config", "It fills memory.", REMAKE),
    "json-depth": _error("A config that is nested very deep", "It exhausts the reader.", REMAKE),
    "json-parts": _error("A config of very many parts", "It fills memory.", REMAKE),
    # --- what is hidden in it
    "pickle": _error(
        "Pickled objects", "Code of the file's author runs when objects are unpickled.", PLAIN
    ),
    "embedded-program": _error(
        "A program in the file", "A model needs no program; something else may start it.", REMAKE
    ),
    "embedded-archive": _error(
        "An archive in the file",
        "What it holds is hidden from those who check the model.",
        "Unpack it, and audit what it holds.",
    ),
    "hidden-data": _error(
        "Bytes that belong to no part of the file",
        "A file can be two things at once: checked as one, loaded as the other.",
        REMAKE,
    ),
    "zip-encrypted": _error(
        "An encrypted member", "Nothing can be said of what it holds.", "Save it without a password"
    ),
    # --- what is damaged
    "zip-damaged": _warning(
        "A damaged zip archive", "Readers differ in what they make of it.", REMAKE
    ),
    "zip-method": _warning(
        "An unusual compression", "It cannot be read everywhere, nor checked.", REMAKE
    ),
    "hdf5-damaged": _warning("A damaged HDF5 file", "The library may crash on it.", REMAKE),
    "hdf5-second-name": _warning(
        "An object with two names", "Groups that hold themselves have no end.", REMAKE
    ),
    "hdf5-type": _warning("A stored type", "No model has one; weights are arrays.", REMAKE),
    "hdf5-values": _warning(
        "An array that holds no numbers",
        "Weights are numbers; text, references and opaque bytes can carry anything, as a pickle.",
        REMAKE,
    ),
    "hdf5-shape": _warning("An array without a shape", "No weight is like that.", REMAKE),
    "hdf5-name": _warning(
        "A name that is taken for a path", "It leads to another object than it shows.", REMAKE
    ),
    "npy-damaged": _warning("A damaged .npy file", "It cannot be read.", REMAKE),
    "safetensors-damaged": _warning(
        "A damaged .safetensors file", "Its header and its bytes do not agree.", REMAKE
    ),
    "json-damaged": _warning("A damaged config", "It is no JSON.", REMAKE),
    "json-duplicate-key": _warning(
        "A key twice in one object",
        "Programs differ in which of the two they take: one is checked, the other loaded.",
        REMAKE,
    ),
    "config-form": _warning(
        "A config that describes no model", "Keras cannot make a model of it.", REMAKE
    ),
    "no-weights": _warning("A model without its weights", "Keras cannot load it.", REMAKE),
    "unsound-model": _warning(
        "A model that makes no sense", "Its layers or the calls between them contradict.", REMAKE
    ),
    # --- what is no model of Keras
    "tensorflow-graph": _warning(
        "A graph of TensorFlow",
        "A graph is a program: it can read and write files when it runs. It was not looked at.",
        "Load it in a sandbox, and save it as .keras.",
    ),
    "not-a-model": _warning("No model file", "Keras does not load it.", "Give a model file."),
}
