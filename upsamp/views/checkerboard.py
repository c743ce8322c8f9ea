"""The board of light and grey squares that is seen through what is transparent."""

import numpy as np

from upsamp.core.arguments import Array

__all__ = ["over_board"]

LIGHT, DARK = 255, 208


def over_board(levels: Array, alpha: Array, square: int) -> Array:
    """Lay colours over the board.

    levels: uint8 (H, W, 3). alpha: (H, W), from 0 for what is not seen to 1. square: the side of
    its squares in pixels. Returns uint8 of the shape of `levels`.

    >>> over_board(np.zeros((1, 4, 3), np.uint8), np.array([[1, 0, 0, 0.5]]), 2)[0, :, 0].tolist()
    [0, 255, 208, 104]
    """
    if (alpha == 1).all():
        return np.ascontiguousarray(levels)
    rows, columns = (np.arange(length) // square % 2 for length in alpha.shape)
    board = np.where(rows[:, np.newaxis] == columns, LIGHT, DARK)[:, :, np.newaxis]
    mixed = board + (levels - board.astype(np.float64)) * alpha[:, :, np.newaxis]
    shown: Array = np.rint(mixed).astype(np.uint8)
    return shown
