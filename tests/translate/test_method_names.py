"""Every method, in every convention, by every library: named as the library has it, or refused."""

import ast
from itertools import product
from typing import Any

import pytest
from effort import in_one_test

from upsamp.core.arguments import CONVENTIONS
from upsamp.core.upsampling.methods import METHODS
from upsamp.errors import ArgumentError
from upsamp.translate import LIBRARIES, Upsampling, parse_torch, upsampling_program
from upsamp.translate.peers import PEERS

# How 3 x 4 pixels become 7 x 11, as the libraries' manuals name it; tests/real_libraries run it.
WEIGHTS, INDICES = "weights written out", "indices written out"
KERAS = "resize interpolation={}"
TENSORFLOW = "resize method={}"
TORCH = "interpolate mode={}"
JAX = "resize {} antialias=False"
ONNX = "make_node Resize mode={} coordinate_transformation_mode={}"
NEAREST = ONNX.format("nearest", "{} nearest_mode={}")
LINEAR, CUBIC = (ONNX.format(mode, "half_pixel") for mode in ("linear", "cubic"))
ALIGNED_TORCH = f"{TORCH} align_corners=True"
ALIGNED_JAX = "scale_and_translate {} antialias=False"
ALIGNED_LINEAR, ALIGNED_CUBIC = (ONNX.format(mode, "align_corners") for mode in ("linear", "cubic"))
NAMES: dict[tuple[str, str, bool], tuple[str, str, str, str]] = {
    ("nearest", "keras", False): (
        KERAS.format("nearest"), TORCH.format("nearest-exact"),
        NEAREST.format("half_pixel", "round_prefer_ceil"), JAX.format("nearest"),
    ),
    ("nearest", "torch", False): (
        INDICES, TORCH.format("nearest"), NEAREST.format("asymmetric", "floor"), INDICES,
    ),
    ("bilinear", "keras", False): (
        KERAS.format("bilinear"), TORCH.format("bilinear"), LINEAR, JAX.format("bilinear"),
    ),
    ("bilinear", "torch", False): (
        KERAS.format("bilinear"), TORCH.format("bilinear"), LINEAR, JAX.format("bilinear"),
    ),
    ("bilinear", "torch", True): (
        WEIGHTS, ALIGNED_TORCH.format("bilinear"), ALIGNED_LINEAR, ALIGNED_JAX.format("bilinear"),
    ),
    ("bicubic", "keras", False): (
        KERAS.format("bicubic"), f"{TORCH.format('bicubic')} antialias=True",
        f"{CUBIC} cubic_coeff_a=-0.5 exclude_outside=1", JAX.format("bicubic"),
    ),
    ("bicubic", "torch", False): (
        WEIGHTS, TORCH.format("bicubic"), f"{CUBIC} cubic_coeff_a=-0.75",
        JAX.format("cubic-pytorch"),
    ),
    ("bicubic", "torch", True): (
        WEIGHTS, ALIGNED_TORCH.format("bicubic"), f"{ALIGNED_CUBIC} cubic_coeff_a=-0.75",
        ALIGNED_JAX.format("cubic-pytorch"),
    ),
    ("lanczos3", "keras", False): (
        KERAS.format("lanczos3"), WEIGHTS, WEIGHTS, JAX.format("lanczos3"),
    ),
    ("lanczos5", "keras", False): (
        KERAS.format("lanczos5"), WEIGHTS, WEIGHTS, JAX.format("lanczos5"),
    ),
    ("area", "keras", False): (TENSORFLOW.format("area"), WEIGHTS, WEIGHTS, JAX.format("area")),
    ("area", "torch", False): (WEIGHTS, TORCH.format("area"), WEIGHTS, WEIGHTS),
    ("mitchellcubic", "keras", False): (
        TENSORFLOW.format("mitchellcubic"), WEIGHTS, WEIGHTS, WEIGHTS,
    ),
    ("gaussian", "keras", False): (TENSORFLOW.format("gaussian"), WEIGHTS, WEIGHTS, WEIGHTS),
}  # fmt: skip
# The programs by whole factors where they are not the same, or UpSampling2D in Keras.
COPIES: dict[tuple[str, str], tuple[str, str, str, str]] = {
    (method, convention): (
        "UpSampling2D interpolation=nearest",
        TORCH.format("area" if (method, convention) == ("area", "torch") else mode),
        onnx,
        JAX.format("nearest"),
    )
    for method in ("nearest", "area")
    for convention, mode, onnx in (
        ("keras", "nearest-exact", NEAREST.format("half_pixel", "round_prefer_ceil")),
        ("torch", "nearest", NEAREST.format("asymmetric", "floor")),
    )
}
CALLS = ("UpSampling2D", "interpolate", "make_node", "resize", "scale_and_translate")
SETTINGS = list(product(METHODS, CONVENTIONS, (False, True)))


def said(size: tuple[int, int], method: str, convention: str, aligned: bool, library: str) -> str:
    """Return how the program that makes 3 x 4 pixels as large names its method."""
    settings = Upsampling.of(
        (1, 3, 4, 2), size, method, convention=convention, align_corners=aligned
    )
    tree = ast.parse(upsampling_program(settings, library, "np.load('x.npy')"))
    if any(isinstance(node, ast.FunctionDef) for node in tree.body):
        return WEIGHTS
    named = [words(node) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return " ".join(filter(None, named)) or INDICES


def words(call: ast.Call) -> str:
    """Return the words of a call that tell the method; of any other call none."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name not in CALLS:
        return ""
    texts = [str(value.value) for value in call.args if isinstance(value, ast.Constant)]
    options = [(each.arg, ast.literal_eval(each.value)) for each in call.keywords]
    return " ".join([name, *texts, *(f"{key}={value}" for key, value in options if key != "size")])


@pytest.mark.parametrize(("method", "convention", "aligned"), SETTINGS)
@in_one_test("library", LIBRARIES)
def test_a_program_names_its_method_or_the_rule_is_told(
    method: str, convention: str, aligned: bool, library: str
) -> None:
    known = NAMES.get((method, convention, aligned))
    if known is not None:
        expected = known[("keras", "torch", "onnx", "jax").index(library)]
        assert said((7, 11), method, convention, aligned, library) == expected
        return
    if (method, convention, False) in NAMES:
        rule = r"`align_corners=True` must go with convention='torch' and bilinear or bicubic\."
    else:
        rule = f"`interpolation` must be one that convention='{convention}' has: 'nearest', "
    with pytest.raises(ArgumentError, match=rule):
        said((7, 11), method, convention, aligned, library)


@pytest.mark.parametrize(("method", "convention", "aligned"), NAMES)
@in_one_test("library", LIBRARIES)
def test_by_whole_factors_copies_are_said_as_such_and_keras_has_its_layer(
    method: str, convention: str, aligned: bool, library: str
) -> None:
    place = ("keras", "torch", "onnx", "jax").index(library)
    row = NAMES[method, convention, aligned]
    expected = COPIES.get((method, convention), row)[place]
    expected = expected.replace("resize interpolation=", "UpSampling2D interpolation=")
    assert said((6, 8), method, convention, aligned, library) == expected


@pytest.mark.parametrize("method", ["mitchellcubic", "gaussian"])
def test_tensorflow_is_not_asked_where_the_size_stays(method: str) -> None:
    assert said((3, 4), method, "keras", False, "keras") == WEIGHTS


def test_the_names_of_the_libraries_are_in_no_other_place() -> None:
    """A method that is new has to be said here, too."""
    assert {name for name, _, _ in NAMES} == set(METHODS)
    assert {*LIBRARIES} == {"keras", "torch", "onnx", "jax"}


# PyTorch's modes as `parse_torch` reads them: by themselves, with aligned corners, antialiased.
MODES: dict[str, tuple[Any, Any, Any]] = {
    "nearest": (("nearest", "torch"), None, None),
    "nearest-exact": (("nearest", "keras"), None, None),
    "bilinear": (("bilinear", "torch"), ("bilinear", "torch"), ("bilinear", "keras")),
    "bicubic": (("bicubic", "torch"), ("bicubic", "torch"), ("bicubic", "keras")),
    "area": (("area", "torch"), None, None),
    "lanczos": (None, None, ("lanczos3", "keras")),
}


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_of_pytorch_is_read_as_what_it_computes(mode: str) -> None:
    settings = ("align_corners=None", "align_corners=True", "antialias=True")
    for setting, expected in zip(settings, MODES[mode], strict=True):
        text = f"F.interpolate(x, (7, 11), mode='{mode}', {setting})"
        if expected is None:
            with pytest.raises(ArgumentError, match="must go with"):
                parse_torch(text)
            continue
        read = parse_torch(text).arguments
        assert (read["interpolation"], read["convention"]) == expected
        assert read["align_corners"] == ("corners=True" in setting)


# What the users of a library would choose for a method; "-" where it has none.
CHOSEN = {
    "nearest": ("NEAREST", "INTER_NEAREST", "nearest", "nearest", "nearest"),
    "bilinear": ("BILINEAR", "INTER_LINEAR", "bilinear", "bilinear", "bilinear"),
    "bicubic": ("BICUBIC", "INTER_CUBIC", "bicubic", "bicubic", "bicubic"),
    "lanczos3": ("LANCZOS", "INTER_LANCZOS4", "-", "lanczos3", "lanczos3"),
    "lanczos5": ("-", "-", "-", "lanczos5", "lanczos5"),
    "area": ("BOX", "INTER_AREA", "area", "area", "area"),
    "mitchellcubic": ("-", "-", "-", "mitchellcubic", "-"),
    "gaussian": ("-", "-", "-", "gaussian", "-"),
}


@pytest.mark.parametrize("method", METHODS)
def test_a_comparison_asks_every_library_by_its_own_name(method: str) -> None:
    names = {"Pillow": 0, "OpenCV": 1, "PyTorch": 2, "TensorFlow": 3, "JAX": 4}
    assert PEERS.keys() == names.keys()
    for library, (*_, spelling_of) in PEERS.items():
        spelling = spelling_of(METHODS[method])
        assert (spelling.name if spelling else "-") == CHOSEN[method][names[library]]
