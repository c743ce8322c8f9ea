"""How results are named: fields, suffixes, folders, and templates that make no names."""

import re

import pytest
from effort import in_one_test

from upsamp.bulk.inputs import Found
from upsamp.bulk.names import Naming
from upsamp.errors import ArgumentError


@in_one_test(
    ("options", "path", "expected"),
    [
        ({}, "a/b.png", "a/b_2x2_nearest.png"),
        ({}, "b.JPG", "b_2x2_nearest.JPG"),
        ({}, "/b.psd", "/b_2x2_nearest.png"),
        ({}, "b", "b_2x2_nearest.png"),
        ({}, "a.b/c.d.png", "a.b/c.d_2x2_nearest.png"),
        ({"format_name": "jpeg"}, "b.png", "b_2x2_nearest.jpg"),
        ({"format_name": "npy"}, "b.png", "b_2x2_nearest.npy"),
        ({"template": "{stem}.webp"}, "a/b.png", "a/b.webp"),
        ({"template": "{{{stem}}}-{interp}{suffix}"}, "b.png", "{b}-nearest.png"),
        ({"template": "{stem}", "format_name": "png"}, "b.png", "b"),
        ({"out_dir": "out"}, "a/b/c.png", "out/b/c_2x2_nearest.png"),
        ({"out_dir": "/out/"}, "a/b/c.png", "/out/b/c_2x2_nearest.png"),
        ({"out_dir": "memory://"}, "c.png", "memory://c_2x2_nearest.png"),
        ({"out_dir": "s3://bucket/"}, "a/b/c.png", "s3://bucket/b/c_2x2_nearest.png"),
        ({"template": "{stem}_{ext}{suffix}"}, "a/b.JPG", "a/b_JPG.JPG"),
        ({"template": "{number}{ext}.png"}, "a/b", "a/1.png"),
        ({}, "{stem}\n\udcff.png", "{stem}\n\udcff_2x2_nearest.png"),
    ],
)
def test_a_result_is_named(options: dict[str, str], path: str, expected: str) -> None:
    naming = Naming("2x2", "nearest", **options)
    assert naming.target_of(Found(path, path.removeprefix("a/"))) == expected


@in_one_test(
    ("template", "format_name", "message"),
    [
        ("{width}.png", None, "--name must have fields that there are. Received: '{width}'."),
        ("{}.png", None, "Received: '{}'."),
        ("{0}.png", None, "Received: '{0}'."),
        ("{stem.__class__}.png", None, "Received: '{stem.__class__}'."),
        ("{stem[0]}.png", None, "Received: '{stem[0]}'."),
        ("{stem:>99}.png", None, "Received: '{stem}'."),
        ("{stem!r}.png", None, "Received: '{stem}'."),
        ("{stem.png", None, "--name must close each brace that it opens."),
        ("stem}.png", None, "--name must close each brace that it opens."),
        ("", None, "--name must be the name of a file, without folders. Received: ''."),
        ("../{stem}{suffix}", None, "--name must be the name of a file, without folders."),
        ("{stem}", None, "--name must end in {suffix} or in one that is known, as .png."),
        ("{suffix}{stem}", None, "--name must end in {suffix} or in one that is known"),
        ("{stem}.doc", None, "--name must end in {suffix} or in one that is known"),
    ],
)
def test_a_template_that_makes_no_names_is_refused(
    template: str, format_name: str | None, message: str
) -> None:
    with pytest.raises(ArgumentError, match=re.escape(message)) as caught:
        Naming("2x2", "nearest", template, format_name)
    assert "\n" not in str(caught.value)
