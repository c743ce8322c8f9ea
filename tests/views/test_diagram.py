"""The drawing of a model: sizes to scale, every layer and connection, and names that stay text."""

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from effort import in_one_test, sample
from golden_files import golden_models, model_file

from upsamp import Sequential, load_model, make_generator
from upsamp.errors import ArgumentError
from upsamp.layers import (
    Add,
    Conv2D,
    Conv2DTranspose,
    Dense,
    InputLayer,
    LeakyReLU,
    MaxPooling2D,
    Reshape,
    UpSampling2D,
)
from upsamp.layers.unknown_layer import UnknownLayer
from upsamp.models.functional import Functional
from upsamp.models.graph import Call, Source
from upsamp.models.model import Model
from upsamp.models.nesting import is_model
from upsamp.models.summary.architecture import Architecture, architecture_of
from upsamp.models.summary.listing import read_listing
from upsamp.views.diagram_layout import BAR_HEIGHT, SLANT, lay_out
from upsamp.views.diagram_svg import STYLE, diagram_svg

SVG = "{http://www.w3.org/2000/svg}"
FILES = sample(
    [file for golden in golden_models() for file in golden.files if ".weights." not in file], 9
)


def unfolded(model: Model, names: Counter[str], links: Counter[tuple[str, str]]) -> list[str]:
    """Count the calls of a model and of those in it by name, and what is called on what."""
    ends: dict[Source, str] = {}
    for number, call in enumerate(model.calls):
        sources = [ends.get(one, ends.get(Source(one.call), "")) for one in call.sources]
        outputs = [call.layer.name]
        if is_model(call.layer):
            assert isinstance(call.layer, Model)
            inner: Counter[tuple[str, str]] = Counter()
            outputs = unfolded(call.layer, names, inner)
            links += inner
            given = [call.layer.calls[place].layer.name for place in call.layer.input_calls]
            links.update(zip(sources, given, strict=True))
        else:
            names[call.layer.name] += 1
            links.update((source, call.layer.name) for source in sources)
        ends |= {Source(number, place): output for place, output in enumerate(outputs)}
    return [ends[one] for one in model.output_sources]


def drawn_links(found: Architecture) -> Iterator[tuple[str, str]]:
    """Yield what a drawing links: blocks, and the layers of a block in their order."""
    for link in found.links:
        yield found.blocks[link.source].layers[-1].name, found.blocks[link.target].layers[0].name
    for block in found.blocks:
        names = [layer.name for layer in block.layers]
        yield from pairwise(names)


@in_one_test("file", FILES)
def test_every_layer_and_connection_is_drawn_and_to_scale(file: str) -> None:
    listing = read_listing(str(model_file(file)))
    found = architecture_of(listing.model, expand_nested=True, counted=listing.counted)
    names: Counter[str] = Counter()
    links: Counter[tuple[str, str]] = Counter()
    unfolded(listing.model, names, links)
    assert Counter(layer.name for layer in found.layers) == names
    assert set(drawn_links(found)) == set(links)

    svg = ET.fromstring(diagram_svg(found))
    groups = [one for one in svg.iter(f"{SVG}g") if one.get("class") == "block"]
    scale = lay_out(found, 300).scale
    for block, group in zip(found.blocks, groups, strict=True):
        spans = [one.text for one in group.iter(f"{SVG}tspan") if one.get("class") == "name"]
        assert spans == [layer.name for layer in block.layers]
        (front,) = [one for one in group.iter(f"{SVG}rect") if "front" in one.get("class", "")]
        size = [float(front.get(side, "")) for side in ("height", "width")]
        if block.sides is None:
            assert "plain" in front.get("class", "")
        elif len(block.sides) == 1:
            np.testing.assert_allclose(size, [BAR_HEIGHT, scale.value * block.sides[0]], atol=0.01)
        else:
            np.testing.assert_allclose(size, np.array(block.sides[:2]) * scale.side, atol=0.01)
            lid = next(one for one in group.iter(f"{SVG}polygon") if "top" in one.get("class", ""))
            points = [tuple(map(float, one.split(","))) for one in lid.get("points", "").split()]
            run, rise = points[3][0] - points[0][0], points[0][1] - points[3][1]
            depth = block.sides[2] * scale.channel
            np.testing.assert_allclose([run, rise], np.array(SLANT) * depth, atol=0.021)
    paths = [one for one in svg.iter(f"{SVG}path") if one.find(f"{SVG}title") is not None]
    assert len(paths) == len(found.links)


def test_sides_are_those_of_what_the_layers_compute() -> None:
    for kind in ("dcgan", "transpose", "upsampling"):
        model = make_generator(kind)
        found = architecture_of(model)
        x = np.zeros((1, 100), np.float32)
        for block in found.blocks[1:]:
            layer = model.get_layer(block.layers[0].name)
            x = layer(x)
            for one in block.layers[1:]:
                x = model.get_layer(one.name)(x)
            assert block.sides == x.shape[1:]


def test_boxes_are_apart_and_arrows_end_at_their_sides() -> None:
    found = architecture_of(load_model(str(model_file("keras/pix2pix.keras"))), expand_nested=True)
    layout = lay_out(found, 300)
    for above, below in pairwise(layout.boxes):
        assert above.bottom < below.summit
    for arrow in layout.arrows:
        (x, y), target = arrow.points[-1], layout.boxes[arrow.link.target]
        if len(arrow.points) == 2:
            assert x == target.left + target.width / 2
            assert target.summit <= y <= target.top
        else:
            assert (x, target.top < y < target.bottom) == (target.left, True)
            lane = arrow.points[1][0]
            between = layout.boxes[arrow.link.source : arrow.link.target + 1]
            assert lane < min(box.left for box in between)
    for placed in layout.frames:
        inner = layout.boxes[placed.frame.first : placed.frame.last + 1]
        assert placed.top < min(box.summit for box in inner)
        assert placed.top + placed.height > max(box.bottom for box in inner)


def test_lanes_of_links_that_pass_each_other_are_apart() -> None:
    generator = np.random.default_rng(0)
    calls = [Call(InputLayer((4, 4, 1), name="x"))]
    for number in range(1, 40):
        sources = {number - 1, *generator.integers(0, number, 2).tolist()}
        calls.append(Call(Add(name=f"a{number}"), tuple(map(Source, sorted(sources)))))
    found = architecture_of(Functional.from_calls(calls, [0], [Source(39)]))
    arrows = [arrow for arrow in lay_out(found, 300).arrows if len(arrow.points) == 4]
    for one in arrows:
        for other in arrows:
            if one.link.source < other.link.source < one.link.target:
                assert one.points[1][0] != other.points[1][0]


def test_sides_that_are_not_known_are_drawn_for_an_input_that_stands_in() -> None:
    model = Sequential([Conv2D(8, 3, input_shape=(None, None, 3)), UpSampling2D()])
    found = architecture_of(model)
    assert [block.sides for block in found.blocks] == [(256, 256, 3), (254, 254, 8), (508, 508, 8)]
    assert all(block.assumed for block in found.blocks)
    assert "? x ? x 8" in diagram_svg(found)
    given = architecture_of(model, input_shapes=[(None, 10, 12, 3)])
    assert [block.sides for block in given.blocks] == [(10, 12, 3), (8, 10, 8), (16, 20, 8)]
    assert not any(block.assumed for block in given.blocks)


def test_the_settings_stand_beside_the_class() -> None:
    layers = [
        Conv2DTranspose(2, 2, strides=2, activation="tanh", input_shape=(4, 4, 3)),
        UpSampling2D((2, 3)),
        Conv2D(2, (3, 5)),
        MaxPooling2D(2),
        MaxPooling2D(2, strides=1),
    ]
    found = architecture_of(Sequential(layers))
    assert [layer.settings for layer in found.layers] == [
        *("", "2x2, strides 2x2, tanh", "by 2x3", "3x5", "2x2", "2x2"),
    ]
    text = diagram_svg(found)
    assert "Conv2DTranspose 2x2, strides 2x2, tanh<" in text


def test_channels_first_are_the_depth_as_well() -> None:
    layer = Conv2D(8, 3, data_format="channels_first", input_shape=(3, 10, 12))
    found = architecture_of(Sequential([layer, LeakyReLU()]))
    assert [block.sides for block in found.blocks] == [(10, 12, 3), (8, 10, 8)]
    assert len(found.blocks[1].layers) == 2


def test_a_layer_that_two_read_stands_alone() -> None:
    calls = [
        Call(InputLayer((4,), name="x")),
        Call(Dense(4, name="d"), (Source(0),)),
        Call(LeakyReLU(name="a"), (Source(1),)),
        Call(Add(name="s"), (Source(1), Source(2))),
    ]
    found = architecture_of(Functional.from_calls(calls, [0], [Source(3)]))
    assert [[one.name for one in block.layers] for block in found.blocks] == [
        ["x"],
        ["d"],
        ["a"],
        ["s"],
    ]


@pytest.mark.parametrize(
    "name",
    [
        "</text><script>alert(1)</script>",
        '"><image href="http://a.b/c.png"/>',
        "&lt;script&gt; &#x3c;b>",
        "]]><!--",
        "x" * 1000,
        "\u0627\u0628 {} ${}",
    ],
)
def test_hostile_names_are_text(name: str) -> None:
    unknown = UnknownLayer(f"C\u202e\x1b{name}", None, {}, "", name=name)
    calls = [Call(InputLayer((4,), name="x")), Call(unknown, (Source(0),))]
    text = diagram_svg(architecture_of(Functional.from_calls(calls, [0], [Source(1)], name=name)))
    svg = ET.fromstring(text)
    tags = {one.tag.removeprefix(SVG) for one in svg.iter()}
    assert tags <= {
        "svg",
        "title",
        "desc",
        "style",
        "rect",
        "text",
        "tspan",
        "g",
        "path",
        "polygon",
    }
    assert not any(
        "href" in key or key.startswith("on") for one in svg.iter() for key in one.attrib
    )
    spans = [one.text or "" for one in svg.iter(f"{SVG}tspan")]
    assert name[:30] in "".join(spans)
    assert max(map(len, spans)) <= 40
    assert not {"\u202e", "\x1b"} & set(text)


def test_the_text_needs_nothing_from_elsewhere() -> None:
    text = diagram_svg(architecture_of(make_generator("dcgan")))
    assert text.count("http") == text.count("http://www.w3.org/2000/svg") == 1
    assert "url(" not in text
    assert not any(one.get("id") for one in ET.fromstring(text).iter())
    assert ET.fromstring(text).findtext(f"{SVG}style") == STYLE


def test_more_layers_than_can_be_looked_at_are_refused() -> None:
    inner: Model = Sequential([LeakyReLU(input_shape=(4,))], name="m0")
    for number in range(1, 12):  # each is called twice by the next: 2 ** 12 layers in all
        calls = [Call(InputLayer((4,), name=f"x{number}"))]
        calls += [Call(inner, (Source(0),)), Call(inner, (Source(1),), node=1)]
        inner = Functional.from_calls(calls, [0], [Source(2)], name=f"m{number}")
    assert len(architecture_of(inner).layers) == 3
    with pytest.raises(ArgumentError, match=r"at most 2,000 layers .* Leave --expand-nested out"):
        architecture_of(inner, expand_nested=True)


def test_a_side_of_any_length_is_drawn() -> None:
    model = Sequential([Reshape((1, 10**9, 1), input_shape=(10**9,))])
    found = diagram_svg(architecture_of(model))
    sizes = [float(one.get("width", "0")) for one in ET.fromstring(found).iter(f"{SVG}rect")]
    assert max(sizes) < 1000
