"""What metadata says of colours: of which space a profile is, and what differs from sRGB.

Sources: ICC.1:2022, "Image technology colour management", 7.2; ITU-T H.273, "Coding-independent
code points for video signal type identification"; for what is above what, W3C, "Portable
Network Graphics (PNG) Specification (Third Edition)", 4.3.
"""

from collections.abc import Mapping
from typing import Any

# All kinds of metadata that say what colours the numbers are.
OF_COLOURS = ("icc_profile", "gamma", "chromaticity", "srgb", "cicp", "mdcv", "clli")
# What takes the place of colours that were converted to sRGB: PNG's mark of relative colorimetry.
SRGB: dict[str, Any] = {"srgb": 1}
GREY = ("1", "L", "LA", "I", "F")
# How sRGB is told by gAMA and cHRM, and how far numbers may lie from that.
GAMMA, NEAR = 1 / 2.2, 0.002
PRIMARIES = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
# By the numbers of H.273: those of sRGB, or of nobody knows what; and the transfers that are near
# to that of sRGB, as of television and of a gamma of 2.2.
SRGB_PRIMARIES, SRGB_TRANSFERS = (1, 2), (2, 13)
TRANSFERS_LIKE_SRGB = (1, 2, 4, 6, 7, 11, 12, 13, 14, 15)
# The gammas that are near to that of sRGB.
LOWEST, HIGHEST = 0.4, 0.56


def space_of_profile(profile: bytes) -> str | None:
    """Return the colour space of the pixels that a profile is for; None where it says none.

    >>> space_of_profile(bytes(16) + b"GRAY" + bytes(16) + b"acsp" + bytes(88))
    'GRAY'
    """
    if profile[36:40] != b"acsp":
        return None
    return profile[16:20].decode("latin-1").strip().upper()


def space_of_pixels(mode: str, *, grey: bool) -> str:
    """Return the colour space of pixels of a mode, as a profile names it.

    grey: whether the file has grey pixels as such, and not as RGB.

    >>> space_of_pixels("LA;16", grey=True), space_of_pixels("P", grey=True)
    ('GRAY', 'RGB')
    """
    base = mode.partition(";")[0].partition("+")[0]
    if base in GREY:
        return "GRAY" if grey else "RGB"
    return base if base in ("CMYK", "LAB") else "RGB"


def says_srgb(cicp: bytes) -> bool:
    """Tell whether the four numbers of cICP say sRGB, or nothing.

    >>> says_srgb(bytes([1, 13, 0, 1])), says_srgb(bytes([9, 16, 0, 1]))
    (True, False)
    """
    return cicp[0] in SRGB_PRIMARIES and cicp[1] in SRGB_TRANSFERS


def is_like_srgb(metadata: Mapping[str, Any]) -> bool:
    """Tell whether numbers stand for light nearly as those of sRGB do; a profile is not read.

    >>> is_like_srgb({"gamma": 1.0}), is_like_srgb({"gamma": 0.45455}), is_like_srgb({})
    (False, True, True)
    """
    if "cicp" in metadata:
        return bytes(metadata["cicp"])[1] in TRANSFERS_LIKE_SRGB
    if "icc_profile" in metadata or "srgb" in metadata:
        return True
    return LOWEST <= float(metadata.get("gamma", GAMMA)) <= HIGHEST


def telling(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata without what says nothing of colours: sRGB, or what readers pass over.

    >>> telling({"gamma": 0.45455, "cicp": bytes([1, 13, 0, 1]), "exif": b"II"})
    {'exif': b'II'}
    """
    left = dict(metadata)
    if "cicp" in left and says_srgb(left["cicp"]):
        del left["cicp"]
    above = metadata.keys() & {"cicp", "icc_profile", "srgb"}
    for name, usual in (("gamma", (GAMMA,)), ("chromaticity", PRIMARIES)):
        if name not in left:
            continue
        said = left[name] if isinstance(left[name], tuple) else (left[name],)
        same = len(said) == len(usual) and all(
            abs(one - other) < NEAR for one, other in zip(said, usual, strict=True)
        )
        if above or same:
            del left[name]
    return left
