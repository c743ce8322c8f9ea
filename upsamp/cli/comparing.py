"""`--compare`: how far the results of other libraries lie from the one that is computed here."""

import numpy as np

from upsamp.cli.render.tables import show_rows
from upsamp.core.arguments import Array, Pair
from upsamp.resizing.enlarging import Enlarging
from upsamp.translate.peers import compare_with_peers

__all__ = ["show_comparison"]


def show_comparison(array: Array, size: Pair, enlarging: Enlarging) -> None:
    """Show how far the results of other conventions and libraries lie from the chosen one.

    array: (H, W, C). size: the rows and columns of the result.
    """
    method, convention = enlarging.interpolation, enlarging.convention
    rows = []
    # Infinities and what is not a number differ by what is not a number: that is what is shown.
    with np.errstate(invalid="ignore", over="ignore"):
        for peer in compare_with_peers(
            array, size, method, convention, align_corners=enlarging.align_corners
        ):
            numbers = (peer.largest, peer.mean, peer.psnr)
            cells = ["-" if number is None else f"{number:.3g}" for number in numbers]
            rows.append((peer.name, *cells, peer.remark))
    title = f"{method}, convention {convention}, {size[0]} x {size[1]}, beside"
    show_rows(title, ("Library", "Largest", "Mean", "PSNR (dB)", ""), rows, "<>>><")
