"""ActivityRegularization, as it acts in a prediction: not at all."""

from typing import Any

from upsamp.core.values import normalize_number
from upsamp.layers.training_layer import TrainingLayer


class ActivityRegularization(TrainingLayer):
    """Pass the input on: training adds l1 * `|x|` + l2 * x^2 to its loss.

    >>> ActivityRegularization(0.5)([[1.0, 2.0]])
    array([[1., 2.]], dtype=float32)
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.l1 = normalize_number(l1, "l1")
        self.l2 = normalize_number(l2, "l2")

    @property
    def training_effect(self) -> str:
        """What training changes of the output: nothing."""
        return ""

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "l1": self.l1, "l2": self.l2}
