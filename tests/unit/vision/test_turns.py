from arni_edge.vision.worker.turns import Turns


def looks(turns: Turns, cameras: list[str], seconds: float, cost: float) -> dict[str, int]:
    """Serve cameras that always have a picture, each look taking ``cost`` seconds."""
    counts = dict.fromkeys(cameras, 0)
    now = 0.0
    while now < seconds:
        camera = turns.next(cameras, now)
        if camera is None:
            now += turns.pause(now)
            continue
        counts[camera] += 1
        turns.served(camera, now)
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
    assert turns.next(["alive"], 0.0) == "alive"


def test_looks_that_were_missed_are_not_made_up_for() -> None:
    turns = Turns(["a"], per_second=5)
    turns.served("a", 100.0)
    assert turns.next(["a"], 100.1) is None
    turns.served("a", 160.0)
    assert turns.next(["a"], 160.1) is None
