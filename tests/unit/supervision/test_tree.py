"""The task tree: restarts, silence, lateness, and the way it stops."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs
from support.clock import ManualClock
from support.waiting import eventually

from arni_edge.bus import Bus
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Health, Progress, State
from arni_edge.supervision import Child, HealthBoard, RestartPolicy, Supervisor, tree
from arni_edge.supervision.tree import SETTLED_SECONDS

QUICK = RestartPolicy(first_delay=0.01, longest_delay=0.02)
SILENCE = 30.0
TICK = 0.05


class House:
    """A supervisor on a clock that the test moves."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.board = HealthBoard(Bus(), self.clock)
        self.tree = Supervisor(self.board, self.clock, policy=QUICK, stop_seconds=0.5)

    @asynccontextmanager
    async def running(self, *children: Child) -> AsyncIterator[None]:
        for child in children:
            self.tree.add(child)
        task = asyncio.create_task(self.tree.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    def health(self, part: str) -> Health:
        health = self.board.of(part)
        assert health is not None
        return health

    async def until(self, part: str, state: State) -> None:
        def is_so() -> bool:
            health = self.board.of(part)
            return health is not None and health.state is state

        await eventually(is_so, otherwise=f"{part} did not come to be {state}")


class Part:
    """A part whose behaviour the test chooses; it may be changed between two of its starts.

    Attributes:
        starts: How often it was started.
        ended: In which order parts of one test ended.
    """

    def __init__(self, name: str = "part", ended: list[str] | None = None) -> None:
        self.name = name
        self.starts = 0
        self.ended = ended if ended is not None else []
        self.error: Exception | None = None
        self.moves = True

    async def run(self, progress: Progress) -> None:
        self.starts += 1
        try:
            if self.error is not None:
                raise self.error
            while True:
                if self.moves:
                    progress()
                await asyncio.sleep(0.01)
        finally:
            self.ended.append(self.name)

    def child(self, silence_seconds: float | None = SILENCE) -> Child:
        return Child(self.name, self.run, silence_seconds)


@pytest.fixture(autouse=True)
def quick_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tree looks after its children once a second; tests do not wait that long."""
    monkeypatch.setattr(tree, "_TICK_SECONDS", TICK)


@pytest.fixture
def house() -> House:
    return House()


async def ticks(number: int) -> None:
    """Let the tree look after its children at least so often."""
    await asyncio.sleep((number + 2) * TICK)


# --- restarts ---------------------------------------------------------------------------------------------


async def test_a_part_that_moves_is_ok(house: House) -> None:
    part = Part()
    async with house.running(part.child()):
        await house.until("part", State.OK)
        assert house.tree.late == []
    assert part.starts == 1


async def test_a_part_that_fails_is_down_with_its_reason_and_started_again(house: House) -> None:
    part = Part()
    part.error = Unavailable("the lock does not answer")
    async with house.running(part.child()):
        await eventually(lambda: part.starts >= 3)
        assert (house.health("part").state, house.health("part").reason) == (
            State.DOWN,
            "the lock does not answer",
        )


async def test_an_expected_error_is_logged_once_however_often_it_comes(house: House) -> None:
    part = Part()
    part.error = Unavailable("the lock does not answer")
    with capture_logs() as logs:
        async with house.running(part.child()):
            await eventually(lambda: part.starts >= 4)
            part.error = Unavailable("the lock is jammed")
            await eventually(lambda: house.health("part").reason == "the lock is jammed")
            part.error = None
            await eventually(lambda: part.ended.count("part") < part.starts)
    failed = [(log["reason"], log["log_level"]) for log in logs if log["event"] == "part_failed"]
    assert failed == [("the lock does not answer", "warning"), ("the lock is jammed", "warning")]


async def test_a_bug_is_logged_with_its_traceback_and_shown_without_its_words(house: House) -> None:
    part = Part()
    part.error = KeyError("Erika Mustermann")
    with capture_logs() as logs:
        async with house.running(part.child()):
            await eventually(lambda: part.starts >= 2)
            assert house.health("part").reason == "crashed: KeyError"
    crash = next(log for log in logs if log["event"] == "part_crashed")
    assert (crash["log_level"], crash["exc_info"]) == ("error", part.error)


async def test_a_part_that_returns_has_failed(house: House) -> None:
    async def returns(_: Progress) -> None:
        return

    async with house.running(Child("part", returns)):
        await house.until("part", State.DOWN)
        assert house.health("part").reason == "ended although it should run for ever"


async def test_a_part_that_cannot_even_be_called_does_not_harm_the_tree(house: House) -> None:
    def no_coroutine(_: Progress) -> asyncio.Future[None]:
        raise TypeError

    other = Part("other")
    async with house.running(Child("part", no_coroutine), other.child()):
        await house.until("part", State.DOWN)
        await house.until("other", State.OK)


async def test_a_part_whose_own_task_was_cancelled_by_a_bug_is_started_again(house: House) -> None:
    starts: list[int] = []

    async def cancelled(_: Progress) -> None:
        starts.append(1)
        raise asyncio.CancelledError

    async with house.running(Child("part", cancelled)):
        await eventually(lambda: len(starts) >= 3)
        assert house.health("part").reason == "crashed: CancelledError"


async def test_one_part_that_fails_does_not_disturb_another(house: House) -> None:
    bad, good = Part("bad"), Part("good")
    bad.error = ValueError()
    async with house.running(bad.child(), good.child()):
        await eventually(lambda: bad.starts >= 5)
        assert good.starts == 1


async def test_down_since_does_not_begin_anew_with_every_try(house: House) -> None:
    part = Part()

    async def moves_a_little(progress: Progress) -> None:
        part.starts += 1
        progress()
        await asyncio.sleep(0)
        house.clock.advance(0.1)
        raise Unavailable("gone again")

    async with house.running(Child("part", moves_a_little)):
        await house.until("part", State.DOWN)
        since = house.health("part").since
        await eventually(lambda: part.starts >= 10)
        assert house.health("part").since == since


@pytest.mark.parametrize("silence_seconds", [SILENCE, None])
async def test_a_part_is_ok_again_when_it_has_settled(house: House, silence_seconds: float | None) -> None:
    part = Part()
    part.error = Unavailable("gone")
    part.moves = silence_seconds is not None
    async with house.running(part.child(silence_seconds)):
        await house.until("part", State.DOWN)
        part.error = None
        await eventually(lambda: len(part.ended) < part.starts)
        assert house.health("part").state is State.DOWN
        house.clock.advance(SETTLED_SECONDS)
        await house.until("part", State.OK)


async def test_a_part_that_calls_itself_degraded_is_left_alone(house: House) -> None:
    part = Part()
    house.board.report("part", State.DEGRADED, "is starting")
    async with house.running(part.child()):
        await eventually(lambda: part.starts)
        house.clock.advance(SETTLED_SECONDS)
        await ticks(2)
        assert house.health("part").reason == "is starting"


# --- silence ----------------------------------------------------------------------------------------------


async def test_a_silent_part_is_started_again_and_well_when_that_helps(house: House) -> None:
    part = Part()
    part.moves = False
    with capture_logs() as logs:
        async with house.running(part.child()):
            await eventually(lambda: part.starts)
            house.clock.advance(SILENCE + 1)
            await eventually(lambda: part.starts == 2)
            assert house.health("part").reason == "made no progress for 30 s and was restarted"
            assert house.tree.late == []
            part.moves = True
            house.clock.advance(SETTLED_SECONDS)
            await house.until("part", State.OK)
            house.clock.advance(SILENCE - 1)
            assert house.tree.late == []
    assert [log["seconds"] for log in logs if log["event"] == "part_silent"] == [31]


async def test_a_part_that_restarting_does_not_help_is_late(house: House) -> None:
    part = Part()
    part.moves = False
    async with house.running(part.child()):
        await eventually(lambda: part.starts == 1)
        house.clock.advance(SILENCE + 1)
        await eventually(lambda: part.starts == 2)
        assert house.tree.late == []
        house.clock.advance(SILENCE + 1)
        assert house.tree.late == ["part"]
        await eventually(lambda: part.starts == 3)
        assert house.tree.late == ["part"]


async def test_a_late_part_that_moves_again_is_late_no_longer(house: House) -> None:
    part = Part()
    part.moves = False
    async with house.running(part.child()):
        await eventually(lambda: part.starts == 1)
        house.clock.advance(2 * SILENCE + 1)
        assert house.tree.late == ["part"]
        part.moves = True
        await eventually(lambda: house.tree.late == [])


async def test_a_part_that_refuses_its_restart_is_told_again_and_late(house: House) -> None:
    told: list[float] = []
    over = asyncio.Event()

    async def refuses(_: Progress) -> None:
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                told.append(house.clock.monotonic())

    async with house.running(Child("part", refuses, SILENCE)):
        await eventually(lambda: house.tree._kept[0].runs)
        for number in (1, 2):
            house.clock.advance(SILENCE + 1)
            await eventually(lambda number=number: len(told) == number)  # type: ignore[misc]
        await ticks(1)
        assert len(told) == 2
        assert house.tree.late == ["part"]
        over.set()


async def test_a_part_that_fails_instead_of_hanging_is_never_late(house: House) -> None:
    part = Part()
    part.error = Unavailable("nobody listens")
    async with house.running(part.child()):
        for _ in range(5):
            before = part.starts
            house.clock.advance(SILENCE)
            assert house.tree.late == []
            await eventually(lambda before=before: part.starts > before + 1)  # type: ignore[misc]


async def test_a_part_that_may_be_silent_is_left_alone(house: House) -> None:
    part = Part()
    part.moves = False
    async with house.running(part.child(silence_seconds=None)):
        await eventually(lambda: part.starts)
        house.clock.advance(1_000_000)
        await ticks(2)
        assert part.starts == 1
        assert house.tree.late == []
        assert house.health("part").state is State.OK


async def test_nobody_is_blamed_when_the_whole_process_stood_still() -> None:
    clock = SystemClock()
    supervisor = Supervisor(HealthBoard(Bus(), clock), clock, policy=QUICK)
    part = Part()
    supervisor.add(part.child(silence_seconds=1.0))
    with capture_logs() as logs:
        task = asyncio.create_task(supervisor.run())
        await eventually(lambda: part.starts)
        time.sleep(2.5)  # noqa: ASYNC251 - as SIGSTOP would do it
        assert supervisor.late == ["part"]
        await ticks(2)
        assert supervisor.late == []
        task.cancel()
        await asyncio.wait({task})
    assert part.starts == 1
    assert "stood_still" in {log["event"] for log in logs}


# --- the end ----------------------------------------------------------------------------------------------


async def test_children_stop_one_after_the_other_in_reverse_order(house: House) -> None:
    ended: list[str] = []

    class Slow(Part):
        async def run(self, progress: Progress) -> None:
            try:
                await super().run(progress)
            finally:
                self.ended.remove(self.name)
                await asyncio.sleep(0.02)
                self.ended.append(self.name)

    async with house.running(*(Slow(name, ended).child() for name in ("first", "second", "third"))):
        await house.until("third", State.OK)
        assert ended == []
    assert ended == ["third", "second", "first"]


async def test_a_part_that_refuses_to_stop_holds_up_nobody(house: House) -> None:
    over = asyncio.Event()

    async def refuses(progress: Progress) -> None:
        progress()
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                continue

    before, after = Part("before"), Part("after")
    with capture_logs() as logs:
        async with house.running(before.child(), Child("stubborn", refuses), after.child()):
            await house.until("after", State.OK)
            began = time.monotonic()
        seconds = time.monotonic() - began
    over.set()
    assert 0.5 <= seconds < 3
    assert [log["part"] for log in logs if log["event"] == "part_did_not_stop"] == ["stubborn"]
    assert [before.ended, after.ended] == [["before"], ["after"]]


async def test_a_part_that_waits_for_its_next_start_stops_at_once() -> None:
    clock = ManualClock()
    policy = RestartPolicy(first_delay=3600, longest_delay=3600)
    supervisor = Supervisor(HealthBoard(Bus(), clock), clock, policy=policy)
    part = Part()
    part.error = Unavailable("gone")
    supervisor.add(part.child())
    task = asyncio.create_task(supervisor.run())
    await eventually(lambda: part.ended)
    task.cancel()
    async with asyncio.timeout(20):
        await asyncio.wait({task})
    assert part.starts == 1


async def test_an_error_on_the_way_out_is_logged(house: House) -> None:
    async def stumbles(progress: Progress) -> None:
        progress()
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("cannot close")

    with capture_logs() as logs:
        async with house.running(Child("part", stumbles)):
            await house.until("part", State.OK)
    (stumbled,) = [log for log in logs if log["event"] == "part_failed_while_stopping"]
    assert isinstance(stumbled["exc_info"], OSError)


async def test_a_tree_without_children_runs_and_stops(house: House) -> None:
    async with asyncio.timeout(20), house.running():
        await asyncio.sleep(0)
    assert house.tree.late == []


async def test_a_bug_of_the_tree_itself_ends_it_instead_of_leaving_a_part_dead(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    part = Part()
    house.tree.add(part.child())
    running = asyncio.create_task(house.tree.run())
    await eventually(lambda: part.starts)
    monkeypatch.setattr(house.tree, "_verdict", broken)
    part.error = Unavailable("gone")
    stop: Callable[[], object] = house.tree._kept[0].task.cancel  # type: ignore[union-attr]
    stop()
    with pytest.raises(ZeroDivisionError):
        await running
