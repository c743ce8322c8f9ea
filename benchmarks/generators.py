"""Whole generators beside Keras (on TensorFlow and on JAX) and PyTorch, two threads each.

    python benchmarks/generators.py [--quick] [--only TEXT]

upsamp and PyTorch run in this process, Keras in a process of its own for each backend, which
computes when it is told to and answers with its seconds: so all have turns, one after the other.
The ratios are those of the shortest times: peer / upsamp, so above 1 upsamp is the faster. Peers
that are not installed are left out.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

THREADS = int(os.environ.setdefault("UPSAMP_THREADS", "2"))
os.environ.setdefault("OPENBLAS_NUM_THREADS", str(THREADS))
os.environ.setdefault("OMP_NUM_THREADS", str(THREADS))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402 - the environment is read at import
from timing import TURN, Row, table  # noqa: E402 - the same

from upsamp import Sequential, make_generator  # noqa: E402 - the same
from upsamp.layers import (  # noqa: E402 - the same
    Activation,
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dense,
    LeakyReLU,
    ReLU,
    Reshape,
    UpSampling2D,
)

__all__ = ["CASES", "Case", "measure"]

Turn = Callable[[], list[float]]
BACKENDS = {"TensorFlow": "tensorflow", "JAX": "jax"}
# What a child is told to call, and how a row names it.
CALLS = {"predict": "predict_on_batch", "call": "model(x)"}
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Case:
    """A generator of latent vectors of 100 values, and how many images it makes at once."""

    name: str
    images: int
    make: Callable[[], Sequential]

    @property
    def group(self) -> str:
        """The cases that have one mean."""
        return f"generators, batch {self.images}"


def dcgan64() -> Sequential:
    """Give a DCGAN's generator of 64x64x3 images, with 3.6 million parameters."""
    model = Sequential([Dense(4 * 4 * 512, use_bias=False, input_dim=100), Reshape((4, 4, 512))])
    model.add(BatchNormalization())
    model.add(ReLU())
    for filters in (256, 128, 64):
        model.add(Conv2DTranspose(filters, 4, 2, padding="same", use_bias=False))
        model.add(BatchNormalization())
        model.add(LeakyReLU(0.2))
    model.add(Conv2DTranspose(3, 4, 2, padding="same"))
    model.add(Activation("tanh"))
    return model


MAKERS: dict[str, Callable[[], Sequential]] = {
    "DCGAN 64x64x3": dcgan64,
    "DCGAN 28x28x1": lambda: make_generator("dcgan"),
    "tutorial, UpSampling2D": lambda: make_generator("upsampling"),
    "tutorial, Conv2DTranspose": lambda: make_generator("transpose"),
}
CASES = tuple(Case(name, images, make) for name, make in MAKERS.items() for images in (1, 64))


def measure(cases: Sequence[Case] = CASES, rounds: int = 20) -> Iterator[Row]:
    """Give a row for each case, like those of the other benchmarks."""
    for case in cases:
        model = case.make()
        random = np.random.default_rng(0)
        for layer in model.layers:
            if isinstance(layer, BatchNormalization):
                shapes = [weight.shape for weight in layer.weights]
                layer.set_weights([random.uniform(0.5, 1.5, shape) for shape in shapes])
        x = random.standard_normal((case.images, 100)).astype(np.float32)
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            file = Path(folder, "model.keras")
            model.save(file)
            np.save(Path(folder, "x.npy"), x)
            turns = {"": _turn(lambda model=model, x=x: model(x))}  # type: ignore[misc]
            if find_spec("torch"):
                turns["PyTorch"] = _turn(_torch_call(model, x))
            for name, backend in BACKENDS.items():
                if find_spec(backend) and find_spec("keras"):
                    ask = stack.enter_context(_keras(backend, file, model(x)))
                    for call, shown in CALLS.items():
                        turns[f"Keras {name} {shown}"] = lambda ask=ask, call=call: ask(call)  # type: ignore[misc]
            seconds = _interleave(turns, rounds)
        label = f"{case.name}, {case.images} image{'s' if case.images > 1 else ''}"
        yield {"group": case.group, "case": label, "own": seconds.pop(""), "peers": seconds}


def _interleave(turns: dict[str, Turn], rounds: int) -> dict[str, list[float]]:
    """Give the seconds of each call: in every round each has a turn, in another order."""
    names = list(turns)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            seconds[name] += turns[name]()
    return seconds


def _turn(call: Callable[[], object]) -> Turn:
    """Give what calls for the length of a turn, after one call that is not counted."""

    def turn() -> list[float]:
        call()
        seconds: list[float] = []
        end = time.perf_counter() + TURN
        while not seconds or time.perf_counter() < end:
            start = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - start)
        return seconds

    return turn


# --- PyTorch


def _torch_call(model: Sequential, x: Any) -> Callable[[], Any]:
    """Give the call of a plain nn.Sequential of the same layers and weights."""
    torch: Any = import_module("torch")
    torch.set_num_threads(THREADS)
    channels = 0
    layers: list[Any] = []
    for layer in model.layers:
        weights = [torch.from_numpy(values) for values in layer.get_weights()]
        layers += _torch_layers(torch.nn, layer, weights, channels)
        channels = layer.filters if isinstance(layer, Conv2D | Conv2DTranspose) else channels
        channels = layer.target_shape[-1] if isinstance(layer, Reshape) else channels
        channels = layer.units if isinstance(layer, Dense) else channels
    network = torch.nn.Sequential(*layers).eval()
    image = torch.from_numpy(x)

    def call() -> Any:
        with torch.inference_mode():
            return network(image)

    actual = call().permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(actual, model(x), rtol=0, atol=TOLERANCE)
    return call


def _torch_layers(nn: Any, layer: Any, weights: list[Any], channels: int) -> list[Any]:
    """Give the modules of PyTorch that do what a layer does; images have their channels first."""
    if isinstance(layer, Dense):
        made = nn.Linear(weights[0].shape[0], layer.units, bias=layer.use_bias)
        made.weight.data = weights[0].T.contiguous()
    elif isinstance(layer, Conv2DTranspose):
        made = _torch_transposed(nn, layer, channels)
        made[0].weight.data = weights[0].permute(3, 2, 0, 1).contiguous()
    elif isinstance(layer, Conv2D):
        made = nn.Conv2d(channels, layer.filters, layer.kernel_size, padding="same")
        made.weight.data = weights[0].permute(3, 2, 0, 1).contiguous()
    elif isinstance(layer, BatchNormalization):
        flat = weights[0].shape[0] > 512
        made = (nn.BatchNorm1d if flat else nn.BatchNorm2d)(weights[0].shape[0], eps=layer.epsilon)
        made.weight.data, made.bias.data, made.running_mean, made.running_var = weights
        return [made]
    elif isinstance(layer, Reshape):
        rows, columns, depth = layer.target_shape
        return [_module(nn, lambda x: x.view(-1, rows, columns, depth).permute(0, 3, 1, 2))]
    elif isinstance(layer, UpSampling2D):
        return [nn.Upsample(scale_factor=layer.size)]
    elif isinstance(layer, LeakyReLU):
        return [nn.LeakyReLU(layer.negative_slope, inplace=True)]
    else:
        return [nn.ReLU(inplace=True) if isinstance(layer, ReLU) else nn.Tanh()]
    several = list(made) if isinstance(made, nn.Sequential) else [made]
    if layer.use_bias:
        several[0].bias.data = weights[1]
    return [*several, *([nn.Tanh()] if layer.activation == "tanh" else [])]


def _torch_transposed(nn: Any, layer: Conv2DTranspose, channels: int) -> Any:
    """Give a transposed convolution that is cropped as padding="same" is: more at the end."""
    taps, stride = layer.kernel_size[0], layer.strides[0]
    before, more = divmod(taps - stride, 2)
    transposed = nn.ConvTranspose2d(
        channels, layer.filters, taps, stride, before, bias=layer.use_bias
    )
    crop = _module(nn, lambda x: x[..., :-1, :-1])
    return nn.Sequential(transposed, *([crop] if more else []))


def _module(nn: Any, function: Callable[[Any], Any]) -> Any:
    """Give a function as a module of PyTorch."""
    module = nn.Identity()
    module.forward = function
    return module


# --- Keras, in a process of its own


@contextmanager
def _keras(backend: str, file: Path, expected: Any) -> Iterator[Callable[[str], list[float]]]:
    """Give what asks a process with Keras for a turn; its results are compared first."""
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, __file__, "--child", str(file)]
    child: Any = subprocess.Popen(  # noqa: S603 - this very file
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
    )

    def ask(call: str) -> list[float]:
        child.stdin.write(f"{call}\n")
        child.stdin.flush()
        answer: list[float] = json.loads(child.stdout.readline())
        return answer

    with child:
        ask("ready")
        actual = np.load(file.with_name(f"{backend}.npy"))
        np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCE)
        yield ask
        child.stdin.close()


def _answer(file: Path) -> None:
    """Be such a process: a line names a call, and the answer is the seconds of a turn of it."""
    if os.environ["KERAS_BACKEND"] == "tensorflow":
        threading = import_module("tensorflow").config.threading
        threading.set_intra_op_parallelism_threads(THREADS)
        threading.set_inter_op_parallelism_threads(THREADS)
    keras: Any = import_module("keras")
    model = keras.models.load_model(file, compile=False)
    x = np.load(file.with_name("x.npy"))
    calls = {
        "predict": lambda: model.predict_on_batch(x),
        "call": lambda: keras.ops.convert_to_numpy(model(x, training=False)),
    }
    turns = {name: _turn(call) for name, call in calls.items()}
    for line in sys.stdin:
        name = line.strip()
        if name == "ready":
            np.save(file.with_name(f"{os.environ['KERAS_BACKEND']}.npy"), calls["predict"]())
        print(json.dumps(turns[name]() if name in turns else []), flush=True)


def main() -> None:
    """Measure, and print the rows as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds")
    parser.add_argument("--only", default="", help="cases with this text in their group or name")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _answer(options.child)
        return
    chosen = [case for case in CASES if options.only in f"{case.name}, {case.group}"]
    print(table(list(measure(chosen, 8 if options.quick else 30))))


if __name__ == "__main__":
    main()
