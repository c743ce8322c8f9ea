"""What inputs are taken for, by their shapes, types, names and uses."""

from effort import in_one_test
from golden_files import golden_model, golden_models, model_file

from upsamp import Sequential
from upsamp.layers import Concatenate, Dense, Embedding, Flatten, InputLayer, Layer
from upsamp.models.files.loading import load_model
from upsamp.models.functional import Functional
from upsamp.models.graph import Call, Source
from upsamp.models.model import Model
from upsamp.models.sampling.input_roles import input_roles

EXPECTED = {
    "dcgan": [("latent", None)],
    "upsampling_generator": [("latent", None)],
    "conditional_gan": [("latent", None), ("label", 10)],
    "conditional_gan_multiply": [("latent", None), ("label", 10)],
    "conditional_gan_one_hot": [("latent", None), ("one_hot", 10)],
    "pix2pix": [("image", None)],
    "wgan_gp": [("latent", None)],
    "srgan": [("image", None)],
    "nested": [("latent", None)],
    "shared": [("image", None), ("image", None)],
    "every_layer": [("image", None)],
    "attention": [("unknown", None)],
    "compiled": [("latent", None)],
}


def roles_of(model: Model) -> list[tuple[str, int | None]]:
    return [(one.role, one.classes) for one in input_roles(model)]


@in_one_test("golden", [m for m in golden_models() if m.name in EXPECTED])
def test_the_inputs_of_the_well_known_generators_are_told_apart(golden: object) -> None:
    name = str(golden).split("/")[1]
    model = load_model(model_file(f"{golden}.keras"))
    assert roles_of(model) == EXPECTED[name]
    said = golden_model(str(golden).split("/", maxsplit=1)[0], name).said["inputs"]
    assert [one.name for one in input_roles(model)] == said


def joined(*inputs: InputLayer) -> Functional:
    """Join inputs that are vectors."""
    calls = [Call(one) for one in inputs]
    sources = tuple(Source(number) for number in range(len(calls)))
    join: Layer = Concatenate() if len(inputs) > 1 else Flatten()
    return Functional.from_calls(
        [*calls, Call(join, sources)], range(len(calls)), [Source(len(calls))]
    )


def test_names_tell_labels_beside_a_latent_vector() -> None:
    noise = InputLayer((8,), name="noise")
    for name in ("label", "class_vector", "one_hot", "OneHot", "LABELS"):
        model = joined(InputLayer((8,), name="noise"), InputLayer((5,), name=name))
        assert roles_of(model) == [("latent", None), ("one_hot", 5)]
    assert roles_of(joined(noise, InputLayer((1,), name="label"))) == [
        ("latent", None),
        ("label", None),
    ]


def labelled_roles(*inputs: InputLayer) -> list[tuple[str, int | None]]:
    return [(one.role, one.classes) for one in input_roles(joined(*inputs), labelled=True)]


def test_labels_that_are_given_tell_which_vector_takes_them() -> None:
    noise, condition = InputLayer((8,), name="input_1"), InputLayer((5,), name="input_2")
    assert labelled_roles(noise, condition) == [("latent", None), ("one_hot", 5)]
    assert labelled_roles(condition, noise) == [("one_hot", 5), ("latent", None)]
    longer = InputLayer((9,), name="class_vector")
    assert labelled_roles(noise, longer) == [("latent", None), ("one_hot", 9)]
    whole = InputLayer((5,), name="input_3", dtype="int32")
    assert labelled_roles(noise, whole) == [("latent", None), ("one_hot", 5)]
    code = InputLayer((9,), name="c")
    assert labelled_roles(InputLayer((8,), name="z"), code) == [("latent", None), ("one_hot", 9)]
    assert labelled_roles(code, InputLayer((8,), name="noise_1")) == [
        ("one_hot", 9),
        ("latent", None),
    ]
    # Another input takes them already, or nothing tells which.
    assert labelled_roles(noise, InputLayer((1,), name="label")) == [
        ("latent", None),
        ("label", None),
    ]
    alike = InputLayer((8,), name="input_4")
    assert labelled_roles(noise, alike) == [("unknown", None), ("unknown", None)]
    assert labelled_roles(noise) == [("latent", None)]
    assert labelled_roles(longer) == [("one_hot", 9)]


def test_a_vector_that_is_alone_is_the_latent_one_whatever_its_name() -> None:
    assert roles_of(joined(InputLayer((8,), name="label"))) == [("latent", None)]


def test_integers_are_labels_and_the_model_need_not_tell_how_many() -> None:
    model = joined(InputLayer((8,)), InputLayer((1,), dtype="int32", name="y"))
    assert roles_of(model) == [("latent", None), ("label", None)]


def test_a_vector_at_a_single_pixel_is_a_latent_one() -> None:
    for shape in ((1, 1, 100), (100, 1, 1)):
        assert roles_of(joined(InputLayer(shape))) == [("latent", None)]
    for image in ((1, 1, 1), (1, 2, 100), (None, 1, 1)):
        assert roles_of(joined(InputLayer(image))) == [("image", None)]


def test_an_embedding_in_a_nested_model_tells_the_classes() -> None:
    inner = Sequential([InputLayer((1,)), Embedding(7, 4), Flatten()], name="inner")
    calls = [
        Call(InputLayer((8,), name="z")),
        Call(InputLayer((1,), name="which")),
        Call(inner, (Source(1),)),
        Call(Concatenate(), (Source(0), Source(2))),
    ]
    model = Functional.from_calls(calls, [0, 1], [Source(3)])
    assert roles_of(model) == [("latent", None), ("label", 7)]
    assert roles_of(Sequential([inner, Dense(2)])) == [("label", 7)]


def test_what_could_be_anything_is_unknown() -> None:
    assert (
        roles_of(joined(InputLayer((8,), name="a"), InputLayer((8,), name="b")))
        == [("unknown", None)] * 2
    )
    labels = [InputLayer((1,), dtype="int32", name=name) for name in "xy"]
    assert roles_of(joined(*labels, InputLayer((8,)))) == [
        *[("unknown", None)] * 2,
        ("latent", None),
    ]
    assert roles_of(joined(InputLayer((4, 6)))) == [("unknown", None)]
    assert roles_of(joined(InputLayer((None,)))) == [("unknown", None)]


def test_a_role_is_shown_by_name_and_shape() -> None:
    assert str(input_roles(joined(InputLayer((8,), name="z")))[0]) == "'z' (None, 8)"
