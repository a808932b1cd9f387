"""What systemd hears on a real notification socket."""

import asyncio
import os
import time
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs
from support.systemd import Systemd
from support.waiting import eventually

from arni_edge.supervision import Notifier


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest) -> Iterator[Systemd]:
    listening = Systemd(abstract=request.param == "abstract")
    yield listening
    listening.close()


def notifier(systemd: Systemd, **variables: str) -> Notifier:
    return Notifier({"NOTIFY_SOCKET": systemd.address, **variables})


def test_ready_and_stopping(systemd: Systemd) -> None:
    ours = notifier(systemd)
    ours.ready()
    ours.stopping()
    assert systemd.said == ["READY=1", "STOPPING=1"]


def test_a_reload_begins_with_the_time_in_the_same_datagram(systemd: Systemd) -> None:
    before = time.monotonic_ns() // 1000
    ours = notifier(systemd)
    ours.reloading()
    ours.ready()
    reloading, ready = systemd.said
    first, second = reloading.split("\n")
    assert (first, ready) == ("RELOADING=1", "READY=1")
    assert before <= int(second.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000


def test_the_status_is_told_on_change_only(systemd: Systemd) -> None:
    ours = notifier(systemd)
    for sentence in ("all well", "all well", "broker down: gestört", "all well"):
        ours.status(sentence)
    assert systemd.said == ["STATUS=all well", "STATUS=broker down: gestört", "STATUS=all well"]


def test_a_status_is_one_line_of_bearable_length(systemd: Systemd) -> None:
    notifier(systemd).status("broker down: no\nREADY=1\n" + "x" * 5000)
    (said,) = systemd.said
    assert said.startswith("STATUS=broker down: no READY=1 xxx")
    assert len(said) < 600


def test_without_systemd_nothing_is_said() -> None:
    ours = Notifier({})
    with capture_logs() as logs:
        ours.ready()
        ours.status("all well")
        ours.stopping()
    assert logs == []


def test_a_systemd_that_is_gone_is_no_reason_to_fail(systemd: Systemd) -> None:
    ours = notifier(systemd)
    systemd.close()
    with capture_logs() as logs:
        ours.ready()
    assert [log["event"] for log in logs] == ["notify_failed"]


def test_a_systemd_that_does_not_read_holds_up_nobody_and_is_told_later(systemd: Systemd) -> None:
    ours = notifier(systemd)
    began = time.monotonic()
    with capture_logs() as logs:
        for number in range(2000):
            ours.status(f"status {number}")
            if logs:
                break
    assert logs
    assert time.monotonic() - began < 5
    refused = f"STATUS=status {number}"
    assert refused not in systemd.said
    ours.status(f"status {number}")
    assert systemd.said[-1] == refused


def test_our_children_do_not_inherit_the_right_to_speak_for_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    monkeypatch.setenv("WATCHDOG_USEC", "3000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert Notifier().watchdog_seconds == 3
    assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} & set(os.environ)


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "often"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_ours_only_when_it_names_us(variables: dict[str, str], seconds: float | None) -> None:
    assert Notifier(variables).watchdog_seconds == seconds


async def test_the_watchdog_is_pinged_for_as_long_as_nothing_is_late(systemd: Systemd) -> None:
    late: list[str] = []
    ours = notifier(systemd, WATCHDOG_USEC="300000")
    watching = asyncio.create_task(ours.watch(lambda: list(late)))
    with capture_logs() as logs:
        await systemd.hears("WATCHDOG=1", times=4)
        late.append("vision")
        await eventually(lambda: logs)
        told = systemd.count("WATCHDOG=1")
        await asyncio.sleep(0.5)  # five intervals of ours in which nothing must be said
        assert systemd.count("WATCHDOG=1") == told
        late.clear()
        await systemd.hears("WATCHDOG=1", times=told + 2)
    watching.cancel()
    assert [(log["event"], log["parts"]) for log in logs] == [("watchdog_withheld", ["vision"])]


async def test_a_watchdog_that_nobody_asked_for_ends_at_once(systemd: Systemd) -> None:
    async with asyncio.timeout(5):
        await notifier(systemd, WATCHDOG_USEC="300000", WATCHDOG_PID="1").watch(list)
        await notifier(systemd, WATCHDOG_USEC="0").watch(list)
    assert systemd.said == []
