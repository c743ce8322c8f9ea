"""What one library's setting means in another's: programs that compute the same, and the way back.

`transposed_convolution_program` and `upsampling_program` print what upsamp computes as a program of
Keras, PyTorch, ONNX or JAX; `parse_torch` reads a layer of PyTorch into upsamp's names.
"""

from upsamp.translate.programs import (
    LIBRARIES,
    transposed_convolution_program,
    upsampling_program,
)
from upsamp.translate.settings import TransposedConvolution, Upsampling
from upsamp.translate.source import array_source
from upsamp.translate.torch_layers import TorchLayer, parse_torch

__all__ = [
    "LIBRARIES",
    "TorchLayer",
    "TransposedConvolution",
    "Upsampling",
    "array_source",
    "parse_torch",
    "transposed_convolution_program",
    "upsampling_program",
]
