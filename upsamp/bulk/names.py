"""How results are named: by a template, beside their images or in a folder of their own."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from string import Formatter

from upsamp.bulk.inputs import Found, format_of_suffix
from upsamp.core.arguments import CONVENTIONS
from upsamp.core.upsampling.methods import METHODS
from upsamp.errors import ArgumentError
from upsamp.io.formats import IMAGE_FORMATS, format_of_name, suffix_of
from upsamp.io.remote_paths import join_path, split_path

TEMPLATE = "{stem}_{size}_{interp}{suffix}"
# What a template may name, and what each may be in the name of an earlier result, of any size and
# method: the suffix is that of the image or of --format, ext that of the image itself.
PATTERNS: Mapping[str, str] = {
    "stem": ".+",
    "size": r"[\d.e+]+x[\d.e+]+|\d+x|x\d+",
    "interp": f"(?:{'|'.join(METHODS)})(?:_(?:{'|'.join(CONVENTIONS)}))?",
    "suffix": r"\.[^.]+",
    "ext": "[^.]*",
    "number": r"\d+",
}


@dataclass(frozen=True)
class Naming:
    """Names results: the same name for the same image, whatever is in it.

    size, method: as they are in names. format_name: of all results, or None where each image
    keeps its own. out_dir: the folder that they go to; without it each is beside its image.

    >>> Naming("2x2", "nearest", out_dir="large").target_of(Found("a/b/c.png", "b/c.png"))
    'large/b/c_2x2_nearest.png'
    """

    size: str
    method: str
    template: str = TEMPLATE
    format_name: str | None = None
    out_dir: str | None = None

    def __post_init__(self) -> None:
        _check(self.template, self.format_name)

    def target_of(self, found: Found, number: int = 1) -> str:
        """Return the path of the result of a file; `number` is its place among all."""
        folder, stem, ext = self.origin_of(found)
        suffix = f".{ext}" if ext else ""
        if self.format_name is not None or format_of_suffix(suffix) not in IMAGE_FORMATS:
            suffix = suffix_of(self.format_name or "png")
        fields = {
            "stem": stem,
            "size": self.size,
            "interp": self.method,
            "suffix": suffix,
            "ext": ext,
            "number": number,
        }
        return join_path(folder, self.template.format_map(fields))

    def origin_of(self, found: Found) -> tuple[str, str, str]:
        """Return what a name is made of: the folder of the result, and stem and ext of the file."""
        folder, name = split_path(found.path)
        if self.out_dir is not None:
            folder = split_path(join_path(self.out_dir, os.path.dirname(found.below), name))[0]
        stem, suffix = os.path.splitext(name)
        return folder, stem, suffix[1:]

    def origin_in(self, path: str) -> tuple[str, str, str] | None:
        """Return the same of the file whose result a path may be, of any size and method.

        Where the template has no {ext}, that is "". None for what is no such name.

        >>> Naming("2x2", "nearest").origin_in("a/b_1920x_bicubic_torch.png")
        ('a', 'b', '')
        """
        folder, name = split_path(path)
        match = self._pattern and self._pattern.fullmatch(name)
        if not match:
            return None
        fields = match.groupdict()
        return folder, fields["stem"], fields.get("ext", "")

    @property
    def tells_images(self) -> bool:
        """Whether images of one folder have results of different names, but for equal stems."""
        return "{stem}" in self.template or "{number}" in self.template

    @property
    def tells_results(self) -> bool:
        """Whether names are so unlike those of images that no image will have one by accident."""
        return any(field in self.template for field in ("{size}", "{interp}", "{ext}"))

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        """What the names of results look like; None where they do not tell their images."""
        parts, seen = [], set[str]()
        for literal, field, _, _ in Formatter().parse(self.template):
            parts.append(re.escape(literal))
            if field is not None:
                # A method of another name is a network, beside which may be results of others.
                known = field != "interp" or re.fullmatch(PATTERNS[field], self.method)
                pattern = PATTERNS[field] if known else ".+"
                parts.append(f"(?P={field})" if field in seen else f"(?P<{field}>{pattern})")
                seen.add(field)
        return re.compile("".join(parts), re.DOTALL) if "stem" in seen else None


def _check(template: str, format_name: str | None) -> None:
    """Raise `ArgumentError` where a template makes no names, or names of no known format."""
    known = f"Its fields are {', '.join(f'{{{name}}}' for name in PATTERNS)}."
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        raise ArgumentError(
            f"--name must close each brace that it opens. Received: '{template}'. {known}"
        ) from None
    for _, field, spec, conversion in parts:
        if field is not None and (field not in PATTERNS or spec or conversion):
            raise ArgumentError(
                f"--name must have fields that there are. Received: '{{{field}}}'. {known}"
            )
    if not template or os.sep in template or "\0" in template:
        raise ArgumentError(
            f"--name must be the name of a file, without folders. Received: '{template}'. "
            "--out-dir names a folder."
        )
    told = None if parts[-1][1] == "suffix" else format_of_name(template)
    if None not in (format_name, told) and told != format_name:
        raise ArgumentError(
            f"--format and the suffix of --name must agree. Received: {format_name} and "
            f"'{template}'. Leave --format out, or use {{suffix}}."
        )
    if format_name is None and parts[-1][1] != "suffix" and told is None:
        raise ArgumentError(
            "--name must end in {suffix} or in one that is known, as .png. "
            f"Received: '{template}'. Or say --format."
        )
