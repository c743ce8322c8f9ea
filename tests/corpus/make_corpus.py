"""Small image files of every kind that Pillow or the tests can write, made when they are asked for.

Each comes with what is true of it, which is known from how it was made and not by reading it.
`python tests/corpus/make_corpus.py FOLDER` writes them all, to be looked at.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, features

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from corpus.rare_formats import rare_files
from declared_files import jpeg2000, packed, page, tiff_of
from png_encoding import CHANNELS, encode_png

from upsamp.io.images.pillow import quiet_libraries

Array = NDArray[Any]

HEIGHT, WIDTH = 17, 22
ORIENTATION = 0x0112
# The channels of Pillow's modes.
MODES = {"1": 1, "L": 1, "P": 1, "I;16": 1, "I": 1, "F": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
TIFF_COMPRESSIONS = ("tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd", "lzma")


@dataclass(frozen=True)
class CorpusFile:
    """An image file and what is true of it.

    pixels: what the samples are, (H, W, C) of whole numbers or floats, upright; None where the
    format loses some. bits: of a channel. alpha: whether something is see-through.
    """

    name: str
    data: bytes = field(repr=False)
    pixels: Array | None = field(repr=False)
    bits: int
    colour: bool = False
    alpha: bool = False
    upright: tuple[int, int] = (HEIGHT, WIDTH)

    @property
    def format(self) -> str:
        """The format, as the name begins with it."""
        return self.name.split("_")[0]


def samples_of(channels: int, bits: int, *, colours: int = 0) -> Array:
    """Return a slope with some noise, (H, W, C); `colours` bounds how many different there are."""
    generator = np.random.default_rng(channels * 100 + bits)
    limit = colours or 2**bits
    slope = np.add.outer(np.arange(HEIGHT) * WIDTH, np.arange(WIDTH)) * limit // (HEIGHT * WIDTH)
    noise = generator.integers(0, max(2, limit // 4), (HEIGHT, WIDTH, channels))
    return (slope[:, :, np.newaxis] + noise) % limit


def image_of(mode: str) -> tuple[Image.Image, Array]:
    """Return an image of a mode of Pillow's, and its samples."""
    channels = MODES[mode]
    if mode == "F":
        samples = samples_of(1, 8).astype(np.float32) / np.float32(7)
    elif mode in ("I;16", "I"):
        samples = samples_of(1, 16).astype(np.uint16 if mode == "I;16" else np.int32)
    else:
        samples = samples_of(channels, 1 if mode == "1" else 8, colours=16 if mode == "P" else 0)
        samples = samples.astype(np.uint8)
    flat = samples if channels > 1 else samples[:, :, 0]
    if mode == "1":
        return Image.fromarray(flat.astype(bool)), samples
    if mode in ("P", "CMYK"):
        image = Image.frombytes(mode, (WIDTH, HEIGHT), np.ascontiguousarray(flat).tobytes())
        if mode == "P":
            image.putpalette(palette().tobytes())
        return image, samples
    return Image.fromarray(np.ascontiguousarray(flat)), samples


def palette(count: int = 16) -> Array:
    """Return colours that differ, (count, 3)."""
    steps = np.arange(count)
    return np.stack([steps * 255 // count, 255 - steps * 9, steps * 97 % 256], axis=1).astype(
        np.uint8
    )


def saved(image: Image.Image, format_name: str, **options: Any) -> bytes:
    """Return the bytes that Pillow writes."""
    buffer = BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


@cache
def corpus() -> tuple[CorpusFile, ...]:
    """Return all files, each once, in the order of their names."""
    Image.init()
    makers = (
        pngs, gifs, bmps, tiffs, tiff_compressions, other_numbers, jpegs, oriented, jpeg2000s,
        webps, netpbms, textual_netpbms, targas, others, rare, animations,
    )  # fmt: skip
    files = [file for maker in makers for file in maker()]
    assert len({file.name for file in files}) == len(files)
    return tuple(sorted(files, key=lambda file: file.name))


def pngs() -> Iterator[CorpusFile]:
    """Every colour type and depth of PNG, in order and interlaced, and with see-through colours."""
    depths = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
    for colour_type, all_bits in depths.items():
        for bits in all_bits:
            for see_through in (False, True) if colour_type in (0, 2, 3) else (False,):
                yield from _pngs_of(colour_type, bits, see_through=see_through)


def _pngs_of(colour_type: int, bits: int, *, see_through: bool) -> Iterator[CorpusFile]:
    samples = samples_of(CHANNELS[colour_type], bits)
    shown, chunks = samples, []
    if colour_type == 3:
        shown = palette(2**bits)[samples[:, :, 0]]
        chunks.append((b"PLTE", palette(2**bits).tobytes()))
        if see_through:
            chunks.append((b"tRNS", b"\0\x80"))
    elif see_through:
        chunks.append((b"tRNS", samples[0, 0].astype(">u2").tobytes()))
    for interlaced in (False, True):
        yield CorpusFile(
            f"png_type{colour_type}_{bits}bit{'_seen_through' * see_through}"
            f"{'_interlaced' * interlaced}.png",
            encode_png(samples, colour_type, bits, interlaced=interlaced, chunks=tuple(chunks)),
            shown,
            bits,
            colour=colour_type not in (0, 4),
            alpha=see_through or colour_type in (4, 6),
        )


def _plain(
    format_name: str, mode: str, suffix: str, kind: str = "", *, exact: bool = True, **options: Any
) -> CorpusFile:
    """Return an image of a mode as Pillow writes it."""
    image, samples = image_of(mode)
    if mode == "P":
        samples = palette()[samples[:, :, 0]]
    bits = {"1": 1, "I;16": 16, "I": 32, "F": 32}.get(mode, 8)
    name = f"{format_name.lower()}_{mode.replace(';', '')}{f'_{kind}' * bool(kind)}.{suffix}"
    colour = mode in ("P", "RGB", "RGBA", "CMYK")
    data = saved(image, format_name, **options)
    alpha = mode in ("LA", "RGBA") or "transparency" in options
    return CorpusFile(name, data, samples if exact else None, bits, colour, alpha)


def gifs() -> Iterator[CorpusFile]:
    """Palettes, in order and interlaced, with and without a see-through colour."""
    for mode in ("L", "P"):
        yield _plain("GIF", mode, "gif", interlace=0)
        yield _plain("GIF", mode, "gif", "interlaced", interlace=1)
    yield _plain("GIF", "P", "gif", "seen_through", transparency=3)


def bmps() -> Iterator[CorpusFile]:
    """Bitmaps, and those without the header of a file."""
    for mode in ("1", "L", "P", "RGB"):
        yield _plain("BMP", mode, "bmp")
    yield _plain("DIB", "RGB", "dib")


def tiffs() -> Iterator[CorpusFile]:
    """Every mode, as Pillow stores it, and 16 bits with the upper byte first."""
    for mode in MODES:
        yield _plain("TIFF", mode, "tif")
    samples = samples_of(1, 16)
    image = Image.frombytes("I;16B", (WIDTH, HEIGHT), samples.astype(">u2").tobytes())
    yield CorpusFile("tiff_I16_big_endian.tif", saved(image, "TIFF"), samples, 16)
    large = _plain("TIFF", "RGB", "tif", "big", big_tiff=True)
    if large.data[2] == 43:  # older releases of Pillow pass over the option
        yield large


def _libtiff_has(compression: str) -> bool:
    """Tell whether Pillow was built with a compression: its older wheels have no Zstandard."""
    try:
        with quiet_libraries():  # as libtiff says by itself what it has not
            saved(Image.new("L", (1, 1)), "TIFF", compression=compression)
    except OSError:
        return compression != "zstd"
    return True


def tiff_compressions() -> Iterator[CorpusFile]:
    """Every compression, with the differences of neighbours where there are some."""
    if not features.check("libtiff"):
        return
    compressions = [compression for compression in TIFF_COMPRESSIONS if _libtiff_has(compression)]
    for mode in ("1", "L", "P", "RGB", "RGBA", "I;16", "F"):
        for compression in compressions:
            for predictor in (1, 2) if compression in ("tiff_lzw", "tiff_adobe_deflate") else (1,):
                if predictor == 2 and mode in ("1", "F"):
                    continue
                kind = f"{compression}{'_differences' * (predictor == 2)}"
                options: dict[str, Any] = {"tiffinfo": {317: 2}} if predictor == 2 else {}
                yield _plain("TIFF", mode, "tif", kind, compression=compression, **options)
    for mode in ("L", "RGB"):
        yield _plain("TIFF", mode, "tif", "jpeg", exact=False, compression="jpeg")
    for compression in ("group3", "group4", "tiff_ccitt"):
        yield _plain("TIFF", "1", "tif", compression, compression=compression)


def other_numbers() -> Iterator[CorpusFile]:
    """Numbers that Pillow takes for others, or cuts, and channels that it drops."""
    for kind, bits, channels in (("uint16", 12, 1), ("uint16", 12, 3), ("uint16", 10, 3)):
        samples = samples_of(channels, bits).astype(kind)
        tags = page(WIDTH, HEIGHT, bits, 1 if channels == 1 else 2, t277=channels)
        file = tiff_of(tags | {258: (bits,) * channels}, packed(samples, bits)).getvalue()
        yield CorpusFile(f"tiff_{channels}x{bits}bit.tif", file, samples, bits, channels > 1)
        if features.check("jpg_2000"):
            colour = channels > 1
            name = f"jpeg2000_{channels}x{bits}bit.jp2"
            yield CorpusFile(name, jpeg2000(samples, bits), samples, bits, colour)
    for kind, bits in (("int8", 8), ("int16", 16), ("int32", 32), ("float16", 16)):
        samples = (samples_of(1, 8) - 128).astype(kind)
        yield _by_tifffile(kind, samples, bits)
        yield _by_tifffile(
            f"{kind}_big_endian", samples, bits, byteorder=">", compression="deflate"
        )
    for dtype, channels, extra in (("uint8", 4, [0]), ("uint16", 6, [2, 0, 0])):
        samples = samples_of(channels, 8).astype(dtype)
        yield _by_tifffile(f"RGB_{len(extra)}_more", samples, 8, extrasamples=extra)
    samples = samples_of(3, 8).astype(np.float32)
    data = f"PF\n{WIDTH} {HEIGHT}\n-1\n".encode() + samples[::-1].astype("<f4").tobytes()
    yield CorpusFile("ppm_RGB_floats.pfm", data, samples, 32, colour=True)


def _by_tifffile(kind: str, samples: Array, bits: int, **options: Any) -> CorpusFile:
    """Return a TIFF of grey, or of red, green and blue, and perhaps more."""
    colour = samples.shape[2] > 1
    buffer = BytesIO()
    photometric = "rgb" if colour else "minisblack"
    pixels = samples if colour else samples[..., 0]
    tifffile.imwrite(buffer, pixels, photometric=photometric, metadata=None, **options)
    alpha = 2 in options.get("extrasamples", [])
    return CorpusFile(f"tiff_{kind}.tif", buffer.getvalue(), samples, bits, colour, alpha)


def jpegs() -> Iterator[CorpusFile]:
    """Grey, colours and inks, in one pass and in several."""
    for mode in ("L", "RGB", "CMYK"):
        for kind, options in (
            ("baseline", {}),
            ("progressive", {"progressive": True}),
            ("full_colour", {"subsampling": 0}),
        ):
            if mode == "RGB" or kind != "full_colour":
                yield _plain("JPEG", mode, "jpg", kind, exact=False, **options)


def oriented() -> Iterator[CorpusFile]:
    """All eight ways to hold a camera, in each format that says which it was."""
    image, samples = image_of("RGB")
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        shown = turned(samples, orientation)
        for format_name, suffix, options in (
            ("JPEG", "jpg", {}),
            ("PNG", "png", {}),
            ("WEBP", "webp", {"lossless": True}),
            ("TIFF", "tif", {}),
        ):
            yield CorpusFile(
                f"{format_name.lower()}_orientation{orientation}.{suffix}",
                saved(image, format_name, exif=exif.tobytes(), **options),
                None if format_name == "JPEG" else shown,
                8,
                colour=True,
                upright=(shown.shape[0], shown.shape[1]),
            )


def turned(samples: Array, orientation: int) -> Array:
    """Return samples upright, of a file that says how the camera was held."""
    if orientation > 4:
        samples = samples.swapaxes(0, 1)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return samples[::rows, ::columns]


def jpeg2000s() -> Iterator[CorpusFile]:
    """With and without a container, exactly and not."""
    if not features.check("jpg_2000"):
        return
    for mode in ("L", "LA", "RGB", "RGBA", "I;16"):
        yield _plain("JPEG2000", mode, "jp2")
    yield _plain("JPEG2000", "RGB", "j2k", "bare", no_jp2=True)
    yield _plain(
        "JPEG2000", "RGB", "jp2", "lossy", exact=False, irreversible=True, quality_layers=[20]
    )


def webps() -> Iterator[CorpusFile]:
    """With and without loss."""
    if not features.check("webp"):
        return
    for mode in ("RGB", "RGBA"):
        yield _plain("WEBP", mode, "webp", "lossless", lossless=True, exact=True)
        yield _plain("WEBP", mode, "webp", "lossy", exact=False)


def netpbms() -> Iterator[CorpusFile]:
    """The binary ones."""
    for mode, suffix in (("1", "pbm"), ("L", "pgm"), ("RGB", "ppm"), ("I;16", "pgm"), ("F", "pfm")):
        yield _plain("PPM", mode, suffix)
    samples = samples_of(3, 16)
    head = f"P6 {WIDTH} {HEIGHT} 65535\n".encode()
    yield CorpusFile("ppm_RGB_16bit.ppm", head + samples.astype(">u2").tobytes(), samples, 16, True)


def textual_netpbms() -> Iterator[CorpusFile]:
    """Those that are written as text, with a comment."""
    for number, channels, bits in ((1, 1, 1), (2, 1, 8), (2, 1, 16), (3, 3, 8), (3, 3, 16)):
        samples = samples_of(channels, bits)
        limit = "" if number == 1 else f"{2**bits - 1}\n"
        # The ones of a bitmap are black.
        values = 1 - samples if number == 1 else samples
        words = " ".join(map(str, values.ravel().tolist()))
        yield CorpusFile(
            f"ppm_text_P{number}_{bits}bit.ppm",
            f"P{number}\n# a comment\n{WIDTH} {HEIGHT}\n{limit}{words}\n".encode(),
            samples,
            bits,
            colour=channels == 3,
        )


def targas() -> Iterator[CorpusFile]:
    """As they are, and with lengths of runs."""
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        yield _plain("TGA", mode, "tga")
        if mode != "1":
            yield _plain("TGA", mode, "tga", "runs", compression="tga_rle")


def others() -> Iterator[CorpusFile]:
    """What else Pillow writes, in the release that is installed."""
    wanted: tuple[tuple[str, str, tuple[str, ...], dict[str, Any]], ...] = (
        ("PCX", "pcx", ("1", "L", "P", "RGB"), {}),
        ("SGI", "sgi", ("L", "RGB", "RGBA"), {}),
        ("QOI", "qoi", ("RGB", "RGBA"), {}),
        ("DDS", "dds", ("L", "LA", "RGB", "RGBA"), {}),
        ("MSP", "msp", ("1",), {}),
        ("XBM", "xbm", ("1",), {}),
        ("SPIDER", "spider", ("F",), {}),
        ("ICO", "ico", ("RGBA",), {"sizes": [(WIDTH, HEIGHT)]}),
        ("AVIF", "avif", ("RGB", "RGBA"), {}),
        ("BLP", "blp", ("P",), {}),
    )
    for format_name, suffix, modes, options in wanted:
        if format_name in Image.SAVE and (format_name != "AVIF" or features.check("avif")):
            for mode in modes:
                yield _plain(format_name, mode, suffix, exact=format_name != "AVIF", **options)


def rare() -> Iterator[CorpusFile]:
    """What Pillow does not write, and photos of several views, of which the first is read."""
    image, samples = image_of("RGB")
    indices = samples_of(1, 8, colours=16)[:, :, 0].astype(np.uint8)
    square = image.crop((0, 0, 16, 16))
    for name, data, shown in rare_files(
        samples, indices, palette(), saved(image, "DIB"), saved(image, "PCX"), saved(square, "PNG")
    ):
        colour = shown.shape[2] > 1
        upright = shown.shape[0], shown.shape[1]
        yield CorpusFile(name, data, shown, 8, colour, "RGBA" in name, upright)
    data = saved(image, "MPO", save_all=True, append_images=[image.rotate(180)])
    yield CorpusFile("mpo_RGB.mpo", data, None, 8, colour=True)


def animations() -> Iterator[CorpusFile]:
    """Files of several images, of which the first is that of the others."""
    frames = [
        image_of("RGB")[0].point(lambda value, times=times: value * times // 4)
        for times in (4, 3, 2)
    ]
    first = np.asarray(frames[0])
    for format_name, suffix, options in (
        ("PNG", "png", {}),
        ("WEBP", "webp", {"lossless": True}),
        ("TIFF", "tif", {}),
    ):
        data = saved(frames[0], format_name, save_all=True, append_images=frames[1:], **options)
        yield CorpusFile(f"{format_name.lower()}_frames.{suffix}", data, first, 8, colour=True)
    palettes = [frame.convert("P", palette=Image.Palette.ADAPTIVE, colors=16) for frame in frames]
    data = saved(palettes[0], "GIF", save_all=True, append_images=palettes[1:], duration=80)
    yield CorpusFile("gif_frames.gif", data, np.asarray(palettes[0].convert("RGB")), 8, colour=True)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    for made in corpus():
        (folder / made.name).write_bytes(made.data)
    print(len(corpus()), "files")  # noqa: T201 - it is a script
