from hypothesis import given
from hypothesis import strategies as st

from arni_edge.vision.orders import ZoneOrder
from arni_edge.vision.scene.geometry import Box, Region
from arni_edge.vision.scene.report import Track
from arni_edge.vision.scene.zones import ZoneCounter

SHARE = st.floats(0, 1)
LEFT_HALF = Region("left", ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
RIGHT_HALF = Region("right", ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
EVERYWHERE = Region("all", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
# An L: the top right quarter is left out.
CORNER = Region("corner", ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)))


def person(x: float, y: float) -> Box:
    return Box(x, 0.0, x, y, 0.9)


def count(people: list[Box], regions: list[Region]) -> dict[str, int]:
    """By the zones of a camera, at its first look."""
    tracks = [Track(number, box, 0.0, 0.0, 3, 0.9, confirmed=True) for number, box in enumerate(people)]
    zones = ZoneCounter([ZoneOrder(id=region.id, polygon=region.polygon) for region in regions])
    return {zone: view.count for zone, view in zones.saw(tracks, (), 0.0).items()}


@st.composite
def rectangles(draw: st.DrawFn) -> Region:
    x = sorted(draw(st.tuples(SHARE, SHARE)))
    y = sorted(draw(st.tuples(SHARE, SHARE)))
    return Region("r", ((x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])))


def test_a_person_stands_where_the_box_meets_the_floor() -> None:
    assert Box(0.2, 0.1, 0.4, 0.9, 0.5).foot == (0.30000000000000004, 0.9)


def test_somebody_whose_head_is_in_a_zone_but_whose_feet_are_not_is_not_in_it() -> None:
    top = Region("top", ((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5)))
    assert count([person(0.5, 0.8)], [top]) == {"top": 0}


def test_somebody_cut_by_the_lower_edge_of_the_picture_is_in_a_zone_drawn_to_that_edge() -> None:
    assert count([person(0.5, 1.0)], [EVERYWHERE]) == {"all": 1}


def test_the_notch_of_an_angled_zone_is_outside() -> None:
    assert not CORNER.contains((0.75, 0.25))
    assert CORNER.contains((0.75, 0.75))
    assert CORNER.contains((0.25, 0.25))


def test_where_zones_overlap_the_first_one_owns_the_person() -> None:
    assert count([person(0.2, 0.5)], [LEFT_HALF, EVERYWHERE]) == {"left": 1, "all": 0}


def test_a_zone_without_anybody_has_a_count_of_zero() -> None:
    assert count([], [LEFT_HALF, RIGHT_HALF]) == {"left": 0, "right": 0}


@given(st.lists(st.builds(person, SHARE, SHARE), max_size=20))
def test_nobody_is_counted_twice_and_nobody_gets_lost_between_neighbouring_zones(people: list[Box]) -> None:
    counts = count(people, [LEFT_HALF, RIGHT_HALF])
    assert sum(counts.values()) == len(people)


@given(rectangles(), SHARE, SHARE)
def test_a_rectangle_contains_what_lies_between_its_sides(region: Region, x: float, y: float) -> None:
    (left, top), _, (right, bottom), _ = region.polygon
    # Within 1e-9 of an edge either answer is right.
    assert not (left + 1e-8 < x < right - 1e-8 and top + 1e-8 < y < bottom - 1e-8) or region.contains((x, y))
    if x < left - 1e-4 or x > right + 1e-4 or y < top - 1e-4 or y > bottom + 1e-4:
        thin = right - left < 1e-4 or bottom - top < 1e-4
        assert thin or not region.contains((x, y))


@given(rectangles(), SHARE, SHARE)
def test_it_does_not_matter_at_which_corner_and_in_which_direction_a_zone_was_drawn(
    region: Region, x: float, y: float
) -> None:
    corners = region.polygon
    turned = Region("r", corners[2:] + corners[:2])
    mirrored = Region("r", corners[::-1])
    near = any(abs(x - cx) < 1e-6 for cx, _ in corners) or any(abs(y - cy) < 1e-6 for _, cy in corners)
    answer = region.contains((x, y))
    assert near or turned.contains((x, y)) == mirrored.contains((x, y)) == answer
