"""HDF5 files written as Keras 3 writes weights; the same arrays always give the same bytes."""

from collections.abc import Mapping
from io import BytesIO

from upsamp.core.arguments import Array
from upsamp.io.extras import check_extra


def format_hdf5(
    arrays: Mapping[str, Array], groups: Mapping[str, Mapping[str, str]] | None = None
) -> bytes:
    """Return the bytes of an HDF5 file of these arrays.

    arrays: by path, such as "layers/dense/vars/0"; the groups above them come by themselves.
    groups: further groups that there must be, as Keras has "layers/flatten/vars" for a layer
    without weights, and the text attributes of each; {} where there are none.
    """
    check_extra("h5py", "Writing weights as Keras does")
    import h5py  # what this process writes itself may be handled by the library in it

    buffer = BytesIO()
    with h5py.File(buffer, "w") as file:
        for path, attributes in (groups or {}).items():
            group = file.require_group(path)
            for key, text in attributes.items():
                group.attrs[key] = text
        for path, array in arrays.items():
            file.create_dataset(path, data=array, track_times=False)
    return buffer.getvalue()
