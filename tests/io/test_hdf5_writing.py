"""HDF5 files are written as Keras lays them out, the same bytes each time."""

from pathlib import Path
from typing import Any

import numpy as np
from hostile.parts import VALUES
from numpy.typing import NDArray
from stored_values import value_of

from upsamp.io.hdf5.reading import Hdf5Reader
from upsamp.io.hdf5.writing import format_hdf5

Array = NDArray[Any]


def test_the_same_arrays_give_the_same_bytes_as_keras_lays_them_out(
    reader: Hdf5Reader, place: Path
) -> None:
    arrays: dict[str, Array] = {
        "layers/dense/vars/0": VALUES,
        "layers/dense/vars/1": np.float64(3) * VALUES,
    }
    groups = {"layers/dense/vars": {"name": "dense"}, "layers/flatten/vars": {"name": "flatten"}}
    data = format_hdf5(arrays, groups)
    assert format_hdf5(arrays, groups) == data
    place.write_bytes(data)
    found = reader.read(str(place))
    for path, array in arrays.items():
        np.testing.assert_array_equal(value_of(found, path), array, strict=True)
    assert found.attributes == {
        "": {},
        "layers": {},
        "layers/dense": {},
        "layers/dense/vars": {"name": "dense"},
        "layers/flatten": {},
        "layers/flatten/vars": {"name": "flatten"},
    }
