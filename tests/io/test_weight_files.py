"""Files of weights are read whatever wrote them, and written so that Keras reads them."""

import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from golden_files import model_file, model_folder
from hostile.headers import npy, npz, tensor, tensors
from hostile.make_hostile import WEIGHTS
from hostile.parts import CONFIG, MAX_SIZE, h5_bytes, zip_bytes
from numpy.typing import NDArray

from upsamp.core import memory
from upsamp.errors import FileError, FormatError, MemoryLimitError, MissingExtraError
from upsamp.io import extras
from upsamp.io.model_files import open_model
from upsamp.io.stored_arrays import StoredArray, StoredArrays
from upsamp.io.weight_files import (
    WeightFormat,
    read_weights_file,
    weight_format_of_name,
    write_keras,
    write_weights,
)

Array = NDArray[Any]

pytestmark = pytest.mark.usefixtures("one_process")

ARRAYS: dict[str, Array] = {
    "layers/dense/vars/0": np.arange(6, dtype=np.float32).reshape(2, 3),
    "layers/dense/vars/1": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "seed": np.array(7, np.uint32),
    "half": np.array([0.5, -0.0], np.float16),
    "none": np.zeros((0, 3), np.float32),
    "mask": np.array([True, False]),
    "file": np.arange(3),
}
FORMATS: tuple[WeightFormat, ...] = ("h5", "npz", "safetensors")


def check(found: StoredArrays, expected: dict[str, Array]) -> None:
    """Assert that exactly these arrays were read."""
    assert set(found.arrays) == set(expected)
    for name, array in expected.items():
        held = found.arrays[name]
        assert (held.shape, held.dtype) == (array.shape, array.dtype.name)
        assert held.value is not None
        np.testing.assert_array_equal(held.value, array, strict=True)


# --- there and back


@pytest.mark.parametrize("kind", FORMATS)
def test_what_was_written_is_read(kind: WeightFormat, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    write_weights(ARRAYS, str(path), kind)
    check(read_weights_file(str(path)), ARRAYS)
    shapes = read_weights_file(str(path), values=False).arrays
    assert shapes == {
        name: StoredArray(array.shape, array.dtype.name) for name, array in ARRAYS.items()
    }


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_arrays_give_the_same_bytes(kind: WeightFormat, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write_weights(ARRAYS, str(first), kind)
    write_weights(dict(ARRAYS), str(second), kind)
    assert first.read_bytes() == second.read_bytes()
    with pytest.raises(FileError, match="exists already"):
        write_weights(ARRAYS, str(first), kind)
    write_weights({}, str(first), kind, overwrite=True)
    assert first.read_bytes() != second.read_bytes()


@in_one_test("kind", FORMATS)
@in_one_test("value", [np.array(["a"]), np.zeros(2, complex), np.zeros(1, object)])
def test_what_is_no_real_number_is_not_written(
    kind: WeightFormat, value: Array, tmp_path: Path
) -> None:
    with pytest.raises(
        FormatError, match=r"^Weights must be real numbers of at most 64 bits\. Received: 'a' of"
    ):
        write_weights({"a": value}, str(tmp_path / "weights"), kind)
    assert list(tmp_path.iterdir()) == []


def test_numpy_reads_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    write_weights(ARRAYS, str(path), "npz")
    with np.load(path) as archive:
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(archive[name], array, strict=True)
    np.savez_compressed(path, a=np.zeros((1000, 1000)))
    check(read_weights_file(str(path)), {"a": np.zeros((1000, 1000))})


@in_one_test(
    ("name", "kind"),
    [
        ("a.weights.h5", "h5"),
        ("A.WEIGHTS.H5", "h5"),
        ("a.npz", "npz"),
        ("a.safetensors", "safetensors"),
        ("a.h5", None),
        ("npz", None),
    ],
)
def test_the_suffix_tells_the_format(name: str, kind: str | None) -> None:
    assert weight_format_of_name(name) == kind


def test_a_model_is_written_as_keras_does(tmp_path: Path) -> None:
    original = model_file("keras/dcgan.keras")
    model = open_model(str(original))
    found = model.weights()
    assert found is not None
    arrays = {path: array.value for path, array in found.arrays.items() if array.value is not None}
    groups = {
        path: {name: text for name, text in texts.items() if isinstance(text, str)}
        for path, texts in found.attributes.items()
        if path
    }
    first, second = tmp_path / "first.keras", tmp_path / "second.keras"
    write_keras(str(first), model.config, model.metadata, arrays, groups)
    write_keras(str(second), model.config, model.metadata, arrays, groups)
    assert first.read_bytes() == second.read_bytes()
    again = open_model(str(first))
    assert (again.config, again.metadata) == (model.config, model.metadata)
    written = again.weights()
    assert written is not None
    assert written.attributes == found.attributes
    check(written, arrays)
    with zipfile.ZipFile(original) as ours, zipfile.ZipFile(first) as theirs:
        assert ours.namelist() == theirs.namelist()
        for one, other in zip(ours.infolist(), theirs.infolist(), strict=True):
            assert one.compress_type == other.compress_type == zipfile.ZIP_STORED
            assert one.external_attr == other.external_attr
    with pytest.raises(FileError, match="exists already"):
        write_keras(str(first), {}, {}, {}, {})
    write_keras(str(first), {}, {}, {}, {}, overwrite=True)


# --- what others wrote


@pytest.mark.parametrize("library", ["keras", "tf_keras"])
def test_a_model_gives_its_weights(library: str, tmp_path: Path) -> None:
    sources = [model_file(f"{library}/dcgan{suffix}") for suffix in (".keras", ".weights.h5")]
    sources.append(model_folder(f"{library}/dcgan.keras", tmp_path / "folder"))
    expected, *others = (read_weights_file(str(path)) for path in sources)
    assert expected.arrays
    values = {path: array.value for path, array in expected.arrays.items()}
    for found in others:
        if found.texts("", "layer_names") is None:
            check(found, {path: value for path, value in values.items() if value is not None})
    legacy = read_weights_file(str(model_file(f"{library}/dcgan.h5")))
    assert legacy.texts("", "layer_names")
    assert len(legacy.arrays) == len(values)


def test_safetensors_of_every_type_are_read(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(tensors(tensor("BF16", (2, 1)), np.array([0x3F80, 0xC0A0], "<u2").tobytes()))
    found = read_weights_file(str(path)).arrays["kernel"]
    assert found.dtype == "bfloat16"
    np.testing.assert_array_equal(found.value, np.array([[1], [-5]], np.float32), strict=True)
    path.write_bytes(
        tensors({"__metadata__": {"format": "pt"}} | tensor("BOOL", (4,)), b"\0\1\2\0")
    )
    found = read_weights_file(str(path)).arrays["kernel"]
    assert found.value is not None
    np.testing.assert_array_equal(found.value.view(np.uint8), [0, 1, 1, 0])


@pytest.mark.parametrize(
    ("descr", "data", "expected"),
    [
        ("'>f4'", np.array([1.5], ">f4").tobytes(), StoredArray((1,), "float32")),
        ("'|b1'", b"\7", StoredArray((1,), "bool")),
        ("'|V2'", b"ab", StoredArray((1,), "other")),
        ("'<c8'", bytes(8), StoredArray((1,), "other")),
        ("'<U1'", bytes(4), StoredArray((1,), "text")),
        ("[('a', '<f4')]", bytes(4), StoredArray((1,), "other")),
    ],
)
def test_npy_members_of_every_type_are_read(
    descr: str, data: bytes, expected: StoredArray, tmp_path: Path
) -> None:
    path = tmp_path / "weights"
    path.write_bytes(npz(f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1,)}}", data))
    found = read_weights_file(str(path)).arrays["kernel"]
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    if expected.dtype in ("text", "other"):
        assert found.value is None
    else:
        number = 1.5 if expected.dtype == "float32" else True
        np.testing.assert_array_equal(found.value, np.array([number], expected.dtype), strict=True)


def test_headers_that_python_2_wrote_are_read_without_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(
        npz("{'descr': '<f4', 'fortran_order': False, 'shape': (1L,)}", np.float32(5).tobytes())
    )
    found = read_weights_file(str(path)).arrays["kernel"]
    np.testing.assert_array_equal(found.value, np.array([5], np.float32), strict=True)
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': ()}"
    path.write_bytes(zip_bytes(("b.npy", npy(header, bytes(4), 2)), config=None))
    assert read_weights_file(str(path)).arrays["b"].shape == ()


@pytest.mark.parametrize(
    "data",
    [
        h5_bytes(),
        zip_bytes(),
        npz("{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}"),
        tensors(tensor(), bytes(4)),
    ],
)
def test_standard_input_is_read(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert len(read_weights_file("-").arrays) == 1


# --- weights in several files


def shards(folder: Path, *names: object, **arrays: Array) -> str:
    """Write an index that lists files, of which there are two."""
    for number, (name, array) in enumerate(arrays.items()):
        path = folder / f"m_{number:05}.weights.h5"
        write_weights({f"layers/{name}/vars/0": array}, str(path), "h5", overwrite=True)
    listed = {f"/layers/{place}/vars": name for place, name in enumerate(names)}
    (folder / "m.weights.json").write_text(json.dumps({"metadata": {}, "weight_map": listed}))
    return str(folder / "m.weights.json")


def test_weights_in_several_files_are_read_together(tmp_path: Path) -> None:
    files = ("m_00000.weights.h5", "m_00001.weights.h5")
    path = shards(tmp_path, [files[0]], list(files), a=np.ones(300), b=np.zeros(200))
    expected = {"layers/a/vars/0": np.ones(300), "layers/b/vars/0": np.zeros(200)}
    check(read_weights_file(path, max_size=4000), expected)
    shapes = read_weights_file(path, values=False).arrays
    assert {name: one.shape for name, one in shapes.items()} == {
        "layers/a/vars/0": (300,),
        "layers/b/vars/0": (200,),
    }
    with pytest.raises(FormatError, match=r"at most 3,999 bytes of weights\. Received: more, in"):
        read_weights_file(path, max_size=3999)
    with pytest.raises(FormatError, match=r"must hold a model\. Received: weights alone"):
        open_model(path)


@in_one_test(
    ("name", "says"),
    [
        ("../m_00000.weights.h5", r"must name files as Keras does, .* Received: '\.\./m_0"),
        ("/m_00000.weights.h5", r"must name files as Keras does"),
        ("a\\m_00000.weights.h5", r"must name files as Keras does"),
        ("m_00000.weights.h5\n", r"must name files as Keras does"),
        ("x.json", r"must name files as Keras does"),
        (5, r"must name files as Keras does, .* Received: 5\."),
        ({"a": 1}, r"must name files as Keras does"),
        ("m_00002.weights.h5", r"must have its weights beside it\. Received: no file 'm_00002"),
    ],
)
def test_an_index_that_names_other_files_is_refused(
    name: object, says: str, tmp_path: Path
) -> None:
    with pytest.raises(FormatError, match=says):
        read_weights_file(shards(tmp_path, name, a=np.ones(3)))


def test_a_weight_in_two_files_is_refused(tmp_path: Path) -> None:
    path = shards(tmp_path, "m_00000.weights.h5", "m_00001.weights.h5", a=np.ones(3))
    (tmp_path / "m_00001.weights.h5").write_bytes((tmp_path / "m_00000.weights.h5").read_bytes())
    with pytest.raises(FormatError, match=r"have each weight once\. Received: 'layers/a/vars/0'"):
        read_weights_file(path)


# --- what is refused


@in_one_test("name", WEIGHTS)
@in_one_test("values", [True, False])
def test_hostile_files_are_refused(name: str, values: bool, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(WEIGHTS[name].content())
    with pytest.raises(FormatError, match=WEIGHTS[name].says) as caught:
        read_weights_file(str(path), max_size=MAX_SIZE, values=values)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_the_package_refuses_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(tensors(tensor() | {"__metadata__": 5}, bytes(4)))
    with pytest.raises(FormatError, match=r"must be a whole \.safetensors file\. Received: "):
        read_weights_file(str(path))


def test_an_architecture_alone_holds_no_weights(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(CONFIG)
    with pytest.raises(FormatError, match=r"must hold weights\. Received: JSON, which describes"):
        read_weights_file(str(path))
    with pytest.raises(FormatError, match=r"must be a folder that Keras saved\. Received: one wit"):
        read_weights_file(str(tmp_path))


def test_what_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: tuple[tuple[WeightFormat, str], ...] = (
        ("npz", r"must unpack to at most 100 bytes\. Received: 1,000,128 bytes"),
        ("safetensors", r"must have at most 100 bytes\. Received: 1,000,\d\d\d bytes"),
    )
    for kind, says in kinds:
        path = tmp_path / kind
        write_weights({"a": np.zeros(125_000)}, str(path), kind)
        with pytest.raises(FormatError, match=says):
            read_weights_file(str(path), max_size=100)
        with monkeypatch.context() as patch:
            patch.setattr(memory, "available_memory", lambda: 100)
            patch.setattr(memory, "GRANTED", 0)
            with pytest.raises(MemoryLimitError, match="of memory are available"):
                read_weights_file(str(path))


def test_safetensors_needs_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights"
    path.write_bytes(tensors(tensor(), bytes(4)))
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"Reading the weights of '.*' needs safetensors\."):
        read_weights_file(str(path))
    with pytest.raises(
        MissingExtraError, match=r"Writing a \.safetensors file needs safetensors\."
    ):
        write_weights({}, str(tmp_path / "new"), "safetensors")
