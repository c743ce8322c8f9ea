"""`--solve`: which layers take one size to another."""

from collections.abc import Sequence
from typing import Any

import click

from upsamp.cli.render.output import on_terminal, print_text
from upsamp.cli.render.tables import show_note, show_rows, wants_table
from upsamp.cli.transpose_request import Request
from upsamp.core.arguments import Pair
from upsamp.core.geometry.layer_solver import axes_of, distinct, solve_cropped, solve_repeated
from upsamp.core.geometry.size_solver import LayerSetting, nearest_targets, solve_chain, solve_layer
from upsamp.core.geometry.sizes import TransposedAxis
from upsamp.core.text import json_text
from upsamp.errors import ArgumentError

# How many settings are shown on a terminal; the best come first.
SHOWN = 12
SHOWN_CHAINS = 5


def show_solutions(request: Request) -> None:
    """Show the layers, and the chains of layers of small strides, that take one size to another."""
    size, target = request.solve or ((1, 1), (1, 1))
    settings, chains = _solutions(size, target)
    if request.format_name == "json":
        print_text(json_text(_as_json(size, target, settings, chains), indent=2))
        return
    as_table = wants_table(request.format_name)
    whole = [setting for setting in settings if not setting.holes]
    if settings:
        shown = (whole or settings)[:SHOWN] if on_terminal() else settings
        rows = [_setting_row(setting, size) for setting in shown]
        show_rows(
            f"One layer from {_size(size)} to {_size(target)}",
            ("Kernel", "Stride", "Padding", "Output padding", "Overlap", "PyTorch", "ONNX"),
            rows,
            "<<<<<<<",
            as_table=as_table,
        )
        left = len(settings) - len(rows)
        if left:
            holes = len(settings) - len(whole)
            show_note(f"{left} more, {holes} of which leave holes; through a pipe all are shown")
    if chains:
        show_rows(
            f"Chains from {_size(size)} to {_size(target)}",
            ("Layers", "Sizes", "Each: kernel, stride, padding, output padding", "PyTorch"),
            [_chain_row(size, chain) for chain in chains],
            "><<<",
            as_table=as_table,
        )


def _solutions(
    size: Pair, target: Pair
) -> tuple[list[LayerSetting], list[tuple[LayerSetting, ...]]]:
    """Return the single layers and the chains; raise where there are none."""
    if target[0] < size[0] or target[1] < size[1]:
        raise click.UsageError(
            "--solve must have a second size of at least the first, as upsampling never shrinks. "
            f"Received: {_size(size)} and {_size(target)}. Ask for a larger one."
        )
    cropped = solve_cropped(size, target)
    settings = distinct([*solve_layer(size, target), *cropped], size)
    settings.sort(key=lambda one: (one.holes, _uneven_axes(one)))
    chains = [chain for chain in solve_chain(size, target, max_stride=2) if len(chain) > 1]
    chains = chains[:SHOWN_CHAINS]
    chains += [one for one in solve_repeated(size, target) if one not in chains]
    if not settings and not chains:
        chains = solve_chain(size, target)[:SHOWN_CHAINS]
    if not settings and not chains:
        near = " or ".join(_size(nearest) for nearest in nearest_targets(size, target))
        raise ArgumentError(
            "There must be a layer with a kernel up to 7 and a stride up to 8, or a chain of up to "
            f"6 layers. Received: {_size(size)} to {_size(target)}. Nearest with one layer: {near}."
        )
    return settings, sorted(chains, key=len)


def _as_json(
    size: Pair,
    target: Pair,
    settings: Sequence[LayerSetting],
    chains: Sequence[Sequence[LayerSetting]],
) -> dict[str, Any]:
    """Return all that was found, with pairs as [rows, columns]."""
    return {
        "from": list(size),
        "to": list(target),
        "layers": [_layer_json(setting, size) for setting in settings],
        "chains": [
            [
                _layer_json(setting, given)
                for given, setting in zip(_sizes(size, chain), chain, strict=False)
            ]
            for chain in chains
        ],
    }


def _layer_json(setting: LayerSetting, given: Pair) -> dict[str, Any]:
    axes = axes_of(setting, given)
    added = setting.output_padding
    return {
        "input": list(given),
        "output": list(setting.output),
        "kernel": list(setting.kernel),
        "stride": list(setting.strides),
        "padding": setting.padding if setting.margins is None else list(setting.margins),
        "output_padding": None if added is None else list(added),
        "overlap": _overlap(setting),
        "torch": _torch(axes),
        "onnx": _onnx(axes),
    }


def _sizes(size: Pair, chain: Sequence[LayerSetting]) -> list[Pair]:
    """Return the input of each layer of a chain, and the output of the last."""
    return [size, *(setting.output for setting in chain)]


def _overlap(setting: LayerSetting) -> str:
    if setting.holes:
        return "holes"
    return "even" if setting.even_overlap else "uneven"


def _setting_row(setting: LayerSetting, size: Pair) -> tuple[str, ...]:
    axes = axes_of(setting, size)
    return (
        _pair(setting.kernel),
        _pair(setting.strides),
        setting.padding if setting.margins is None else _pair(setting.margins),
        "-" if setting.output_padding is None else _pair(setting.output_padding),
        _overlap(setting),
        _torch(axes),
        _onnx(axes),
    )


def _uneven_axes(setting: LayerSetting) -> int:
    """Return on how many axes the kernel is no multiple of the stride."""
    return sum(k % s > 0 for k, s in zip(setting.kernel, setting.strides, strict=True))


def _torch(axes: Sequence[TransposedAxis]) -> str:
    """Return PyTorch's padding and output_padding, or what to do where it has none."""
    own = _torch_padding(axes)
    if own is not None:
        return f"padding={_pair(own[0])}, output_padding={_pair(own[1])}"
    added = [max(0, -axis.after) for axis in axes]
    zeros = f", then zeros [{added[0]},{added[1]}]" if any(added) else ""
    return f"padding=0, then crop {_sides(axes)}{zeros}"


def _torch_padding(axes: Sequence[TransposedAxis]) -> tuple[Pair, Pair] | None:
    """Return PyTorch's padding and output_padding, or None where it has none."""
    extras = [axis.before - axis.after for axis in axes]
    if not all(0 <= extra < axis.stride for extra, axis in zip(extras, axes, strict=True)):
        return None
    return (axes[0].before, axes[1].before), (extras[0], extras[1])


def _onnx(axes: Sequence[TransposedAxis]) -> str:
    """Return ONNX' pads: top, left, bottom, right; and its output_padding where there is any."""
    added = _pair((max(0, -axes[0].after), max(0, -axes[1].after)))
    return f"pads={_sides(axes)}" + ("" if added == "0" else f", output_padding={added}")


def _sides(axes: Sequence[TransposedAxis]) -> str:
    rows, columns = axes
    sides = (rows.before, columns.before, max(0, rows.after), max(0, columns.after))
    return str(list(sides)).replace(" ", "")


def _chain_row(size: Pair, chain: Sequence[LayerSetting]) -> tuple[str, str, str, str]:
    inputs = _sizes(size, chain)
    layers: list[str] = []
    in_torch: list[str] = []
    for given, setting in zip(inputs, chain, strict=False):
        taps = f"k{_pair(setting.kernel)} s{_pair(setting.strides)}"
        extra = "" if setting.output_padding is None else f" op{_pair(setting.output_padding)}"
        if setting.margins is None:
            layers.append(f"{taps} {setting.padding}{extra}")
        else:
            layers.append(f"{taps} p{_pair(setting.margins)}{extra}")
        own = _torch_padding(axes_of(setting, given))
        if own is not None:
            added = "" if own[1] == (0, 0) else f" op{_pair(own[1])}"
            in_torch.append(f"{taps} p{_pair(own[0])}{added}")
    spelled = "; ".join(in_torch) if len(in_torch) == len(chain) else "-"
    return str(len(chain)), " -> ".join(map(_size, inputs)), "; ".join(layers), spelled


def _pair(pair: Pair) -> str:
    return str(pair[0]) if pair[0] == pair[1] else str(pair)


def _size(size: Pair) -> str:
    return f"{size[0]}x{size[1]}"
