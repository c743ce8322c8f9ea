"""Convolutions and transposed convolutions beside PyTorch and TensorFlow, two threads each.

    python benchmarks/convolution.py [--quick] [--only TEXT] [--json FILE]

All run in one process and in turns. The ratios are those of the shortest times: peer / upsamp, so
above 1 upsamp is the faster. PyTorch's time is that of its faster layout. The kernel is packed, as
in a layer. Needs torch and tensorflow.
"""

import argparse
import json
import math
import os
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

THREADS = int(os.environ.setdefault("UPSAMP_THREADS", "2"))
os.environ.setdefault("OPENBLAS_NUM_THREADS", str(THREADS))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402 - the environment is read at import
from timing import interleave  # noqa: E402 - the same

from upsamp.core.convolution import conv2d, conv2d_transpose  # noqa: E402 - the same
from upsamp.core.packing import PackedKernel  # noqa: E402 - the same

__all__ = ["CASES", "Case", "Row", "measure"]

Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One layer: the input (N, H, W, C), filters, kernel, stride; padding is "same" or "valid"."""

    group: str
    transposed: bool
    shape: tuple[int, int, int, int]
    filters: int
    kernel: int
    stride: int
    padding: str = "same"

    @property
    def name(self) -> str:
        """The case in a few words."""
        images, rows, columns, channels = self.shape
        what = "transposed" if self.transposed else "convolution"
        layer = f"k{self.kernel} s{self.stride} {self.padding}"
        return f"{what} {images} x {rows}x{columns} x {channels} -> {self.filters}, {layer}"


MANY, FEW, PLAIN = "many channels", "few channels", "convolution"
CASES = (
    Case(MANY, True, (1, 4, 4, 512), 256, 4, 2),
    Case(MANY, True, (1, 7, 7, 128), 128, 4, 2),
    Case(MANY, True, (1, 8, 8, 256), 128, 5, 2),
    Case(MANY, True, (1, 16, 16, 256), 128, 4, 2),
    Case(MANY, True, (1, 32, 32, 128), 64, 4, 2),
    Case(MANY, True, (1, 64, 64, 128), 64, 4, 2),
    Case(MANY, True, (1, 64, 64, 256), 128, 4, 2),
    Case(MANY, True, (1, 32, 32, 64), 32, 3, 1),
    Case(MANY, True, (1, 32, 32, 32), 16, 3, 2),
    Case(MANY, True, (16, 4, 4, 512), 256, 4, 2),
    Case(MANY, True, (16, 7, 7, 128), 128, 4, 2),
    Case(MANY, True, (16, 8, 8, 256), 128, 5, 2),
    Case(MANY, True, (16, 14, 14, 128), 128, 4, 2),
    Case(MANY, True, (16, 16, 16, 256), 128, 4, 2),
    Case(MANY, True, (16, 32, 32, 128), 64, 3, 2),
    Case(MANY, True, (64, 8, 8, 256), 128, 4, 2),
    Case(MANY, True, (64, 16, 16, 128), 64, 4, 2),
    Case(FEW, True, (1, 5, 5, 128), 1, 3, 2, "valid"),
    Case(FEW, True, (1, 64, 64, 64), 3, 4, 2),
    Case(FEW, True, (16, 14, 14, 64), 1, 5, 2),
    Case(FEW, True, (64, 32, 32, 64), 3, 4, 2),
    Case(FEW, True, (1, 256, 256, 16), 3, 3, 1),
    Case(FEW, True, (1, 512, 512, 3), 3, 3, 2),
    Case(FEW, True, (1, 1024, 1024, 3), 3, 4, 2),
    Case(FEW, True, (1, 1024, 1024, 1), 1, 3, 2),
    Case(FEW, True, (1, 1024, 1024, 1), 1, 1, 2),
    Case(FEW, True, (1, 1024, 1024, 4), 4, 5, 2),
    Case(FEW, True, (1, 1024, 1024, 3), 1, 2, 2, "valid"),
    Case(FEW, True, (1, 2048, 2048, 1), 1, 3, 2),
    Case(FEW, True, (1, 512, 512, 3), 3, 4, 4),
    Case(PLAIN, False, (1, 64, 64, 3), 64, 4, 2),
    Case(PLAIN, False, (16, 64, 64, 3), 64, 4, 2),
    Case(PLAIN, False, (1, 32, 32, 64), 128, 4, 2),
    Case(PLAIN, False, (16, 16, 16, 128), 256, 4, 2),
    Case(PLAIN, False, (1, 32, 32, 64), 64, 3, 1),
    Case(PLAIN, False, (1, 64, 64, 128), 64, 3, 1),
    Case(PLAIN, False, (16, 16, 16, 256), 128, 3, 1),
    Case(PLAIN, False, (1, 64, 64, 128), 64, 1, 1),
    Case(PLAIN, False, (1, 64, 64, 64), 3, 3, 1),
    Case(PLAIN, False, (1, 1024, 1024, 3), 3, 3, 1),
    Case(PLAIN, False, (1, 1024, 1024, 1), 1, 3, 1),
    Case(PLAIN, False, (1, 1024, 1024, 1), 1, 5, 2),
)


def measure(cases: Iterable[Case], rounds: int) -> Iterable[Row]:
    """Give a row for each case: its group and name, our seconds, and the seconds of each peer."""
    for case in cases:
        candidates = _candidates(case)
        expected = candidates["TensorFlow"]()
        actual = candidates["upsamp"]()
        np.testing.assert_allclose(actual, expected, rtol=0, atol=2e-5 * np.abs(expected).max())
        seconds = interleave(candidates, rounds)
        layouts = [name for name in seconds if name.startswith("PyTorch")]
        best = min(layouts, key=lambda name: min(seconds[name]))
        taken = {"upsamp": "upsamp", "PyTorch": best, "TensorFlow": "TensorFlow"}
        yield {
            "group": case.group,
            "case": case.name,
            "seconds": min(seconds["upsamp"]),
            "peers": {peer: min(seconds[taken[peer]]) for peer in ("PyTorch", "TensorFlow")},
            "medians": {peer: statistics.median(seconds[name]) for peer, name in taken.items()},
            "layout": best,
        }


def _candidates(case: Case) -> dict[str, Callable[[], Any]]:
    """Give the calls of upsamp, of PyTorch in both layouts, and of TensorFlow, on one input."""
    random = np.random.default_rng(0)
    channels = case.shape[3]
    ends = (case.filters, channels) if case.transposed else (channels, case.filters)
    x = random.standard_normal(case.shape).astype(np.float32)
    kernel = random.standard_normal((case.kernel, case.kernel, *ends)).astype(np.float32)
    packed = PackedKernel(kernel)
    own = conv2d_transpose if case.transposed else conv2d
    return {
        "upsamp": lambda: own(x, packed, None, case.stride, case.padding),
        **_torch_calls(case, x, kernel),
        "TensorFlow": _tensorflow_call(case, x, kernel),
    }


def _torch_calls(case: Case, x: Any, kernel: Any) -> dict[str, Callable[[], Any]]:
    torch: Any = import_module("torch")

    torch.set_num_threads(THREADS)
    functional = torch.nn.functional
    zeros = 0
    if case.padding == "same":
        zeros = -(-max(case.kernel - case.stride, 0) // 2)
    extra = 0
    if case.transposed and case.padding == "same":
        span = (case.shape[1] - 1) * case.stride + case.kernel - 2 * zeros
        extra = case.shape[1] * case.stride - span
    calls: dict[str, Callable[[], Any]] = {}
    for layout in (torch.contiguous_format, torch.channels_last):
        image = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(memory_format=layout)
        weight = torch.from_numpy(kernel).permute(3, 2, 0, 1).contiguous(memory_format=layout)

        def call(image: Any = image, weight: Any = weight) -> Any:
            with torch.inference_mode():
                if case.transposed:
                    return functional.conv_transpose2d(
                        image, weight, None, case.stride, zeros, max(extra, 0)
                    )
                return functional.conv2d(image, weight, None, case.stride, zeros)

        name = "last" if layout is torch.channels_last else "first"
        calls[f"PyTorch channels_{name}"] = call
    return calls


def _tensorflow_call(case: Case, x: Any, kernel: Any) -> Callable[[], Any]:
    tf: Any = import_module("tensorflow")

    _limit_tensorflow(tf)
    image, weight = tf.constant(x), tf.constant(kernel)
    if not case.transposed:
        return lambda: tf.nn.conv2d(image, weight, case.stride, case.padding.upper())
    lengths = case.shape[1:3]
    if case.padding == "same":
        shape = [length * case.stride for length in lengths]
    else:
        reach = max(case.kernel, case.stride)
        shape = [(length - 1) * case.stride + reach for length in lengths]
    output = [case.shape[0], *shape, case.filters]
    padding = case.padding.upper()
    return lambda: tf.nn.conv2d_transpose(image, weight, output, case.stride, padding)


def _limit_tensorflow(tensorflow: Any) -> None:
    """Give TensorFlow two threads; once it has begun, it can no longer be told."""
    threading = tensorflow.config.threading
    if threading.get_intra_op_parallelism_threads() != THREADS:
        threading.set_intra_op_parallelism_threads(THREADS)
        threading.set_inter_op_parallelism_threads(THREADS)


def markdown(rows: Sequence[Row]) -> str:
    """Write the rows as a table, and the geometric means of the ratios by group."""
    lines = ["| case | upsamp ms | / PyTorch | / TensorFlow |", "|---|---|---|---|"]
    for row in rows:
        ratios = " | ".join(f"{ratio:.2f}" for ratio in _ratios(row))
        lines.append(f"| {row['case']} | {row['seconds'] * 1000:.2f} | {ratios} |")
    for group in dict.fromkeys(row["group"] for row in rows):
        of_group = [_ratios(row) for row in rows if row["group"] == group]
        means = " | ".join(f"{_mean(values):.2f}" for values in zip(*of_group, strict=True))
        lines.append(f"| geometric mean, {group} | | {means} |")
    return "\n".join(lines)


def _ratios(row: Row) -> list[float]:
    return [seconds / row["seconds"] for seconds in row["peers"].values()]


def _mean(values: Sequence[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, values)))


def main() -> None:
    """Measure, print Markdown, and write JSON where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds")
    parser.add_argument("--only", default="", help="cases with this text in their group or name")
    parser.add_argument("--json", type=Path, help="the file to write the rows to")
    options = parser.parse_args()
    chosen = [case for case in CASES if options.only in f"{case.group}: {case.name}"]
    rows = []
    for row in measure(chosen, 15 if options.quick else 60):
        rows.append(row)
        ratios = ", ".join(f"{ratio:.2f}" for ratio in _ratios(row))
        print(f"{row['case']}: {row['seconds'] * 1000:.3f} ms ({ratios})", file=sys.stderr)
    print(markdown(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
