"""Georeferences and pixels without data, as GDAL reads and computes them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.enums import Resampling
from rasterio.rpc import RPC
from rasterio.transform import Affine

from upsamp.io.picture_options import ReadOptions
from upsamp.io.pictures import Picture
from upsamp.io.read import read_source
from upsamp.io.write import write_result
from upsamp.resizing.enlarging import Enlarging

PIXELS = np.arange(1, 31).reshape(6, 5)


def written(path: Path, pixels: Any, raster: str = "Area", **options: Any) -> None:
    profile = {"driver": "GTiff", "height": 6, "width": 5, "dtype": pixels.dtype, **options}
    with rasterio.open(path, "w", count=1, **profile) as file:
        file.update_tags(AREA_OR_POINT=raster, own="word")
        file.write(pixels, 1)


def enlarged(path: Path, enlarging: Enlarging) -> Path:
    picture = read_source(str(path), ReadOptions())
    assert isinstance(picture, Picture)
    assert picture.notes == ()
    target = path.with_name("large.tif")
    size = enlarging.size_of(enlarging.shape_of(picture))
    write_result(enlarging.apply(picture, size), "tiff", str(target), overwrite=True)
    return target


@pytest.mark.parametrize("raster", ["Area", "Point"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("order", ["LITTLE", "BIG"])
@pytest.mark.parametrize("big", ["YES", "NO"])
@pytest.mark.parametrize(
    "before", [Affine(10, 0, 500000, 0, -20, 4600000), Affine(7, 2, 1000, 3, -9, 5000)]
)
def test_the_bounds_stay(
    tmp_path: Path, raster: str, dtype: str, order: str, big: str, before: Affine
) -> None:
    options = {"ENDIANNESS": order, "BIGTIFF": big, "transform": before, "crs": "EPSG:32633"}
    path = tmp_path / "small.tif"
    written(path, PIXELS.astype(dtype), nodata=250, raster=raster, **options)
    for enlarging in (Enlarging((2, 3)), Enlarging(target=(13, 11))):
        with rasterio.open(path) as small, rasterio.open(enlarged(path, enlarging)) as large:
            scale = Affine.scale(small.width / large.width, small.height / large.height)
            np.testing.assert_allclose(large.transform[:6], (before @ scale)[:6], rtol=1e-12)
            assert (large.crs, large.nodata) == (small.crs, small.nodata)
            assert large.tags() == small.tags()


# While it is written, it has none yet.
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_control_points_and_polynomials_stay(tmp_path: Path) -> None:
    path = tmp_path / "small.tif"
    corners = [(0, 0, 500000, 4600000), (0, 5, 500050, 4600000), (6, 0, 500000, 4599940)]
    written(path, PIXELS.astype(np.uint8))
    with rasterio.open(path, "r+") as file:
        file.gcps = ([GroundControlPoint(*corner) for corner in corners], "EPSG:32633")
    with rasterio.open(enlarged(path, Enlarging((2, 3)))) as large:
        found = [(one.row, one.col, one.x, one.y) for one in large.gcps[0]]
    assert found == [(2 * row, 3 * column, x, y) for row, column, x, y in corners]
    names = ("height", "lat", "long")
    numbers = {f"{name}_{kind}": 3.0 for name in names for kind in ("off", "scale")}
    numbers |= {"line_off": 10.0, "samp_off": 20.0, "line_scale": 12.0, "samp_scale": 22.0}
    sums = [f"{name}_{kind}_coeff" for name in ("line", "samp") for kind in ("num", "den")]
    written(path, PIXELS.astype(np.uint8), rpcs=RPC(**numbers, **{one: [1.0] * 20 for one in sums}))
    with rasterio.open(enlarged(path, Enlarging((2, 3)))) as large:
        made = large.rpcs
    assert (made.line_off, made.samp_off) == (10.5 * 2 - 0.5, 20.5 * 3 - 0.5)
    assert (made.line_scale, made.samp_scale, made.lat_off) == (24, 66, 3)


@pytest.mark.parametrize("factor", [2, 3])
def test_data_is_where_gdal_has_it(tmp_path: Path, factor: int) -> None:
    pixels = np.random.default_rng(0).uniform(1, 100, (6, 5)).astype(np.float32)
    pixels[1, 1] = pixels[3, 3] = pixels[3, 4] = pixels[4, 3] = pixels[0, 4] = -9999
    path = tmp_path / "small.tif"
    written(path, pixels, nodata=-9999, transform=Affine(10, 0, 0, 0, -10, 0))
    target = enlarged(path, Enlarging((factor, factor), interpolation="bilinear"))
    with rasterio.open(path) as small, rasterio.open(target) as large:
        shape = (6 * factor, 5 * factor)
        theirs = small.read(1, out_shape=shape, resampling=Resampling.bilinear)
        own = large.read(1)
    np.testing.assert_array_equal(own == -9999, theirs == -9999)
    # GDAL divides along the rows first, so beside what is missing its numbers are others.
    whole = np.pad(pixels == -9999, 1)
    near = np.any([np.roll(whole, s, (0, 1)) for s in np.ndindex(3, 3)], axis=0)[2:, 2:]
    far = ~near.repeat(factor, axis=0).repeat(factor, axis=1)
    np.testing.assert_allclose(own[far], theirs[far], rtol=1e-6)
    given = pixels[pixels != -9999]
    assert given.min() <= own[own != -9999].min()
    assert own.max() <= given.max()
