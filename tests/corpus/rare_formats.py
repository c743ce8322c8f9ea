"""Files of formats that Pillow reads and does not write, by their descriptions in its readers."""

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["rare_files"]

Pixels = NDArray[np.uint8]


def rare_files(
    rgb: Pixels, indices: Pixels, palette: Pixels, dib: bytes, pcx: bytes, png: bytes
) -> Iterator[tuple[str, bytes, NDArray[Any]]]:
    """Yield the name of each file, its bytes, and what it shows, (H, W, C).

    rgb: (H, W, 3). indices: (H, W), numbers of colours. palette: (16, 3). dib, pcx: `rgb` as such
    files. png: the upper left 16 x 16 of `rgb`.
    """
    height, width = indices.shape
    grey = rgb[..., :1]
    shown = palette[indices]
    yield "sun_RGB.sun", _sun(rgb), rgb
    for kind in ("raw", "runs"):
        yield f"psd_RGB_{kind}.psd", _psd(rgb, runs=kind == "runs"), rgb
    yield "dcx_RGB.dcx", struct.pack("<III", 0x3ADE68B1, 12, 0) + pcx, rgb
    yield "cur_RGB.cur", _cursor(width, height, dib), rgb
    yield (
        "icns_RGB.icns",
        b"icns" + struct.pack(">I4sI", 16 + len(png), b"icp4", 8 + len(png)) + png,
        rgb[:16, :16],
    )
    yield "fits_L.fits", _fits(grey[..., 0], 8), grey
    signed = (grey[..., 0].astype(np.int32) * 100 - 2**15).astype(">i2")
    yield "fits_I16.fits", _fits(signed, 16, BZERO=2**15), grey.astype(np.uint16) * 100
    head = struct.pack("<4xHHHHHH", height, width, 0, 0, 14, 2)
    yield (
        "pixar_RGB.pxr",
        (b"\x80\xe8\0\0".ljust(412, b"\0") + head).ljust(1024, b"\0") + rgb.tobytes(),
        rgb,
    )
    yield "xpm_P.xpm", _xpm(indices, palette), shown
    yield "gbr_RGBA.gbr", _brush(rgb), rgb
    yield "xvthumb_P.xv", _thumbnail(indices), _colours_of_thumbnails()[indices]
    yield "mcidas_L.area", _area(grey), grey
    head = struct.pack("<IiiiiiiiI", 0x58455446, 1, width, height, 1, 1, 1, 32, rgb.nbytes)
    yield "ftex_RGB.ftc", head + rgb.tobytes(), rgb
    yield (
        "imt_L.imt",
        b"width %d\nheight %d\npixel n8\n\x0c" % (width, height) + grey.tobytes(),
        grey,
    )
    head = b"Image type: Greyscale image\r\nImage size (x*y): %d*%d\r\n" % (width, height)
    yield "im_L.im", head.ljust(511, b"\0") + b"\x1a" + grey[::-1].tobytes(), grey
    yield "fli_P.fli", _film(indices, palette), shown
    yield "bmp_P_runs.bmp", _bitmap_of_runs(indices, palette), shown
    yield "sgi_RGB_runs.sgi", _sgi_of_runs(rgb), rgb


def _sun(rgb: Pixels) -> bytes:
    height, width = rgb.shape[:2]
    return struct.pack(">8I", 0x59A66A95, width, height, 24, rgb.nbytes, 3, 0, 0) + rgb.tobytes()


def _psd(rgb: Pixels, *, runs: bool) -> bytes:
    height, width = rgb.shape[:2]
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, height, width, 8, 3) + bytes(12)
    planes = np.moveaxis(rgb, 2, 0)
    if not runs:
        return head + struct.pack(">H", 0) + planes.tobytes()
    lengths = struct.pack(f">H{3 * height}H", 1, *[width + 1] * (3 * height))
    rows = (bytes([width - 1]) + row.tobytes() for row in planes.reshape(-1, width))
    return head + lengths + b"".join(rows)


def _cursor(width: int, height: int, dib: bytes) -> bytes:
    body = dib[:8] + struct.pack("<i", 2 * height) + dib[12:] + bytes(4 * height)
    return struct.pack("<HHHBBBBHHII", 0, 2, 1, width, height, 0, 0, 0, 0, len(body), 22) + body


def _fits(grey: NDArray[Any], bits: int, **more: int) -> bytes:
    sides = {"NAXIS": 2, "NAXIS1": grey.shape[1], "NAXIS2": len(grey)}
    cards = {"SIMPLE": "T", "BITPIX": bits, **sides, **more}
    text = "".join(f"{name:8}= {value:>20}".ljust(80) for name, value in cards.items()) + "END"
    return text.encode().ljust(2880) + grey[::-1].tobytes().ljust(2880, b"\0")


def _xpm(indices: Pixels, palette: Pixels) -> bytes:
    names = "abcdefghijklmnop"
    height, width = indices.shape
    lines = [f"{width} {height} 16 1"]
    lines += [
        f"{name} c #{bytes(colour).hex()}" for name, colour in zip(names, palette, strict=True)
    ]
    lines += ["".join(names[number] for number in row) for row in indices]
    body = ",\n".join(f'"{line}"' for line in lines)
    return f"/* XPM */\nstatic char * it[] = {{\n{body}\n}};\n".encode()


def _brush(rgb: Pixels) -> bytes:
    height, width = rgb.shape[:2]
    rgba = np.dstack([rgb, np.full((height, width), 255, np.uint8)])
    return struct.pack(">5I", 22, 1, width, height, 4) + b"it" + rgba.tobytes()


def _thumbnail(indices: Pixels) -> bytes:
    height, width = indices.shape
    return b"P7 332\n#END_OF_COMMENTS\n%d %d 255\n" % (width, height) + indices.tobytes()


def _colours_of_thumbnails() -> Pixels:
    red, green, blue = np.arange(256) >> 5, np.arange(256) >> 2 & 7, np.arange(256) & 3
    return np.stack([red * 255 // 7, green * 255 // 7, blue * 255 // 3], axis=1).astype(np.uint8)


def _area(grey: Pixels) -> bytes:
    words = [0] * 64
    words[1], words[8], words[9], words[10], words[13], words[33] = 4, *grey.shape[:2], 1, 1, 256
    return struct.pack(">64i", *words) + grey.tobytes()


def _film(indices: Pixels, palette: Pixels) -> bytes:
    """Return a film of one frame: its palette, and its pixels as they are."""
    height, width = indices.shape
    colours = struct.pack("<IHHBB", 10 + 48, 4, 1, 0, 16) + palette.tobytes()
    pixels = struct.pack("<IH", 6 + indices.size, 16) + indices.tobytes()
    frame = struct.pack("<IHH8x", 16 + len(colours) + len(pixels), 0xF1FA, 2) + colours + pixels
    head = struct.pack("<IHHHHHHI", 128 + len(frame), 0xAF12, 1, width, height, 8, 3, 40)
    return head.ljust(128, b"\0") + frame


def _bitmap_of_runs(indices: Pixels, palette: Pixels) -> bytes:
    """Return a bitmap whose rows are two runs of one, and what follows them as it is."""
    height, width = indices.shape
    rows = [
        bytes([1, row[0], 1, row[1], 0, width - 2]) + row[2:].tobytes() + b"\0\0"
        for row in indices[::-1]
    ]
    pixels = b"".join(rows) + b"\0\1"
    colours = np.hstack([palette[:, ::-1], np.zeros((16, 1), np.uint8)]).tobytes()
    start = 54 + 64
    head = b"BM" + struct.pack("<I4xI", start + len(pixels), start)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(pixels), 0, 0, 16, 0)
    return head + info + colours + pixels


def _sgi_of_runs(rgb: Pixels) -> bytes:
    height, width = rgb.shape[:2]
    head = struct.pack(">HBBHHHHII", 474, 1, 1, 3, width, height, 3, 0, 255).ljust(512, b"\0")
    rows = [
        bytes([0x80 | width]) + row.tobytes() + b"\0"
        for plane in np.moveaxis(rgb, 2, 0)
        for row in plane[::-1]
    ]
    length = len(rows[0])
    start = 512 + 8 * len(rows)
    places = [start + number * length for number in range(len(rows))]
    table = struct.pack(f">{2 * len(rows)}I", *places, *[length] * len(rows))
    return head + table + b"".join(rows)
