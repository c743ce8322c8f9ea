"""Write conventions.md, its tables from the code; with --check, say whether it is so."""

import sys
from fractions import Fraction
from pathlib import Path

from upsamp.core.arguments import CONVENTIONS
from upsamp.core.geometry.sizes import transposed_axis
from upsamp.core.upsampling.methods import METHODS

PAGE = Path(__file__).with_name("conventions.md")

HEAD = """\
# Conventions

What one library's setting means in another's. The tables of numbers are computed by
`write_conventions.py` from the code that upsamp runs. What is said of the libraries was
measured on Keras 3.15.1, TensorFlow 2.21, JAX 0.10.2, PyTorch 2.13, ONNX Runtime 1.32, OpenCV 5.0
and Pillow 13.0; `tests/claims.py` and `tests/real_libraries/library_claims.py` hold every figure
beside what it is measured from.

## Transposed convolution: sizes and crops

Per axis, with n inputs, kernel k, stride s, dilation d and effective kernel ek = (k - 1) d + 1,
input i is scattered to i s + tap d. That covers full = (n - 1) s + ek, of which a part is kept:

| `padding` | `output_padding` | output | cropped before |
|:--|:--|:--|:--|
| "valid" | None | (n - 1) s + max(ek, s) | 0 |
| "valid" | op | (n - 1) s + ek + op | 0 |
| "same" | None | n s | max(full - output, 0) // 2 |
| "same" | op | (n - 1) s + ek - 2 (ek // 2) + op | max(full - output, 0) // 2 |
| (before, after) | op or 0 | (n - 1) s + ek - before - after + op | before |
| any, with `output_shape` | - | as it says | as above |

With `output_shape` ONNX takes its `pads` for nothing and crops full + op - output in halves, the
larger one after for `auto_pad` SAME_UPPER and before for the default: say so with margins here.
What lies past `full` is zeros. A padding of a transposed convolution is a crop, in every library but
JAX.

| library | padding | output_padding | stride with dilation | groups | kernel |
|:--|:--|:--|:--|:--|:--|
| upsamp | all of the above | < stride; < max(stride, dilation) with margins | yes | yes | `kernel_layout`: both |
| Keras | "valid", "same" | < stride | no | no | (rows, columns, filters, channels) |
| PyTorch | one number an axis, for both ends | < max(stride, dilation) | yes | yes | (channels, filters / groups, rows, columns) |
| ONNX | `pads`: top, left, bottom, right; `auto_pad`; `output_shape` | < stride in ONNX Runtime | yes | yes | as PyTorch |
| JAX | of the input between its zeros: (left, right) | in the padding | yes | no; `lax.conv_general_dilated` has `feature_group_count` | with `transpose_kernel=True` as Keras |

Keras on TensorFlow raises an error on a CPU for an even kernel with "same" and `output_padding=0`.
Keras on JAX ends the process for an input of 2 rows and kernel (3, 2), strides (3, 2), "same" and
`output_padding=(1, 0)`.
Keras' "same" often crops one more at the end than at the beginning, which PyTorch cannot say: the
programs of `--code torch` slice there.

### Keras' "same" in PyTorch and ONNX

For dilation 1 and `output_padding=None`: PyTorch's (`padding`, `output_padding`), or the slice that
the full result needs; then ONNX' `pads` of one axis. Overlap is even where s divides k: every output is
a sum of as many products. Weights may still leave a checkerboard there (A. Odena et al., 2016); the next
section has what measures it.
"""

MIDDLE = """

## Checkerboards: what the numbers mean

The phase of an output is its remainder by the stride, of its row and of its column. The gain of a phase is
the sum of the weights that its outputs read: what a constant `1` becomes.

| number | where | meaning |
|:--|:--|:--|
| unevenness | `transpose-conv --overlap` | largest difference between phases / their mean, of the counts of products and of the gains; `0` is even, `null` has no mean |
| checkerboard | `summary --columns checkerboard` | the same of all pairs of a filter and a channel: the root of (sum of squared differences / sum of squared means) |
| ratio | `generator --checkerboard` | mean energy of the samples' spectrum at the frequencies of a period / mean energy beside them |

For the ratio each channel of each sample is taken without its mean and under a Hann window, and the energies
of all are summed up. The period of a layer is its stride times what later layers enlarge by. Its frequencies
are the multiples of `1 / period` without those of smaller periods; beside them are the nearest frequencies
that the window does not spread them to. JSON tells the `threshold` from which a checkerboard is told: it is
higher where samples are few, as noise alone may then reach more.

## Interpolation: weights

Output i of o reads an axis of n inputs at (i + 1/2) n / o - 1/2 (half-pixel centres); with
`align_corners` at i (n - 1) / (o - 1). Input j has the weight kernel(position - j), divided by the
sum of the weights of that output.

| | convention "keras" | convention "torch" |
|:--|:--|:--|
| also in | TensorFlow, JAX, Pillow's floats | OpenCV's floats |
| inputs outside | left out, the others' weights divided by their sum | the edge is repeated |
| nearest | the pixel that holds the centre: floor((i + 1/2) n / o); so PyTorch's "nearest-exact" | floor(i n / o) |
| bicubic | Keys' cubic, a = -0.5 | Keys' cubic, a = -0.75 |
| lanczos3, lanczos5 | sinc(t) sinc(t / lobes) | none; OpenCV's Lanczos has 4 lobes |
| area | inputs weighted by the area under the output; so OpenCV's INTER_AREA where images grow | the mean of all pixels touched; not OpenCV |
| mitchellcubic | B = C = 1/3 | none |
| gaussian | deviation 0.5, cut at 1.5 | none |
| align_corners | no | bilinear and bicubic |

Bilinear is the same in both, and so is every method that both have at whole factors but bicubic.
Pillow's BOX is no area: where images grow, it copies pixels, as nearest does.

### The kernels at distance t

The weight of an input before the division: the sum is 1 for all but lanczos3, lanczos5 and gaussian,
whose weights sum to another number at each position.

"""

TAIL = """
## What was measured of the libraries

- Nearest is decided in whole numbers here. The libraries compute in floats, and err where a centre,
  or in PyTorch's convention a first edge, falls on the border of two pixels. Of the 7,260 sizes of up
  to 120 pixels that do not shrink, the result is not that of the formula in 1,392 by Pillow's NEAREST
  and OpenCV's INTER_NEAREST_EXACT, 140 by PyTorch's "nearest-exact", and 93 by Pillow's BOX; in
  PyTorch's convention in 73 by PyTorch and 278 by OpenCV, whose INTER_AREA errs in 278, too.
  TensorFlow errs in 29 of the 1,830 of up to 60 pixels.
- JAX' nearest at such a place, as at 30 to 67 rows, takes the lower pixel, and TensorFlow and upsamp
  the upper one.
- TensorFlow's bicubic reads a table of 1024 steps: for factors that are no powers of two it is off
  by up to 1.2e-3 of the range. The exact kernel is the definition here; JAX computes it.
- TensorFlow's gaussian counts an input at a distance of exactly 1.5 or not as rounding has it, as at
  6 to 133 columns; here it never counts.
- JAX and TensorFlow have positions in float32: with 4,000 inputs on an axis their bilinear and lanczos
  are off by up to 2.5e-4 of the range, and area by up to 5e-4.
- Pillow interpolates 8-bit images with weights of fixed point and clips to 8 bits between the axes;
  in its mode F it equals convention "keras" to 1e-6 of the range, but for nearest.
- Integers: upsamp rounds half to even and saturates. So does Keras on JAX; on TensorFlow what exceeds
  int32 becomes its least number; on PyTorch uint8 alone saturates, int16 and int32 wrap around, and
  uint16 becomes int32.
- Keras on PyTorch has PyTorch's bicubic, with a = -0.75, and no lanczos3 or lanczos5.
- `mitchellcubic` and `gaussian` smooth: even a size of one changes the image, in TensorFlow and here.
- Multiply-adds of a transposed convolution count on the input positions: 7x7x8 -> kernel 4, stride 2
  -> 6 filters is 37,632. Counted on the output positions they would be 150,528.

How far the libraries that you have installed lie from a result: `upsamp upsample IMAGE --compare`.
"""


def crops() -> str:
    """Return the table of Keras' "same" for kernels and strides, in other libraries' words."""
    lines = ["| k | s | overlap | PyTorch | ONNX pads |", "|--:|--:|:--|:--|:--|"]
    for stride in range(1, 5):
        for kernel in range(max(stride, 2), 8):
            axis = transposed_axis(8, kernel, stride, "same", None, 1)
            extra = axis.before - axis.after
            torch = f"padding={axis.before}, output_padding={extra}"
            if not 0 <= extra < stride:
                torch = f"padding=0, then [{axis.before}:{-axis.after or ''}]"
            overlap = "uneven" if kernel % stride else "even"
            pads = f"{axis.before}, {axis.after}"
            lines.append(f"| {kernel} | {stride} | {overlap} | {torch} | {pads} |")
    return "\n".join(lines) + "\n"


def weights() -> str:
    """Return the table of every kernel, none of them in the multiple that spares fractions."""
    distances = [Fraction(quarter, 4) for quarter in range(13)]
    kernels = {
        f"{method.name} ({convention})": kernel
        for convention in CONVENTIONS
        for method in METHODS.values()
        if (kernel := method.kernels.get(convention))
    }
    lines = [f"| t | {' | '.join(kernels)} |", "|--:|" + "--:|" * len(kernels)]
    for t in distances:
        cells = []
        for name, kernel in kernels.items():
            # Mitchell's is 8/9 at its middle, the others 1.
            scale = float(kernel.weight(Fraction(0))) / (
                8 / 9 if name.startswith("mitchell") else 1
            )
            value = float(kernel.weight(t)) / scale if t < kernel.support else 0.0
            cells.append(f"{value:.4f}".replace("-0.0000", "0.0000"))
        lines.append(f"| {float(t):g} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return the whole page."""
    return f"{HEAD}\n{crops()}{MIDDLE}{weights()}{TAIL}"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
