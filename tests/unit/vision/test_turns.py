from arni_edge.vision.worker.turns import Rate, Turns


def looks(turns: Turns, cameras: list[str], seconds: float, cost: float, urgent: str = "") -> dict[str, int]:
    """Serve cameras that always have a picture worth looking at, each look taking ``cost`` seconds."""
    counts = dict.fromkeys(cameras, 0)
    now = 0.0
    while now < seconds:
        for camera in turns.glances(cameras, now):
            turns.wish(camera, now, urgent=not urgent or camera == urgent)
        served = turns.look(cameras, now)
        if served is None:
            now += max(turns.pause(now), 1e-6)
            continue
        counts[served] += 1
        now += cost
    return counts


def test_each_camera_gets_its_rate_and_no_more() -> None:
    counts = looks(Turns(["a", "b"], per_second=5), ["a", "b"], seconds=10, cost=0.01)
    assert all(49 <= count <= 51 for count in counts.values())


def test_when_there_is_too_much_to_do_shares_are_fair() -> None:
    cameras = ["a", "b", "c"]
    counts = looks(Turns(cameras, per_second=5), cameras, seconds=30, cost=0.2)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_a_camera_without_a_picture_holds_up_nobody() -> None:
    turns = Turns(["dead", "alive"], per_second=5)
    assert turns.glances(["alive"], 0.0) == ["alive"]
    turns.wish("alive", 0.0, urgent=True)
    assert turns.look(["dead", "alive"], 0.0) == "alive"


def test_a_camera_where_something_moves_goes_before_one_that_is_looked_at_to_be_sure() -> None:
    turns = Turns(["still", "moving"], per_second=5)
    turns.wish("still", 0.0, urgent=False)
    turns.wish("moving", 0.1, urgent=True)
    assert turns.look(["still", "moving"], 0.1) == "moving"
    assert turns.look(["still", "moving"], 0.1) == "still"
    assert turns.look(["still", "moving"], 0.1) is None


def test_looks_to_be_sure_are_put_off_but_never_left_out() -> None:
    cameras = ["busy", "still"]
    counts = looks(Turns(cameras, per_second=10), cameras, seconds=30, cost=0.1, urgent="busy")
    assert counts["busy"] > 5 * counts["still"]
    assert counts["still"] >= 20


def test_a_camera_that_waits_for_a_look_is_not_glanced_at_meanwhile() -> None:
    turns = Turns(["a"], per_second=5)
    turns.wish("a", 0.0, urgent=True)
    assert turns.glances(["a"], 10.0) == []
    turns.forget("a")
    assert turns.look(["a"], 10.0) is None
    assert turns.glances(["a"], 10.0) == ["a"]


def test_a_camera_that_is_being_looked_at_waits_for_its_turn() -> None:
    turns = Turns(["a", "b"], per_second=5)
    turns.wish("a", 0.0, urgent=True)
    assert turns.look(["b"], 0.0) is None
    assert turns.look(["a", "b"], 0.0) == "a"


def test_what_was_missed_is_not_made_up_for() -> None:
    rate = Rate(5)
    rate.took(100.0)
    assert not rate.due(100.1)
    rate.took(160.0)
    assert not rate.due(160.1)
    assert rate.due(160.2)


def test_pictures_that_come_at_an_odd_rate_are_taken_at_the_asked_one_on_average() -> None:
    for offered in (5, 7, 10, 12, 12.5, 15, 25):
        rate, taken = Rate(5), 0
        for index in range(int(20 * offered)):
            if rate.due(index / offered):
                rate.took(index / offered)
                taken += 1
        assert 98 <= taken <= 101, offered
