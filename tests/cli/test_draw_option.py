"""`upsamp summary --draw`: where the drawing goes, and what is printed beside it."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]


def test_the_drawing_is_written_beside_the_summary(invoke: Invoke, tmp_path: Path) -> None:
    target = tmp_path / "model.SVG"
    result = invoke("summary", "dcgan", "--draw", target)
    assert result.exit_code == 0
    assert result.stdout == invoke("summary", "dcgan").stdout
    printed = invoke("summary", "dcgan", "--draw", "-")
    assert printed.stdout == target.read_text(encoding="utf-8")
    assert ET.fromstring(printed.stdout).tag == "{http://www.w3.org/2000/svg}svg"
    assert "exists already" in invoke("summary", "dcgan", "--draw", target).stderr
    assert invoke("summary", "dcgan", "--draw", target, "--force").exit_code == 0


def test_the_shape_of_the_input_counts(invoke: Invoke) -> None:
    layers = "Conv2D(8, 3)", "UpSampling2D()", "--input-shape", "10", "12", "3"
    drawn = invoke("summary", *layers, "--draw", "-").stdout
    assert "8 x 10 x 8" in drawn
    assert "16 x 20 x 8" in drawn


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--draw", "model.png"], "must name an .svg file, such as model.svg. Received: model.png"),
        (["--draw", "-", "--format", "json"], "Leave --format out"),
        (["--force"], "--force is for the file of"),
        (["transpose", "--draw", "a.svg"], "does not use --draw"),
    ],
)
def test_what_cannot_be_drawn_is_a_usage_error(invoke: Invoke, args: list[str], told: str) -> None:
    result = invoke("summary", "dcgan", *args)
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())
