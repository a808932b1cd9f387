import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tiny_onnx import RedSpots, identity_model

from arni_edge.domain.errors import InvalidInput
from arni_edge.vision.worker.layout import Head, Layout, Shape, read_layout
from arni_edge.vision.worker.onnx_file import read_description, read_metadata

PERSON = {"names": "{0: 'person'}"}
PERSON_AND_DOG = {"names": "{0: 'dog', 1: 'person'}"}


def layout(input_: Shape, output: Shape, metadata: dict[str, str]) -> Layout:
    return read_layout([input_], [output], metadata)


def test_a_plain_export_is_understood() -> None:
    found = layout(
        [1, 3, 640, 640], [1, 84, 8400], {"names": str({i: f"c{i}" for i in range(79)} | {79: "person"})}
    )
    assert (found.height, found.width, found.person) == (640, 640, 79)
    assert found.head([1, 84, 8400]) is Head.PLAIN


def test_a_rectangular_input_is_height_by_width() -> None:
    found = layout([1, 3, 192, 320], [1, 5, 1260], PERSON)
    assert (found.height, found.width) == (192, 320)


def test_the_class_is_found_by_its_name_and_not_by_its_place() -> None:
    assert layout([1, 3, 64, 64], [1, 6, 84], PERSON_AND_DOG).person == 1


def test_an_end_to_end_export_is_understood() -> None:
    assert layout([1, 3, 64, 64], [1, 300, 6], PERSON).head([1, 300, 6]) is Head.END_TO_END


def test_a_yolox_of_coco_is_understood_without_names() -> None:
    found = layout([1, 3, 416, 416], [1, 3549, 85], {})
    assert (found.head([1, 3549, 85]), found.classes[found.person], len(found.classes)) == (
        Head.YOLOX,
        "person",
        80,
    )


def test_a_rectangular_yolox_has_as_many_rows_as_its_grids_have_cells() -> None:
    assert layout([1, 3, 384, 640], [1, 5040, 85], {}).head([1, 5040, 85]) is Head.YOLOX


def test_a_yolox_of_one_named_class_is_told_from_an_end_to_end_export() -> None:
    """Both have six columns; only the one has a row per cell."""
    found = layout([1, 3, 64, 64], [1, 84, 6], PERSON)
    assert (found.head([1, 84, 6]), found.head([1, 300, 6])) == (Head.YOLOX, Head.END_TO_END)


def test_an_open_batch_takes_several_pictures() -> None:
    assert layout(["batch", 3, 64, 64], ["batch", 5, 84], PERSON).many
    assert not layout([1, 3, 64, 64], [1, 5, 84], PERSON).many


def test_open_sizes_are_taken_from_what_the_model_was_exported_for() -> None:
    found = layout(["batch", 3, "height", None], ["batch", 5, "anchors"], PERSON | {"imgsz": "[384, 640]"})
    assert (found.height, found.width) == (384, 640)


def test_open_sizes_without_a_hint_are_640() -> None:
    assert layout([None, 3, None, None], [None, None, None], PERSON).width == 640


@pytest.mark.parametrize(
    ("input_", "output", "metadata", "complaint"),
    [
        ([1, 3, 416, 416], [1, 3549, 84], {}, r"\[1, 3549, 84\].*does not name its classes"),
        ([1, 3, 416, 416], [1, 85, 3549], {}, r"\[1, 85, 3549\].*does not name its classes"),
        ([1, 3, 416, 416], [1, 10647, 85], {}, r"\[1, 10647, 85\].*a YOLOX export \[1, 3549, 85\]"),
        ([1, 3, 416, 416], [1, 3549, 85], {"names": "80"}, "does not name its classes"),
        ([1, 3, 640, 640], [1, 25200, 85], {"names": str(dict.fromkeys(range(80), "person"))}, "25200"),
        ([1, 3, 64, 64], [1, 56, 84], PERSON, r"\[1, 56, 84\].*\[1, 5, N\]"),
        ([1, 3, 64, 64], [1, 6, 84], {"names": "{0: 'cat', 1: 'dog'}"}, "no class 'person', only: cat, dog"),
        ([1, 64, 64, 3], [1, 5, 84], PERSON, r"input is \[1, 64, 64, 3\]"),
        ([8, 3, 64, 64], [8, 5, 84], PERSON, r"input is \[8"),
        ([1, 3, 100, 100], [1, 5, 84], PERSON, "multiples of 32"),
        ([1, 3, 64], [1, 5, 84], PERSON, "input"),
        ([1, 3, 64, 64], [1, 5, 84], {"names": "__import__('os').getcwd()"}, "does not name"),
        ([1, 3, 64, 64], [1, 5, 84], {"names": "{1: 'person'}"}, "does not name"),
        ([1, 3, None, None], [1, 5, 84], PERSON | {"imgsz": "['a', 'b']"}, "multiples of 32"),
    ],
)
def test_what_is_not_understood_is_refused_with_what_was_found(
    input_: Shape, output: Shape, metadata: dict[str, str], complaint: str
) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        layout(input_, output, metadata)


def test_a_segmentation_model_with_two_outputs_is_refused() -> None:
    with pytest.raises(InvalidInput, match="2 outputs"):
        read_layout([[1, 3, 64, 64]], [[1, 37, 84], [1, 32, 16, 16]], PERSON)


def test_the_description_of_a_file_is_read() -> None:
    model = identity_model([1, 3, 32, 32], {"names": "{0: 'person'}", "author": "Ümit"})
    assert read_metadata(model) == {"names": "{0: 'person'}", "author": "Ümit"}


def test_what_a_file_says_of_its_inputs_and_outputs_is_read() -> None:
    found = read_description(RedSpots(64, 96, "batch").yolox())
    assert [(port.name, port.type, port.shape) for port in found.inputs + found.outputs] == [
        ("images", "float32", ("batch", 3, 64, 96)),
        ("output0", "float32", ("batch", 126, 85)),
    ]


@given(st.binary(max_size=300))
def test_whatever_a_file_holds_the_only_error_is_ours(content: bytes) -> None:
    with contextlib.suppress(InvalidInput):
        read_metadata(content)


@given(st.integers(0, 150))
def test_half_a_file_is_read_as_far_as_it_is_whole_or_refused(cut: int) -> None:
    model = identity_model([1, 3, 32, 32], PERSON)
    with contextlib.suppress(InvalidInput):
        assert read_metadata(model[:cut]).items() <= PERSON.items()
