"""What the options of `upsamp upsample` ask for, as one value that all its parts take."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import click

from upsamp.cli.bulk_options import BulkOptions
from upsamp.cli.options import wrong_command
from upsamp.cli.preview import Looking
from upsamp.cli.results import wants_matrix
from upsamp.core.arguments import Convention, DataFormat, Interpolation
from upsamp.core.upsampling.methods import METHODS
from upsamp.core.upsampling.request import normalize_rule
from upsamp.io.picture_options import Missing, Quality, ReadOptions, ValueRange, WriteOptions
from upsamp.resizing.enlarging import Enlarging

if TYPE_CHECKING:
    from fractions import Fraction


@dataclass(frozen=True)
class Request:
    """The options of one call, by their names; those of a run over several files are in `bulk`."""

    sources: tuple[str, ...]
    factors: "tuple[Fraction, Fraction] | None"
    target: tuple[int | None, int | None] | None
    keep_larger: bool
    interpolation: Interpolation
    convention: Convention
    align_corners: bool
    linear: bool
    data_format: DataFormat | None
    missing: Missing
    compare: bool
    sheet: str | None
    preview: bool
    library: str | None
    output: str | None
    format_name: str | None
    compression: int | None
    quality: Quality
    value_range: ValueRange | None
    strip: bool
    background: tuple[int, int, int] | None
    frame: int | None
    auto_orient: bool
    depth: Literal[8] | None
    force: bool
    dry: bool
    max_pixels: int
    max_memory: int | None
    bulk: BulkOptions

    @property
    def source(self) -> str | None:
        """The one input, where there is one."""
        return self.sources[0] if self.sources else None

    @cached_property
    def many(self) -> bool:
        """Whether the inputs are a run over files, which is searched for once."""
        return self.bulk.apply_to(self.sources)

    @property
    def shown_elsewhere(self) -> bool:
        """Whether what is wanted is what other libraries compute, or their programs."""
        return self.compare or self.library is not None

    @property
    def looking(self) -> Looking:
        """What is looked at."""
        return Looking(self.preview, self.sheet)

    @cached_property
    def enlarging(self) -> Enlarging:
        """What is done to an image or a matrix."""
        return Enlarging(
            self.factors or (2, 2),
            self.target,
            self.interpolation,
            self.convention,
            self.align_corners,
            self.data_format,
            self.linear,
            self.max_pixels,
            self.keep_larger,
        )

    @property
    def copied(self) -> str | None:
        """The input, if it may be copied as it is; another frame, or less of it, is no copy."""
        changed = self.frame is not None or self.writing.changes
        return self.source if self.keep_larger and not changed else None

    @cached_property
    def reading(self) -> ReadOptions:
        """How images are read."""
        output = None if self.many else self.output
        copied = METHODS[self.interpolation].only_copies
        return ReadOptions(
            not copied
            or self.sheet is not None
            or self.value_range is not None
            or wants_matrix(output, self.format_name),
            self.max_pixels,
            self.depth,
            self.auto_orient,
            self.frame,
            every_frame=not self.shown_elsewhere and self.sheet is None,
            # Integers would round what lies between them.
            integers=copied and self.sheet is None,
            missing=self.missing,
        )

    @cached_property
    def writing(self) -> WriteOptions:
        """How images are written."""
        return WriteOptions(
            self.compression, self.quality, self.strip, self.background, self.value_range
        )

    def check(self) -> None:
        """Raise where options contradict each other, or would be passed over."""
        with wrong_command():
            # A sheet shows each method, and aligns the corners of those that can.
            method = self.interpolation if self.sheet is None else "bilinear"
            normalize_rule(method, self.convention, align_corners=self.align_corners, alpha=False)
        if self.target is not None and self.factors is not None:
            _refuse("--size and --to both say the size of the result. Give one of them.")
        if self.compare and self.library is not None:
            _refuse("--compare and --code each compute nothing else. Give one of them.")
        if self.linear and self.shown_elsewhere:
            _refuse("--linear is in no other library. Leave --compare and --code out.")
        if self.strip and not self.auto_orient:
            _refuse("--strip drops the orientation that --no-auto-orient leaves.")
        if self.max_memory is not None and (self.shown_elsewhere or self.looking != Looking()):
            _refuse(
                "--max-memory bounds results that are written, and --preview, --sheet, --compare "
                "and --code hold theirs whole. Leave one of them out."
            )
        if self.dry and (self.shown_elsewhere or self.looking != Looking() or self.bulk.report):
            _refuse(
                "--dry-run makes nothing, and --preview, --sheet, --compare, --code and --report "
                "show what was made. Leave one of them out."
            )
        self._check_written()
        self.looking.check(many=self.many, shown_elsewhere=self.shown_elsewhere)
        if self.background is not None and (self.shown_elsewhere or self.sheet is not None):
            _refuse(
                "--background is for a result that is written. "
                "Leave --sheet, --compare and --code out."
            )
        if self.sheet is not None and (self.output is not None or self.format_name is not None):
            _refuse("--sheet is written in the place of a result. Leave out -o and --format.")
        given = {
            "-o": self.output is not None,
            "--compare": self.compare,
            "--code": self.library is not None,
            "--data-format": self.data_format is not None,
            "--missing": self.missing == "nan",
        }
        if self.many and any(given.values()):
            _refuse(
                "Of several files each has its result: --out-dir DIR says where. "
                f"Leave out {' and '.join(option for option in given if given[option])}."
            )

    def _check_written(self) -> None:
        """Raise where options are for a result that is written, and there is none."""
        unwritten = self.shown_elsewhere or self.sheet is not None
        if self.keep_larger and (self.target is None or unwritten):
            _refuse("--keep-larger goes with --to, and with what is written. Leave it out.")
        if self.value_range is not None and unwritten:
            _refuse("--range is for an image that is written. Leave it out.")


def _refuse(rule: str) -> None:
    raise click.UsageError(rule)
