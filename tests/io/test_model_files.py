"""Saved models of every kind are opened, and whatever is made to harm is refused in one line."""

import io
import json
import os
import re
import stat
import sys
import tempfile
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from effort import choose, in_one_test
from golden_files import model_directory, model_file, model_folder
from hostile.archives import ZIPS
from hostile.make_hostile import FILES, FOLDERS
from hostile.parts import CONFIG, MAX_SIZE, VALUES, h5_bytes, zip_bytes

from upsamp.core.text import printable
from upsamp.errors import FileError, FormatError, MissingExtraError
from upsamp.io import archives, extras
from upsamp.io.archives import open_archive
from upsamp.io.hdf5.reading import Hdf5Reader
from upsamp.io.model_files import open_model
from upsamp.io.stored_arrays import StoredArrays

MODELS = sorted(
    str(path.relative_to(model_directory()))
    for path in model_directory().rglob("*")
    if path.is_file() and ".weights." not in path.name
)


def same(actual: StoredArrays | None, expected: StoredArrays | None) -> None:
    """Assert that two sources hold the same arrays."""
    assert actual is not None
    assert expected is not None
    assert list(actual.arrays) == list(expected.arrays)
    for path, array in expected.arrays.items():
        assert (actual.arrays[path].shape, actual.arrays[path].dtype) == (array.shape, array.dtype)
        np.testing.assert_array_equal(actual.arrays[path].value, array.value)
    assert actual.attributes == expected.attributes


# --- what Keras wrote


@pytest.mark.usefixtures("one_process")
@in_one_test("name", MODELS)
def test_what_keras_saved_is_opened(name: str) -> None:
    model = open_model(str(model_file(name)))
    suffix = Path(name).suffix
    assert model.kind == suffix.removeprefix(".")
    assert model.config["class_name"] in ("Sequential", "Functional", "Model")
    assert "keras_version" in model.metadata or model.kind == "json"
    found, shapes = model.weights(), model.weights(values=False)
    if model.kind == "json":
        assert found is shapes is None
        return
    assert found is not None
    assert shapes is not None
    assert found.attributes == shapes.attributes
    for path, array in found.arrays.items():
        assert shapes.arrays[path].shape == array.shape
        assert shapes.arrays[path].value is None
        assert array.value is not None
        assert array.value.shape == array.shape
        assert array.value.dtype == ("float32" if array.dtype == "bfloat16" else array.dtype)
    if model.kind == "h5":
        layers = found.texts("", "layer_names")
        assert layers
        assert {path.split("/")[0] for path in found.arrays} <= set(layers)


@pytest.mark.usefixtures("one_process")
def test_a_folder_is_the_same_as_the_file_and_may_hold_links_within(tmp_path: Path) -> None:
    file = open_model(str(model_file("keras/dcgan.keras")))
    folder = model_folder("keras/dcgan.keras", tmp_path / "model")
    (folder / "model.weights.h5").rename(folder / "moved")
    (folder / "model.weights.h5").symlink_to("moved")
    model = open_model(str(folder))
    assert model.kind == "folder"
    assert (model.config, model.metadata) == (file.config, file.metadata)
    same(model.weights(), file.weights())
    (folder / "metadata.json").unlink()
    assert open_model(str(folder)).metadata == {}


@pytest.mark.usefixtures("one_process")
def test_deflated_members_are_read_as_stored_ones(tmp_path: Path) -> None:
    original = model_file("keras/dcgan.keras")
    with zipfile.ZipFile(original) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    packed = tmp_path / "packed"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("assets/", b"")
        archive.writestr("assets/vocabulary.txt", b"a b c")
        for name, data in members.items():
            archive.writestr(name, data)
    same(open_model(str(packed)).weights(), open_model(str(original)).weights())


def test_the_kind_is_told_by_the_content_and_not_by_the_name(tmp_path: Path) -> None:
    for number, data in enumerate((h5_bytes(), zip_bytes(), b"\xef\xbb\xbf \n" + CONFIG)):
        path = tmp_path / f"{number}.json"
        path.write_bytes(data)
        assert open_model(str(path)).kind == ("h5", "keras", "json")[number]


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize("name", ["keras/dcgan.h5", "keras/dcgan.keras", "keras/dcgan.json"])
def test_standard_input_and_pipes_are_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = model_file(name).read_bytes()
    expected = open_model(str(model_file(name)))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    piped = open_model("-")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(data))
    writer.start()
    named = open_model(str(pipe))
    writer.join()
    for model in (piped, named):
        assert (model.config, model.metadata) == (expected.config, expected.metadata)
        if model.kind == "json":
            assert model.weights() is None
        else:
            same(model.weights(), expected.weights())


def test_weights_are_read_when_they_are_asked_for_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(zip_bytes())
    with monkeypatch.context() as patch:
        patch.setattr(extras, "find_spec", lambda _: None)
        model = open_model(str(path))
        assert model.config == json.loads(CONFIG)
        with pytest.raises(MissingExtraError, match=r"Reading the weights of '.*model\.keras' ne"):
            model.weights()
    found = model.weights()
    assert found is not None
    [array] = found.arrays.values()
    np.testing.assert_array_equal(array.value, VALUES)


# --- what is refused


# What hangs the library costs its time limit; `test_hdf5_process` tries it, too.
@in_one_test("name", choose([name for name in FILES if not name.startswith("endless")], [*FILES]))
def test_hostile_files_are_refused(name: str, tmp_path: Path, one_process: Hdf5Reader) -> None:
    if not name.startswith("endless"):
        one_process.time_limit = 60
    path = tmp_path / name
    path.write_bytes(FILES[name].content())
    with pytest.raises(FormatError, match=FILES[name].says) as caught:
        open_model(str(path), max_size=MAX_SIZE).weights()
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize("name", FOLDERS)
def test_hostile_folders_are_refused(name: str, tmp_path: Path) -> None:
    make, says = FOLDERS[name]
    with pytest.raises(FormatError, match=says):
        open_model(str(make(tmp_path / name))).weights()


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize("name", ["keras/dcgan.weights.h5", "tf_keras/dcgan.weights.h5"])
def test_weights_alone_are_no_model(name: str) -> None:
    with pytest.raises(FormatError, match=r"must hold a model\. Received: weights alone, without"):
        open_model(str(model_file(name)))


def test_the_size_of_a_pipe_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CONFIG)))
    with pytest.raises(FormatError, match=r"standard input must have at most 10 bytes\. Received"):
        open_model("-", max_size=10)
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(FileError, match=r"Standard input is closed\. Give a file, or pipe data"):
        open_model("-")


def test_the_size_of_each_part_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(CONFIG)
    with pytest.raises(FormatError, match=r"must not be longer than 10 bytes\. Received: 11 bytes"):
        open_model(str(path), max_size=10)
    path.write_bytes(zip_bytes(config=CONFIG + b" " * 2**26))
    with pytest.raises(
        FormatError, match=r"must have at most 67,108,864 bytes in 'config\.json'\. Received: 67,"
    ):
        open_model(str(path))


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("nowhere.keras", "there is no such file or directory"),
        ("no\0where", "(stat: )?embedded null"),
        ("model.json/inside", "not a directory"),
    ],
)
def test_what_cannot_be_opened_is_told(
    path: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.json").write_bytes(CONFIG)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError, match=f"^Cannot read '{re.escape(printable(path))}': {says}"):
        open_model(path)


def test_a_file_that_goes_meanwhile_is_told(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(zip_bytes())
    model = open_model(str(path))
    path.unlink()
    with pytest.raises(FileError, match=r"^Cannot read '.*': there is no such file"):
        model.weights()
    path.write_bytes(h5_bytes())
    model = open_model(str(path))
    path.unlink()
    with pytest.raises(FileError, match=r"^Cannot read '.*': there is no such file"):
        model.weights()


def test_a_temporary_file_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(zip_bytes())))
    with pytest.raises(
        FileError,
        match=r"^Cannot write a temporary file in '.*': there is no such file or directory\. Make",
    ):
        open_model("-").weights()


def test_members_may_be_told_to_be_plain_files_or_folders(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    file, folder = zipfile.ZipInfo("assets/a"), zipfile.ZipInfo("assets/")
    file.external_attr = (stat.S_IFREG | 0o644) << 16
    folder.external_attr = (stat.S_IFDIR | 0o755) << 16
    path.write_bytes(zip_bytes((folder, b""), (file, b"text"), ("logs\\a.txt", b"of Windows")))
    assert open_model(str(path)).kind == "keras"


def test_a_list_of_members_that_is_far_too_long_is_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archives, "MAX_DIRECTORY", 2**16)
    data = ZIPS["many_members"].content()
    with (
        pytest.raises(FormatError, match="it must have at most 10,000 members"),
        open_archive(io.BytesIO(data), "it", 2**20),
    ):
        raise AssertionError


@in_one_test("held", ["modelTopology", "weightsManifest"])
def test_a_model_of_tensorflow_js_is_named_in_the_refusal(held: str, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(json.dumps({"format": "layers-model", held: {}}))
    with pytest.raises(FormatError, match=r"Received: a model of TensorFlow\.js\. Convert it with"):
        open_model(str(tmp_path / "model.json"))
