"""A network for super-resolution on a whole picture, beside Keras and ONNX Runtime."""

import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
from libraries import THREADS
from png import photograph
from processes import FEW, Program, on_backends, programs_row, python, upsamp
from timing import Row

from upsamp import Sequential
from upsamp.layers import Conv2D, Conv2DTranspose, InputLayer, Layer, PReLU

KERAS = """
import keras, numpy as np
x = np.load({source!r})[np.newaxis, ..., np.newaxis]
model = keras.models.load_model({model!r}, compile=False)
np.save({target!r}, model.predict(x, verbose=0)[0, ..., 0])
"""
ONNX_RUNTIME = """
import numpy as np, onnxruntime
x = np.load({source!r})[np.newaxis, ..., np.newaxis]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = {threads}
session = onnxruntime.InferenceSession({model!r}, options, providers=["CPUExecutionProvider"])
np.save({target!r}, session.run(None, {{session.get_inputs()[0].name: x}})[0][0, ..., 0])
"""
# Of the values, which lie in 0 to 1.
TOLERANCE = 1e-4


def fsrcnn() -> Sequential:
    """Return an FSRCNN-s that doubles pictures of one channel.

    Source: C. Dong et al., "Accelerating the Super-Resolution Convolutional Neural Network" (2016).
    """
    layers: list[Layer] = [InputLayer((None, None, 1))]
    for filters, kernel in ((32, 5), (5, 1), (5, 3), (32, 1)):
        layers += [Conv2D(filters, kernel, padding="same"), PReLU(shared_axes=[1, 2])]
    return Sequential([*layers, Conv2DTranspose(1, 9, strides=2, padding="same")], "fsrcnn", seed=1)


def rows(*, quick: bool) -> Iterator[Row]:
    """Time commands, from their start to their end, on pictures as large as photographs."""
    model = fsrcnn()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for suffix in ("keras", "onnx"):
            model.save(place / f"fsrcnn.{suffix}")
        for height, width in ((400, 600),) if quick else ((1000, 1500), (2000, 3000)):
            grey = photograph(height, width)[..., 0].astype(np.float32) / 255
            np.save(place / "in.npy", grey)
            yield network_row(place, grey.shape, 1 if quick else FEW)


def network_row(place: Path, shape: tuple[int, ...], rounds: int) -> Row:
    """Time a picture that is read and written as numbers; the results are compared."""
    source, own = str(place / "in.npy"), place / "own.npy"
    command = ("upsample", source, "--model", str(place / "fsrcnn.keras"), "-o", str(own))
    names = {"source": source, "target": str(place / "peer.npy")}
    onnx = ONNX_RUNTIME.format(model=str(place / "fsrcnn.onnx"), threads=THREADS, **names)
    keras = KERAS.format(model=str(place / "fsrcnn.keras"), **names)
    peers = {**on_backends(keras), f"ONNX Runtime {version('onnxruntime')}": python(onnx)}
    program = upsamp(*command, "--force")
    program.run()
    for name, peer in peers.items():  # of which Keras computes the same on all backends
        if name.startswith(("Keras on tensorflow", "ONNX")):
            _check(peer, own, Path(names["target"]))
    group = "a picture through FSRCNN-s, twice as wide and high"
    case = f"{shape[0]} x {shape[1]}, .npy to .npy"
    return programs_row(group, case, program, peers, rounds)


def _check(peer: Program, own: Path, target: Path) -> None:
    """Compare the result of a program with ours."""
    peer.run()
    np.testing.assert_allclose(np.load(target), np.load(own), rtol=0, atol=TOLERANCE)
