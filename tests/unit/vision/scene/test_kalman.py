from hypothesis import given
from hypothesis import strategies as st
from support.people import person

from arni_edge.vision.scene.kalman import Motion


def _walking(rate: float, seconds: float = 2.0) -> Motion:
    """Somebody who walks a tenth of the picture per second, seen so often."""
    motion = Motion(person(0.3), 0.0)
    for number in range(1, round(seconds * rate) + 1):
        at = number / rate
        motion.advance(at)
        motion.see(person(0.3 + 0.1 * at))
    return motion


def test_somebody_who_walks_is_expected_where_they_will_be() -> None:
    motion = _walking(rate=10)
    motion.advance(2.2)
    expected = (motion.sides[0] + motion.sides[2]) / 2
    assert abs(expected - 0.52) < 0.006


def test_the_rate_of_the_looks_does_not_matter() -> None:
    """Trackers that count in pictures see a walker at 3/s go three times as fast as one at 10/s."""
    for rate in (3, 5, 10, 25):
        speed = _walking(rate).speed
        assert abs((speed[0] + speed[2]) / 2 - 0.1) < 0.015, rate


@given(st.floats(0.01, 2), st.floats(0.01, 2))
def test_two_steps_are_one_long_step(first: float, second: float) -> None:
    in_two, in_one = _walking(5), _walking(5)
    in_two.advance(2 + first)
    in_two.advance(2 + first + second)
    in_one.advance(2 + first + second)
    assert all(abs(a - b) < 1e-9 for a, b in zip(in_two.sides, in_one.sides, strict=True))
    assert all(abs(a - b) < 1e-9 for a, b in zip(in_two.unsure, in_one.unsure, strict=True))


def test_the_longer_nobody_looked_the_less_is_known() -> None:
    motion, before = _walking(5), 0.0
    for seconds in (0.2, 1.0, 5.0, 60.0):
        motion.advance(2 + seconds)
        assert motion.unsure[0] > before
        before = motion.unsure[0]


def test_nobody_walks_through_the_wall_while_nobody_looks() -> None:
    motion = _walking(5)
    motion.advance(600.0)
    left, top, right, bottom = motion.sides
    assert 0 <= left < right <= 1
    assert 0 <= top < bottom <= 1
    # Where they would have stopped, not a minute's walk further on.
    assert (left + right) / 2 < 0.65


def test_the_past_changes_nothing() -> None:
    motion = _walking(5)
    sides = motion.sides
    motion.advance(1.0)
    assert motion.sides == sides
    assert motion.at == 2.0
