"""What tests of models' configs share: an input, a layer, and the check of a refusal."""

from typing import Any

import numpy as np
import pytest
from config_entries import Entry, entry

from upsamp.errors import FormatError, UpsampError
from upsamp.models.files.loading import model_from_config

X = np.arange(32.0, dtype=np.float32).reshape(1, 4, 4, 2) / 8 - 2


def relu(name: str, *calls: list[Any]) -> Entry:
    """Return a layer that changes no shape."""
    return entry("ReLU", name, *calls)


def refused(config: object, text: str, kind: type[UpsampError] = FormatError) -> None:
    """Check the text that a config is refused with."""
    with pytest.raises(kind, match=text):
        model_from_config(config)
