"""Models read from files for a summary alone, with as little as that takes."""

from dataclasses import dataclass

from upsamp.errors import MissingExtraError
from upsamp.io.hdf5.reading import Hdf5Reader
from upsamp.io.model_files import SavedModel, open_model
from upsamp.io.stored_arrays import DEFAULT_MAX_SIZE, StoredArrays
from upsamp.io.weight_files import read_weights_file
from upsamp.layers import Layer
from upsamp.layers.unknown_layer import UnknownLayer
from upsamp.models.files.loading import model_from_config
from upsamp.models.files.optimizer import optimizer_size
from upsamp.models.files.stored_weights import put_weights
from upsamp.models.model import Model, unknown_layers
from upsamp.models.training import training_notes


@dataclass(frozen=True)
class Listing:
    """A model, and what there is to say of it.

    counted: whether the weights of layers that upsamp does not have are counted. optimizer: the
    number and the bytes of what Keras' optimizer keeps, where the model was compiled. remarks: what
    a reader should know, each a sentence without its point.
    """

    model: Model
    counted: bool = False
    optimizer: tuple[int, int] | None = None
    remarks: tuple[str, ...] = ()


def read_listing(
    path: str,
    weights: str | None = None,
    *,
    values: bool = False,
    max_size: int = DEFAULT_MAX_SIZE,
) -> Listing:
    """Read a model as `upsamp.load_model` does, but for a missing package, which is a remark.

    A `.keras` file so needs h5py for the weights of unknown layers only, and for `values`.
    """
    with Hdf5Reader(max_size=max_size) as reader:
        saved = open_model(path, max_size=max_size, reader=reader)
        return _list(saved, weights, values=values, max_size=max_size)


def _list(saved: SavedModel, weights: str | None, *, values: bool, max_size: int) -> Listing:
    version = saved.metadata.get("keras_version")
    model = model_from_config(saved.config, version if isinstance(version, str) else None)
    unknown = unknown_layers(model)
    remarks = [*map(_refusal, unknown), *training_notes(model)]
    stored = None
    if weights is not None or values or unknown:
        try:
            stored = _weights(saved, weights, values=values, max_size=max_size)
        except MissingExtraError as error:
            if weights is not None or values:
                raise
            remarks.append(f"the weights of such layers are not counted: {str(error).rstrip('.')}")
    if stored is not None:
        put_weights(model, stored)
    return Listing(model, stored is not None, _optimizer(saved, model), tuple(remarks))


def _refusal(layer: Layer) -> str:
    """Say why a layer is listed alone."""
    who = f"layer '{layer.name}' ({layer.type_name})"
    if not isinstance(layer, UnknownLayer):
        return f"{who} cannot be run by upsamp: it is listed, not run ({layer.refusal})"
    why = f" ({layer.reason.rstrip('.')})" if layer.reason else ""
    return f"{who} is not known to upsamp: it is listed, not run{why}"


def _weights(
    saved: SavedModel, weights: str | None, *, values: bool, max_size: int
) -> StoredArrays | None:
    if weights is not None:
        return read_weights_file(weights, max_size=max_size, values=values)
    return saved.weights(values=values)


def _optimizer(saved: SavedModel, model: Model) -> tuple[int, int] | None:
    """Return the size of the optimizer where Keras 3 makes one when it loads the file."""
    version = saved.metadata.get("keras_version")
    if saved.kind not in ("keras", "folder") or not str(version).startswith("3."):
        return None
    return optimizer_size(saved.config.get("compile_config"), model.trainable_weights)
