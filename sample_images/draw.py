"""Draw the sample pictures of this folder, each made to reveal one fault of an upsampling tool.

Everything is computed from a seeded generator, so the pictures are free of anyone's rights and a
run with the same library versions writes the same bytes again. Colours are linear light unless a
name says otherwise; shapes are drawn several times too large and averaged down, as a sensor does.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Array = NDArray[np.float64]
Mask = NDArray[Any]
Stops = list[tuple[float, tuple[float, float, float]]]

FOLDER = Path(__file__).resolve().parent
EXIF_ORIENTATION = 0x0112
# Each 4x4 tile of thresholds turns a smooth value into an ordered dot pattern.
BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16


def pixel_grid(rows: int, columns: int) -> tuple[Array, Array]:
    """Return the pixel centres as (y, x), both in units of the picture's height."""
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float64)
    return (y + 0.5) / rows, (x + 0.5) / rows


def fractal_noise(generator: np.random.Generator, shape: tuple[int, int], decay: float) -> Array:
    """Return periodic noise of mean 0 and deviation 1, amplitudes falling as frequency**-decay."""
    down = np.fft.fftfreq(shape[0])[:, None] * shape[0]
    across = np.fft.rfftfreq(shape[1])[None, :] * shape[1]
    frequency = np.hypot(down, across)
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(generator.standard_normal(shape)) * frequency**-decay
    noise = np.asarray(np.fft.irfft2(spectrum, shape), dtype=np.float64)
    return noise / float(noise.std())


def sample_periodic(field: Array, row: Array, column: Array) -> Array:
    """Read a periodic field between its pixels (bilinear)."""
    top, left = np.floor(row).astype(np.int64), np.floor(column).astype(np.int64)
    result = np.zeros((*row.shape, *field.shape[2:]))
    for down, across in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = abs(1 - down - (row - top)) * abs(1 - across - (column - left))
        values = field[(top + down) % field.shape[0], (left + across) % field.shape[1]]
        result += weight.reshape(*weight.shape, *(1,) * (field.ndim - 2)) * values
    return result


def smooth_step(start: float, end: float, value: Array) -> Array:
    """Rise from 0 at start to 1 at end without a corner."""
    position = np.clip((value - start) / (end - start), 0, 1)
    return position * position * (3 - 2 * position)


def mix(first: Array, second: Array, amount: Array) -> Array:
    """Blend from first (amount 0) to second (amount 1)."""
    return first + (second - first) * amount


def paint(canvas: Array, colour: Array | tuple[float, ...], mask: Mask) -> Array:
    """Lay a colour over a canvas where the mask is 1."""
    return mix(canvas, np.asarray(colour, dtype=np.float64), mask.astype(np.float64)[..., None])


def colour_ramp(position: Array, stops: Stops) -> Array:
    """Interpolate colours between (position, colour) stops."""
    places = [place for place, _ in stops]
    channels = [
        np.interp(position, places, [colour[channel] for _, colour in stops])
        for channel in range(3)
    ]
    return np.stack(channels, axis=-1)


def box_average(image: Array, factor: int) -> Array:
    """Average blocks of factor x factor pixels, which antialiases as a sensor does."""
    rows, columns = image.shape[0] // factor, image.shape[1] // factor
    blocks = image.reshape(rows, factor, columns, factor, *image.shape[2:])
    return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float64)


def encode_srgb(linear: Array) -> Array:
    """Turn linear light into sRGB values between 0 and 1."""
    light = np.clip(linear, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def to_bytes(values: Array) -> NDArray[np.uint8]:
    """Round values between 0 and 1 to 8 bits."""
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


def develop(
    linear: Array, factor: int, generator: np.random.Generator, grain: float
) -> Image.Image:
    """Finish a rendered scene as a camera would: vignette, highlight roll-off, sensor, grain."""
    y, x = pixel_grid(*linear.shape[:2])
    corner = np.hypot(y - 0.5, x - x.max() / 2) / np.hypot(0.5, x.max() / 2)
    exposed = 1 - np.exp(-1.35 * linear * (1 - 0.42 * corner**2.2)[..., None])
    encoded = encode_srgb(box_average(exposed, factor))
    encoded += grain * generator.standard_normal(encoded.shape[:2])[..., None]
    return Image.fromarray(to_bytes(encoded))


def plant_pine(
    pen: ImageDraw.ImageDraw, generator: np.random.Generator, x: float, y: float, height: float
) -> None:
    """Draw one pine silhouette that stands at (x, y), with drooping branches and needles."""
    pen.polygon([(x, y - height), (x - height * 0.016, y), (x + height * 0.016, y)], fill=255)
    fraction = 0.02
    while fraction < 0.93:
        for side in (-1.0, 1.0):
            length = height * 0.205 * fraction**0.75 * generator.uniform(0.5, 1.15)
            start = y - height * (1 - fraction) + generator.uniform(-0.008, 0.008) * height
            droop = length * generator.uniform(0.15, 0.5)
            pen.line([(x, start), (x + side * length, start + droop)], fill=255, width=2)
            for reach in np.linspace(0.1, 1, max(3, int(length / 2.2))):
                root = (x + side * length * reach, start + droop * reach)
                hang = length * 0.3 * (1.25 - reach) * generator.uniform(0.4, 1.3) + 2
                pen.line([root, (root[0] + side * hang * 0.5, root[1] + hang)], fill=255, width=1)
        fraction += generator.uniform(0.010, 0.022)


def dusk_sky(y: Array, x: Array, sun: tuple[float, float], generator: np.random.Generator) -> Array:
    """Return a clear dusk sky with a low sun, under a perspective ceiling of lit clouds."""
    sky = colour_ramp(
        y,
        [
            (0.0, (0.022, 0.055, 0.17)),
            (0.22, (0.085, 0.125, 0.29)),
            (0.38, (0.36, 0.22, 0.29)),
            (0.50, (0.80, 0.34, 0.17)),
            (0.62, (1.00, 0.50, 0.20)),
        ],
    )
    away = np.hypot(x - sun[1], (y - sun[0]) * 1.25)
    glow = 0.9 * np.exp(-away / 0.10) + 0.35 * np.exp(-away / 0.32)
    sky = sky + glow[..., None] * np.array([1.1, 0.50, 0.13])
    sky = paint(sky, (7.0, 5.2, 3.0), smooth_step(0.031, 0.027, np.hypot(x - sun[1], y - sun[0])))
    # A flat cloud layer seen from below: what is near the horizon is far away, hence compressed.
    noise = fractal_noise(generator, (1024, 1024), 1.55)
    distance = 1 / (np.maximum(0.66 - y, 0) + 0.10)
    row, column = distance * 105, (x - 0.75) * distance * 62 + 300
    density = sample_periodic(noise, row, column)
    toward_sun = sample_periodic(noise, row + 9, column + 4)
    cover = smooth_step(0.05, 1.5, density) * smooth_step(0.56, 0.40, y) * 0.9
    lit = np.clip(0.40 + 0.75 * (density - toward_sun), 0, 1) * np.exp(-away * 0.9)
    shade = colour_ramp(y, [(0.0, (0.075, 0.085, 0.16)), (0.5, (0.36, 0.22, 0.27))])
    return paint(sky, shade + lit[..., None] * np.array([1.95, 0.70, 0.36]), cover)


def draw_lake() -> Image.Image:
    """Draw a dusk lake: needles, ripples and soft sky together show blur, ringing and blocks."""
    generator = np.random.default_rng(7)
    factor, waterline, sun = 4, 0.655, (0.475, 0.97)
    rows, columns = 160 * factor, 240 * factor
    y, x = pixel_grid(rows, columns)
    scene = dusk_sky(y, x, sun, generator)
    texture = fractal_noise(generator, (rows, columns), 1.3)
    haze = colour_ramp(
        np.hypot(x - sun[1], y - sun[0]), [(0.0, (1.25, 0.54, 0.20)), (0.9, (0.30, 0.19, 0.27))]
    )
    near = np.array([0.020, 0.034, 0.060])
    for nearness, base, relief in (
        (0.30, 0.475, 0.054),
        (0.55, 0.535, 0.046),
        (0.76, 0.585, 0.032),
        (0.90, 0.622, 0.018),
    ):
        ridge = base - relief * fractal_noise(generator, (1, 2048), 1.25)[:, :columns]
        mist = np.exp(-np.maximum(waterline - y, 0) / 0.04) * (1 - nearness) * 0.8
        body = mix(haze, near, np.clip(nearness - mist + 0.05 * texture, 0, 1)[..., None])
        scene = paint(scene, body, y > ridge)
    # The far shore: a row of spruces, each a narrow spike on a low bank.
    spikes = np.full(columns, 0.008)
    for middle in generator.uniform(0, 1.5, 210):
        spike = generator.uniform(0.012, 0.034) * (0.75 + 0.45 * np.sin(middle * 5 + 1))
        spikes = np.maximum(spikes, spike - np.abs(x[0] - middle) * generator.uniform(4, 6))
    scene = paint(scene, (0.016, 0.020, 0.026), y > waterline - spikes)
    # Water mirrors the scene; waves tilt it, so each pixel looks a little higher or lower.
    below = np.maximum(y - waterline, 0)
    distance = 1 / (below + 0.035)
    waves = fractal_noise(generator, (1024, 1024), 1.0)
    tilt = sample_periodic(waves, distance * 60, (x - 0.75) * distance * 26 + 500)
    breeze = smooth_step(-1.2, 1.4, sample_periodic(waves, distance * 4, x * distance * 1.2))
    mirror = waterline - np.abs(below * 0.96 + tilt * (0.004 + 0.10 * below) * (0.25 + breeze))
    sway = 0.04 * tilt * below
    reflection = sample_periodic(
        scene,
        np.clip(mirror * rows - 0.5, 0, rows - 2),
        np.clip((x + sway) * rows - 0.5, 0, columns - 2),
    )
    strength = (0.88 - 1.15 * below)[..., None]
    water = reflection * strength + np.array([0.004, 0.010, 0.018])
    path = np.exp(-(((x - sun[1]) / (0.022 + 0.30 * below)) ** 2)) * smooth_step(0.5, 1.7, tilt)
    water += path[..., None] * np.array([2.2, 1.15, 0.45])
    scene = np.where((y > waterline)[..., None], water, scene)
    silhouette = Image.new("L", (columns, rows))
    pen = ImageDraw.Draw(silhouette)
    bank = 0.90 + 0.20 * smooth_step(0.1, 0.95, x[0]) - 0.007 * texture[300]
    for place, height in (
        (0.05, 0.60),
        (0.135, 0.74),
        (0.20, 0.40),
        (0.285, 0.52),
        (0.36, 0.26),
        (0.44, 0.17),
        (-0.02, 0.45),
    ):
        stand = float(np.interp(place, x[0], bank)) + 0.01
        plant_pine(pen, generator, place * rows, stand * rows, height * rows)
    for blade in generator.uniform(0, 0.85, 420) * rows:
        root = float(np.interp(blade / rows, x[0], bank)) * rows
        tip = (blade + generator.normal(0, 4), root - generator.uniform(3, 26))
        pen.line([(blade, root + 4), tip], fill=255, width=1)
    dark = np.maximum(np.asarray(silhouette) / 255, y > bank)
    scene = paint(scene, (0.009, 0.011, 0.015), dark)
    return develop(scene, factor, generator, grain=0.006)


def draw_sprite() -> Image.Image:
    """Draw a glowing flask: magenta where alpha is 0 seeps out unless alpha is premultiplied."""
    factor = 16
    y, x = (axis * 32 for axis in pixel_grid(32 * factor, 32 * factor))
    from_middle = np.hypot(x - 16, y - 19.5)
    neck = (y > 7) & (y < 13)
    body = (from_middle < 9) | (neck & (abs(x - 16) < 3.2))
    inside = (from_middle < 7.9) | (neck & (abs(x - 16) < 2.1))
    liquid = inside * (y > 17.6 + 0.7 * np.sin(x * 0.75))
    shine = (abs(from_middle - 6.3) < 0.6) & (x < 14.4) & (y < 20)
    # The canvas holds premultiplied sRGB colour and alpha, so that one blend serves all four.
    canvas = np.zeros((*y.shape, 4))
    canvas = paint(canvas, (0.25, 1.0, 0.72, 1), 0.62 * smooth_step(12.4, 7.5, from_middle))
    canvas = paint(canvas, (0.80, 0.95, 1.0, 1), 0.45 * inside)
    canvas = paint(canvas, (0.05, 0.72, 0.58, 1), 0.92 * liquid)
    canvas = paint(canvas, (0.02, 0.38, 0.48, 1), 0.75 * liquid * smooth_step(19, 28, y + x * 0.2))
    canvas = paint(canvas, (0.72, 1.0, 0.80, 1), liquid * (y < 18.5 + 0.7 * np.sin(x * 0.75)))
    for bubble_x, bubble_y, radius in ((18.5, 22.0, 1.3), (14.0, 24.0, 0.9), (20.5, 19.9, 0.7)):
        bubble = (np.hypot(x - bubble_x, y - bubble_y) < radius) * 0.8
        canvas = paint(canvas, (0.66, 1.0, 0.80, 1), bubble)
    canvas = paint(canvas, (0.07, 0.09, 0.20, 1), body & ~inside)
    canvas = paint(canvas, (1, 1, 1, 1), 0.85 * shine)
    for colour, half_width, top, bottom in (
        ((0.07, 0.09, 0.20, 1), 3.5, 1.0, 6.0),
        ((0.76, 0.52, 0.28, 1), 2.5, 2.0, 6.0),
        ((0.93, 0.72, 0.44, 1), 2.5, 2.0, 3.0),
        ((0.07, 0.09, 0.20, 1), 4.5, 5.0, 8.0),
        ((0.70, 0.88, 0.95, 1), 3.5, 6.0, 7.0),
    ):
        canvas = paint(canvas, colour, (abs(x - 16) < half_width) & (y > top) & (y < bottom))
    for star_x, star_y, size in ((25.5, 6.5, 3.6), (5.5, 9.5, 2.9), (27.5, 12.5, 2.0)):
        spread = np.sqrt(abs(x - star_x)) + np.sqrt(abs(y - star_y)) - size**0.5
        canvas = paint(canvas, (1.0, 0.93, 0.50, 1), smooth_step(0, -0.5, spread))
    canvas = box_average(canvas, factor)
    opacity = to_bytes(canvas[..., 3:])
    straight = canvas[..., :3] / np.maximum(canvas[..., 3:], 1e-9)
    colours = np.where(opacity == 0, np.array([255, 0, 255], dtype=np.uint8), to_bytes(straight))
    return Image.fromarray(np.concatenate([colours, opacity], axis=-1))


def draw_zone_plate() -> Image.Image:
    """Draw rings up to the Nyquist frequency at the border: new false rings show aliasing."""
    y, x = (axis * 128 - 64 for axis in pixel_grid(128, 128))
    return Image.fromarray(to_bytes(0.5 + 0.5 * np.cos(np.pi * (x * x + y * y) / 128)))


def draw_depth() -> Image.Image:
    """Draw 16-bit heights of a volcano: its gentle plains turn into terraces in 8 bits."""
    generator = np.random.default_rng(5)
    y, x = pixel_grid(64, 96)
    relief = fractal_noise(generator, (128, 192), 2.5)[:64, :96]
    height = 0.045 * x + 0.025 * y + 0.016 * relief
    for cone_y, cone_x, size, peak in ((0.46, 0.60, 0.17, 1.0), (0.68, 1.14, 0.10, 0.30)):
        away = np.hypot(y - cone_y, x - cone_x) / size
        gullies = np.cos(7 * np.arctan2(y - cone_y, x - cone_x) + 3.5 * relief)
        slope = np.exp(-(away**1.25) * (0.85 + 0.09 * gullies + 0.10 * relief))
        height += peak * (slope - 0.55 * np.exp(-((away / 0.28) ** 2)))
    height = (height - height.min()) / np.ptp(height)
    return Image.fromarray(np.rint(height * 65535).astype(np.uint16))


def draw_palette() -> Image.Image:
    """Draw a retro sunset whose colour numbers are shuffled: blending numbers gives rubbish."""
    generator = np.random.default_rng(3)
    # Neighbouring numbers are unlike colours on purpose.
    sky, sun, hill, floor, white = (8, 2, 10, 5, 13), (6, 0, 9), (4, 11), (1, 7, 12), 3
    colours = bytes.fromhex(
        "FFC94A 0B0624 3B1460 FFFFFF 241046 E0406F FFF3A0 F050D0 120A2E FF8F3A"
        " 8A1F7A 6A4CC0 48E0F0 FF8A5C"
    )
    y, x = (axis * 32 for axis in pixel_grid(32, 48))
    dither = np.tile(BAYER, (8, 12))
    picture = np.array(sky)[np.clip(y / 21 * 4 + dither, 0, 4).astype(int)]
    picture[(y < 11) & (generator.random(y.shape) < 0.035)] = white
    away = np.hypot(x - 24, y - 13.5)
    bands = np.array(sun)[np.clip((y - 6.5) / 4.6, 0, 2).astype(int)]
    picture = np.where((away < 8.7) & ~np.isin(np.floor(y), (14, 17, 19)), bands, picture)
    skyline = 21 - np.maximum(
        0,
        np.interp(x, (0, 5, 9, 13, 18, 24, 30, 34, 39, 43, 48), (4, 9, 5, 7, 1, 0, 1, 6, 4, 10, 5)),
    )
    facing_sun = np.gradient(skyline, axis=1) * (24 - x) > 0
    ground = np.where(facing_sun & (y - skyline < 2.5), hill[1], hill[0])
    picture = np.where(y > skyline, ground, picture)
    depth = np.maximum(y - 20, 0.5)
    lines = (abs((x - 24) / depth % 1.1 - 0.55) * depth < 0.5) * 1
    lines[np.isin(np.floor(y), (21, 23, 26, 30))] = 2
    picture = np.where(y > 21, np.array(floor)[lines], picture)
    image = Image.fromarray(picture.astype(np.uint8)).convert("P")
    image.putpalette(colours)
    return image


def float_balloon(scene: Array, middle: tuple[float, float], radius: float, haze: float) -> Array:
    """Lay a striped hot-air balloon with its basket over a scene."""
    y, x = pixel_grid(*scene.shape[:2])
    down, across = (y - middle[0]) / radius, (x - middle[1]) / radius
    taper = np.cos(np.pi / 2 * np.clip(down / 1.5, 0, 1)) ** 0.85
    width = np.where(down < 0, np.sqrt(np.clip(1 - down**2, 0, 1)), taper)
    envelope = (abs(across) < width) & (down < 1.28)
    side = np.clip(across / np.maximum(width, 1e-9), -1, 1)
    gore = (np.arcsin(side) + 0.2) / np.pi * 12
    stripes = np.array([[0.72, 0.035, 0.03], [0.95, 0.62, 0.10], [0.90, 0.84, 0.70]])
    zigzag = abs(down - 0.1 - 0.16 * abs(gore % 2 - 1)) < 0.13
    cloth = np.where(zigzag[..., None], [0.03, 0.08, 0.30], stripes[np.floor(gore).astype(int) % 3])
    light = np.clip(0.62 - 0.5 * side - 0.38 * down, 0.10, 1.3)
    light *= 0.78 + 0.22 * np.sin(gore % 1 * np.pi)
    basket = (abs(across) < 0.17) & (abs(down - 1.78) < 0.13)
    ropes = (abs(abs(across) - np.interp(down, (1.28, 1.66), (0.27, 0.15))) < 0.012) & (
        abs(down - 1.47) < 0.2
    )
    air = np.array([0.55, 0.66, 0.82])
    for colour, mask in (
        (cloth * light[..., None], envelope),
        (np.full(3, 0.02), ropes),
        (np.array([0.16, 0.075, 0.03]), basket),
    ):
        scene = paint(scene, mix(colour, air, np.array(haze)), mask)
    return scene


def draw_portrait() -> Image.Image:
    """Draw a balloon stored sideways with orientation 6: a tool that ignores it shows it lying."""
    generator = np.random.default_rng(11)
    factor, rows, columns = 4, 512, 384
    y, x = pixel_grid(rows, columns)
    scene = colour_ramp(
        y, [(0.0, (0.06, 0.19, 0.52)), (0.55, (0.32, 0.52, 0.80)), (0.85, (0.95, 0.80, 0.62))]
    )
    clouds = sample_periodic(fractal_noise(generator, (512, 512), 1.7), y * 900, x * 330)
    scene = paint(scene, (1.0, 0.95, 0.90), 0.75 * smooth_step(0.1, 2.0, clouds))
    scene = float_balloon(scene, (0.60, 0.63), 0.048, haze=0.35)
    for base, relief, colour in (
        (0.845, 0.020, (0.34, 0.42, 0.52)),
        (0.885, 0.014, (0.13, 0.22, 0.20)),
        (0.93, 0.012, (0.035, 0.085, 0.03)),
    ):
        ridge = base - relief * fractal_noise(generator, (1, 512), 1.4)[:, :columns]
        grass = 1 + 0.16 * fractal_noise(generator, (rows, columns), 0.8)
        scene = paint(scene, np.array(colour) * grass[..., None], y > ridge)
    scene = float_balloon(scene, (0.33, 0.36), 0.235, haze=0.0)
    return develop(scene, factor, generator, grain=0.004).transpose(Image.Transpose.ROTATE_90)


def main() -> None:
    """Write every sample picture and print its name, size and bytes."""
    sideways = Image.Exif()
    sideways[EXIF_ORIENTATION] = 6
    png: dict[str, Any] = {"optimize": True}
    for name, image, options in (
        ("lake.png", draw_lake(), png),
        ("sprite.png", draw_sprite(), png),
        ("zone_plate.png", draw_zone_plate(), png),
        ("depth16.png", draw_depth(), png),
        ("palette.gif", draw_palette(), {}),
        ("portrait.jpg", draw_portrait(), {"quality": 90, "exif": sideways}),
    ):
        image.save(FOLDER / name, **options)
        size = f"{image.width} x {image.height}"
        print(f"{name:15} {size:>9} {(FOLDER / name).stat().st_size:7} bytes")


if __name__ == "__main__":
    main()
