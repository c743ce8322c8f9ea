"""`--weights` and `--bias`: a kernel by name, from a file, or written in the command."""

from upsamp.core.arguments import Array, KernelLayout, Pair
from upsamp.core.kernels.presets import KERNEL_PRESETS
from upsamp.errors import ShapeError
from upsamp.io.read import read_matrix


def read_kernel(
    weights: str, kernel_size: Pair | None, filters: int | None, groups: int, layout: KernelLayout
) -> Array | None:
    """Read the kernel that `--weights` names, or return None where that is a preset.

    Returns (rows, columns, filters / groups, channels); a matrix is the window of one channel.
    """
    if weights in KERNEL_PRESETS:
        return None
    kernel = read_matrix(weights, "--weights")
    if kernel.ndim == 3:
        raise ShapeError(
            "--weights must be (rows, columns) or (rows, columns, filters, channels). "
            f"Received: shape {kernel.shape}."
        )
    if kernel.ndim == 2:
        kernel = kernel[:, :, None, None]
    elif layout == "torch":
        kernel = kernel.transpose(2, 3, 1, 0)
    held = kernel.shape[2] * groups
    for option, wanted, has in (
        ("--kernel", kernel_size, kernel.shape[:2]),
        ("--filters", filters, held),
    ):
        if wanted not in (None, has):
            raise ShapeError(
                f"{option} must agree with --weights, of shape {kernel.shape}. "
                f"Received: {option} {wanted}. Leave {option} out."
            )
    return kernel
