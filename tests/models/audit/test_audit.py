"""Audits: every attack is named with its place, nothing harmless is, whatever the file."""

import json
import pickle
import re
import socket
from pathlib import Path
from typing import Any

import pytest
from effort import choose
from hostile.attacks import ATTACKS, CLEAN, layer, model
from hostile.make_hostile import FILES, FOLDERS, WEIGHTS
from hostile.parts import MAX_SIZE, h5_bytes, zip_bytes

import upsamp
from upsamp.errors import FileError
from upsamp.models.audit.allowed import CLASSES
from upsamp.models.audit.audit import audit_model
from upsamp.models.audit.report import MAX_REASONS, Report
from upsamp.models.audit.rules import RULES

# What takes seconds, and what the reader has no type for, which harms nobody.
SLOW = ("endless.h5", "large.h5", "many_members.keras", "too_large.keras", "very_deep.json")
HARMLESS = ("float8.safetensors",)
REFUSED = [name for name in FILES | WEIGHTS if name not in (*SLOW, *HARMLESS)]
# Rules of what takes long to make or to meet, or that others stand before.
RARE = {"hdf5-hangs", "hdf5-count", "hdf5-text", "json-length"}


def audit(folder: Path, name: str, content: bytes, max_size: int = MAX_SIZE) -> Report:
    """Return the audit of a file of these bytes."""
    path = folder / name
    path.write_bytes(content)
    return audit_model(str(path), max_size=max_size)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_named_with_its_place(name: str, tmp_path: Path) -> None:
    attack = ATTACKS[name]
    report = audit(tmp_path, f"a{attack.suffix}", attack.content())
    found = [(reason.rule, reason.place) for reason in report.reasons]
    for rule, place in attack.reasons:
        assert any(one == rule and at.startswith(place) for one, at in found), (rule, place, found)


@pytest.mark.parametrize("name", CLEAN)
def test_a_harmless_file_has_no_reason(name: str, tmp_path: Path) -> None:
    report = audit(tmp_path, name, CLEAN[name]())
    assert report.reasons == []
    assert report.verdict == "No reason was found why it should not be loaded."


def test_every_class_of_keras_is_harmless(tmp_path: Path) -> None:
    layers = [layer(name, None) for name in sorted(CLASSES)]
    report = audit(tmp_path, "a.json", json.dumps(model(*layers)).encode())
    assert report.reasons == []


@pytest.mark.parametrize("name", choose(REFUSED[::6], [*REFUSED, *SLOW]))
def test_what_the_reader_refuses_has_a_reason(name: str, tmp_path: Path) -> None:
    report = audit(tmp_path, name, (FILES | WEIGHTS)[name].content())
    assert report.reasons
    assert {reason.rule for reason in report.reasons} <= RULES.keys()


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_that_the_reader_refuses_has_a_reason(name: str, tmp_path: Path) -> None:
    make, _ = FOLDERS[name]
    make(tmp_path / name)
    report = audit_model(str(tmp_path / name))
    assert report.reasons
    if name.startswith("linked"):
        assert report.reasons[0].rule == "folder-link"


def test_a_saved_model_is_named_and_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01")
    report = audit_model(str(tmp_path))
    assert [reason.rule for reason in report.reasons] == ["tensorflow-graph"]
    assert report.kind == "TensorFlow SavedModel"
    assert report.skipped == ["saved_model.pb: the operations of the graph"]


def test_a_file_of_no_known_kind_shows_its_first_bytes(tmp_path: Path) -> None:
    report = audit(tmp_path, "a", b"hello, world")
    assert [reason.message for reason in report.reasons] == [
        "a file of no known kind; magic 68 65 6c 6c 6f 2c 20 77"
    ]


def test_a_pickle_is_told_with_what_it_names(tmp_path: Path) -> None:
    for protocol in range(6):
        content = pickle.dumps([zip_bytes, "a" * 300, print], protocol)
        (reason,) = audit(tmp_path, "a", content).reasons
        names = "'hostile.parts.zip_bytes', '(__builtin__|builtins).print'"
        assert re.search(f"a pickle, of Python objects, which names {names}", reason.message)


@pytest.mark.parametrize(
    ("name", "target"),
    [("external_link", "/srv/other.h5:/model_weights"), ("external_storage", "/etc/hostname")],
)
def test_where_a_link_leads_is_told(name: str, target: str, tmp_path: Path) -> None:
    (reason,) = audit(tmp_path, "a.keras", ATTACKS[name].content()).reasons
    assert f"'{target}'" in reason.message


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no such file"):
        audit_model(str(tmp_path / "none.keras"))


def test_all_reasons_of_a_file_are_listed_at_once(tmp_path: Path) -> None:
    config = model(layer("Lambda", function="f"), layer("Popen", "subprocess"))
    weights = h5_bytes(lambda file: file.create_dataset("x", (2**40,), "f4"))
    content = zip_bytes(
        ("../a", b"\x80\x04K\x01."),
        ("config.json", json.dumps(config).encode()),
        ("model.weights.h5", weights),
        config=None,
    )
    rules = {reason.rule for reason in audit(tmp_path, "a.keras", content + b"x").reasons}
    assert rules >= {
        *("lambda", "foreign-module", "hdf5-declared", "zip-path", "pickle", "hidden-data"),
    }


def test_nothing_of_a_file_is_imported_opened_or_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spying.py").write_text("raise SystemExit('imported')")
    words = tmp_path / "words.txt"
    words.write_text("secret")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(socket, "socket", None)
    config = model(
        layer("Spy", "spying"),
        layer("StringLookup", vocabulary=str(words)),
    )
    before = words.stat().st_atime_ns
    report = audit(tmp_path, "a.json", json.dumps(config).encode())
    assert {reason.rule for reason in report.reasons} == {"foreign-module", "vocabulary-file"}
    assert words.stat().st_atime_ns == before
    assert "secret" not in json.dumps(report.to_dict())


def test_what_a_file_says_is_shown_without_control_codes(tmp_path: Path) -> None:
    entry = layer("A\x1b[31m\nB", "C\u202e", **{"k\x07": "/etc/\x00"})
    report = audit(tmp_path, "a.json", json.dumps(model(entry)).encode())
    assert len(report.reasons) == 2
    for reason in report.reasons:
        assert (reason.message + reason.place).isprintable()


def test_very_many_reasons_are_cut_off_and_that_is_told(tmp_path: Path) -> None:
    layers = [layer("Lambda", function="f", name=str(n)) for n in range(MAX_REASONS + 5)]
    report = audit(tmp_path, "a.json", json.dumps(model(*layers)).encode())
    assert len(report.reasons) == MAX_REASONS
    assert report.skipped == [f"what comes after {MAX_REASONS:,} reasons"]


def test_a_member_that_is_packed_in_an_unusual_way_is_not_looked_at(tmp_path: Path) -> None:
    report = audit(tmp_path, "a.keras", FILES["method.keras"].content())
    assert report.skipped == [
        "assets/a.txt: it is encrypted, or packed in an unusual way",
        "the values of the weights",
    ]


@pytest.mark.exhaustive
def test_the_most_parts_of_a_config_take_little_memory(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="the system measures no memory")
    many: list[Any] = [[0]] * 390_000
    text = json.dumps(model(layer("Dense", units=many))).encode()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    audit(tmp_path, "a.json", text)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 2**10


def test_every_rule_that_code_names_is_in_the_table_and_is_met() -> None:
    root = Path(upsamp.__file__).parent
    sources = [*(root / "io").rglob("*.py"), *(root / "models").rglob("*.py")]
    texts = [path.read_text() for path in sources if path.name != "rules.py"]
    named = {
        *re.findall(r'rule = "([a-z][a-z0-9-]+)"|rule="([a-z][a-z0-9-]+)"', "\n".join(texts)),
    }
    flat = {name for pair in named for name in pair if name}
    assert flat <= RULES.keys()
    everything = "\n".join(texts)
    assert all(f'"{name}"' in everything for name in RULES)


def test_every_rule_says_why_and_what_to_do() -> None:
    for name, rule in RULES.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert rule.title
        assert rule.why.endswith(".")
        assert rule.remedy
        assert all(re.fullmatch(r"CVE-20\d\d-\d{4,}", report) for report in rule.reports)
