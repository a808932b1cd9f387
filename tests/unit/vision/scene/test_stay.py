from arni_edge.vision.scene.stay import Crowd, mean_stay


def test_the_mean_stay_is_of_those_who_are_there() -> None:
    assert mean_stay([0.0, 10.0], 20.0) == 15.0
    assert mean_stay([], 20.0) is None


def test_a_zone_without_a_limit_is_never_crowded() -> None:
    crowd = Crowd(None, 0.0)
    assert not any(crowd.saw(1000, at) for at in range(100))


def test_a_crowd_needs_its_time_without_a_break() -> None:
    crowd = Crowd(2, 10.0)
    assert [crowd.saw(3, at) for at in (0, 5, 9)] == [False] * 3
    assert not crowd.saw(2, 9.5)
    assert [crowd.saw(3, at) for at in (10, 19, 20)] == [False, False, True]


def test_a_crowd_is_over_when_there_were_few_enough_for_ten_seconds() -> None:
    crowd = Crowd(2, 60.0)
    crowd.saw(3, 0)
    assert crowd.saw(3, 60)
    assert [crowd.saw(2, at) for at in (61, 70)] == [True, True]
    assert not crowd.saw(2, 71)


def test_a_crowd_that_counts_at_once_is_over_at_once() -> None:
    crowd = Crowd(2, 0.0)
    assert [crowd.saw(count, at) for at, count in enumerate((2, 3, 2, 3))] == [False, True, False, True]
