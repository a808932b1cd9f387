from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from arni_edge.vision.scene.association import best_pairs, overlap

SHARE = st.floats(0, 1)


@st.composite
def worths(draw: st.DrawFn) -> dict[tuple[int, int], float]:
    pairs = [
        (row, column) for row in range(draw(st.integers(1, 4))) for column in range(draw(st.integers(1, 4)))
    ]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True))
    return {pair: draw(st.floats(0.01, 1)) for pair in chosen}


def _best_by_trying_all(worth: dict[tuple[int, int], float]) -> float:
    rows = sorted({row for row, _ in worth})
    columns = sorted({column for _, column in worth})
    columns += [-1] * len(rows)
    return max(
        (
            sum(worth.get(pair, 0.0) for pair in zip(rows, order, strict=False))
            for order in permutations(columns)
        ),
        default=0.0,
    )


@given(worths())
def test_no_other_pairs_are_worth_more(worth: dict[tuple[int, int], float]) -> None:
    pairs = best_pairs(worth)
    assert abs(sum(worth[pair] for pair in pairs) - _best_by_trying_all(worth)) < 1e-9


@given(worths())
def test_nobody_is_in_two_pairs_and_only_possible_pairs_are_made(worth: dict[tuple[int, int], float]) -> None:
    pairs = best_pairs(worth)
    assert set(pairs) <= worth.keys()
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)


def test_who_fits_best_gives_way_when_both_gain_by_it() -> None:
    # The first fits the first box a little better than the second, but the second fits no other at all.
    assert best_pairs({(0, 0): 0.9, (0, 1): 0.8, (1, 0): 0.7}) == [(0, 1), (1, 0)]


def test_among_equal_choices_it_is_always_the_same_one() -> None:
    worth = {(row, column): 0.5 for row in range(3) for column in range(3)}
    assert best_pairs(worth) == best_pairs(dict(reversed(worth.items())))


def test_boxes_that_only_touch_do_not_overlap_until_they_are_grown() -> None:
    left, right = (0.0, 0.0, 0.1, 0.4), (0.1, 0.0, 0.2, 0.4)
    assert overlap(left, right) == 0.0
    assert 0.3 < overlap(left, right, (0.05, 0.0)) < 0.4


@given(st.tuples(SHARE, SHARE), SHARE)
def test_a_box_overlaps_itself_wholly_however_much_it_is_grown(
    corner: tuple[float, float], grown: float
) -> None:
    box = (*corner, corner[0] + 0.1, corner[1] + 0.3)
    assert abs(overlap(box, box, (grown, grown)) - 1) < 1e-9
