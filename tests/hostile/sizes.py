"""Models of a few bytes with sizes, layers or calls without end, and what is asked of them.

`python -m hostile.sizes NAME...` answers these in one process, and prints as JSON what came of
each.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from upsamp import Sequential
from upsamp.errors import ShapeError, UpsampError
from upsamp.layers import (
    Add,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    Embedding,
    Flatten,
    GroupNormalization,
    InputLayer,
    Layer,
    MaxPooling2D,
    PixelShuffle,
    RepeatVector,
    Reshape,
    Resizing,
    UpSampling2D,
    ZeroPadding2D,
)
from upsamp.models.advice import advise
from upsamp.models.functional import Functional
from upsamp.models.graph import Call, Source
from upsamp.models.model import Model
from upsamp.models.summary.columns import COLUMNS
from upsamp.models.summary.difference import compare

__all__ = ["CASES", "answer_all"]

TARGETS = (28, (8 * 10**6, 8 * 10**6 + 5), 10**30)


def chain(*layers: Layer, shape: tuple[int | None, ...] = (4, 4, 1)) -> Model:
    """Return layers on an image."""
    return Sequential([InputLayer(shape), *layers])


def many(count: int, make: Callable[[], Layer], shape: tuple[int | None, ...]) -> Model:
    """Return as many layers alike."""
    return chain(*(make() for _ in range(count)), shape=shape)


def doubled(count: int, layer: type[Layer]) -> Model:
    """Return a graph with twice as many paths after each layer."""
    calls = [Call(InputLayer((32, 32, 1)))]
    calls += [Call(layer(), (Source(one), Source(one))) for one in range(count)]
    return Functional.from_calls(calls, [0], [Source(count)])


def within(levels: int, *layers: Layer) -> Model:
    """Return models in models, each of which calls the next one twice."""
    model = chain(*layers, shape=(64, 64, 1))
    for level in range(levels):
        calls = [Call(InputLayer((64, 64, 1))), *(Call(model, (Source(one),)) for one in (0, 1))]
        model = Functional.from_calls(calls, [0], [Source(2)], name=f"level{level}")
    return model


same = partial(Conv2D, 1, 3, padding="same")

CASES: dict[str, Callable[[], Model]] = {
    "a stride of a thousand": lambda: chain(Conv2DTranspose(1, 3, 1000)),
    "a stride of a million": lambda: chain(Conv2DTranspose(1, 3, 10**6)),
    "a kernel and a stride of a million": lambda: chain(
        Conv2DTranspose(1, 10**6, 10**6, padding="same")
    ),
    "a stride of 2**62": lambda: chain(Conv2DTranspose(1, 3, 2**62)),
    "a kernel of 2**62": lambda: chain(Conv2DTranspose(1, 2**62, 2**61)),
    "a dilation of 10**30": lambda: chain(
        Conv2DTranspose(1, 3, 2, "same", dilation_rate=10**30), same(dilation_rate=10**30)
    ),
    "margins of 10**30": lambda: chain(
        Conv2DTranspose(1, 3, padding=((10**30, 0), (0, 0)), dilation_rate=10**30)
    ),
    "a stride that leaves one of any": lambda: chain(
        Conv2DTranspose(1, 4, 2), Conv2D(1, 3, strides=10**6, padding="same"), shape=(400, 400, 1)
    ),
    "a pool of 10**9": lambda: chain(MaxPooling2D(10**9, 1, padding="same"), Conv2D(1, 3)),
    "an upsampling by 10**100": lambda: chain(UpSampling2D(10**100), UpSampling2D(10**100)),
    "twenty upsamplings by 10**300": lambda: many(20, lambda: UpSampling2D(10**300), (4, 4, 1)),
    "an input of 10**300": lambda: chain(Flatten(), shape=(10**300, 10**300)),
    "an interpolation of many phases": lambda: chain(
        Resizing(16383, 16381, "lanczos5"), shape=(255, 257, 1)
    ),
    "weights beyond all memory": lambda: chain(Dense(2**62), Dense(2**62), shape=(2**62,)),
    "an embedding of 10**300": lambda: chain(Embedding(10**300, 2**62), shape=(3,)),
    "a vector repeated 10**300 times": lambda: chain(RepeatVector(10**300), shape=(4,)),
    "10**300 zeros cut off again": lambda: chain(ZeroPadding2D(10**300), Cropping2D(10**300 - 1)),
    "a shuffle of 10**12 channels": lambda: chain(PixelShuffle(10**6), shape=(4, 4, 10**12)),
    "a reshape of 10**20 values": lambda: chain(Reshape((10**10, -1, 1)), shape=(10**20,)),
    "10**15 groups": lambda: chain(Conv2D(10**15, 3, groups=10**15), shape=(4, 4, 10**15)),
    "2**60 paths": lambda: doubled(60, Add),
    "2**60 channels": lambda: doubled(60, Concatenate),
    "2**30 calls": lambda: within(30, same()),
    "2**30 calls that move": lambda: within(
        30, ZeroPadding2D(((1, 0), (0, 0))), Cropping2D(((0, 1), (0, 0)))
    ),
    "1,000 layers on a large image": lambda: many(1000, same, (2**14, 2**14, 1)),
    "500 layers of any to all": lambda: many(500, lambda: GroupNormalization(1), (2**14, 2**14, 1)),
    "1,000 transposed layers": lambda: many(
        1000, lambda: Conv2DTranspose(1, 64, padding="same"), (8, 8, 1)
    ),
    "1,500 layers on any image": lambda: many(1500, same, (None, None, 1)),
}


def answer(model: Model) -> str:
    """Ask all that a summary tells, and return the last receptive field."""
    summary = model.summarize(tuple(COLUMNS), expand_nested=True, batch=7)
    assert all(map(len, summary.cells()))
    assert json.loads(json.dumps(summary.to_dict()))["layers"]
    assert compare(summary, summary).same
    if isinstance(model, Sequential):
        for target in TARGETS:
            with suppress(ShapeError):  # of what gives no images of known size
                advise(model, target)
    return str(summary.rows[-1].measure.receptive_field)


def answers() -> Iterator[tuple[str, dict[str, object]]]:
    """Answer each case that is named, with the processor time that it takes."""
    for name in sys.argv[1:]:
        start = time.process_time()
        try:
            found, error = answer(CASES[name]()), ""
        except UpsampError as refusal:
            found, error = "", str(refusal)
        yield name, {"found": found, "error": error, "seconds": time.process_time() - start}


def answer_all() -> None:
    """Print what came of each, and by how many bytes memory grew; end where that takes too long."""
    import resource  # which POSIX alone has

    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = dict(answers())
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    sys.stdout.write(json.dumps({"answers": found, "grown": grown * 1024}))


if __name__ == "__main__":
    answer_all()
