"""Sequential: its summary, and a gigantic model, which is counted and never allocated."""

import tracemalloc

import numpy as np
import pytest

from upsamp import Sequential
from upsamp.errors import MemoryLimitError
from upsamp.layers import (
    BatchNormalization,
    Dense,
    Reshape,
)


def test_summary_prints_what_summarize_gives(capsys: pytest.CaptureFixture[str]) -> None:
    model = Sequential([Dense(3200, input_dim=100), Reshape((5, 5, 128))], name="generator")
    model.summary()
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.splitlines() == [
        'Model: "generator"',
        "",
        "Layer (type)       Output Shape       Param #",
        "---------------------------------------------",
        "dense (Dense)      (None, 3200)       323,200",
        "reshape (Reshape)  (None, 5, 5, 128)        0",
        "---------------------------------------------",
        "Total params: 323,200 (1.23 MB)",
        "Trainable params: 323,200 (1.23 MB)",
        "Non-trainable params: 0 (0.00 B)",
    ]


def test_a_gigantic_model_is_counted_without_being_allocated() -> None:
    tracemalloc.start()
    try:
        model = Sequential([Dense(10**9, input_dim=10**9), BatchNormalization()], name="giant")
        summary = model.summarize()
        text = str(summary)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10**6
    assert summary.total_params == model.count_params() == 10**18 + 5 * 10**9
    assert summary.non_trainable_params == 2 * 10**9
    assert "1,000,000,005,000,000,000 (3,552.71 PB)" in text


def test_the_weights_of_a_gigantic_model_are_refused() -> None:
    model = Sequential([Dense(10**9, input_dim=10**9, name="giant")])
    rule = r"The kernel of layer 'giant' would be 1,000,000,000 x 1,000,000,000 float32 values, "
    with pytest.raises(MemoryLimitError, match=rule):
        model.get_weights()
    with pytest.raises(MemoryLimitError, match=rule):
        model.predict(np.broadcast_to(np.float32(0), (1, 10**9)))
