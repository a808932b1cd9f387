from hypothesis import given
from hypothesis import strategies as st

from arni_edge.vision.scene.ownership import same_floor


def test_zones_that_show_different_floors_are_no_group() -> None:
    assert same_floor({"a": None, "b": None}) == ()
    assert same_floor({}) == ()


def test_zones_that_show_the_same_floor_are_one_group() -> None:
    zones = {"weights-1": None, "mats": None, "weights-2": "weights-1", "weights-3": "weights-1"}
    assert same_floor(zones) == (frozenset({"weights-1", "weights-2", "weights-3"}),)


def test_a_zone_that_does_not_exist_is_nobodys_floor() -> None:
    assert same_floor({"a": "gone", "b": None}) == ()


def test_zones_in_a_chain_or_ring_are_one_group() -> None:
    assert same_floor({"a": "b", "b": "c", "c": None, "d": "e", "e": "d"}) == (
        frozenset({"a", "b", "c"}),
        frozenset({"d", "e"}),
    )


@given(st.dictionaries(st.sampled_from("abcdef"), st.one_of(st.none(), st.sampled_from("abcdefg"))))
def test_no_zone_is_in_two_groups_and_whoever_points_is_with_whom_they_point_to(
    zones: dict[str, str | None],
) -> None:
    groups = same_floor(zones)
    members = [zone for group in groups for zone in group]
    assert len(members) == len(set(members))
    assert set(members) <= zones.keys()
    for zone, same_as in zones.items():
        if same_as in zones and same_as != zone:
            assert any({zone, same_as} <= group for group in groups)
