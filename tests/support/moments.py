"""Moments at which a daemon may die, and troubles that may come on top. Each provokes what it waits for."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from arni_edge.domain.errors import ArniError
from arni_edge.simulator.premises import MEMBERS, STRANGER
from support.storm import Moment, Storm

# --- moments ------------------------------------------------------------------------------------------------


async def sometime(storm: Storm) -> None:
    """Whenever the dice say."""
    await asyncio.sleep(storm.dice.uniform(0.0, 1.5))


async def event_handed_out(storm: Storm) -> None:
    """The relay has answered a poll with a message; the box has not stored it, or only just."""
    relay = storm.gym.cloud.relay
    await _until(lambda: relay.waiting > 0)
    storm.gym.phones[STRANGER].send("Hallo!", times=2)
    await _until(lambda: relay.waiting == 0)
    await asyncio.sleep(storm.dice.uniform(0.0, 0.02))


async def commit_under_way(storm: Storm) -> None:
    """The write-ahead log is being written."""
    wal = storm.gym.box.folder / "state" / "arni.db-wal"
    await asyncio.sleep(storm.dice.uniform(0.0, 0.5))
    before = _version(wal)
    storm.gym.phones[MEMBERS[5]].send("Wann habt ihr heute auf?")
    # Without a pause: the disk takes a commit in a few milliseconds.
    while _version(wal) == before:  # noqa: ASYNC110 - another process, nobody tells us
        await asyncio.sleep(0)


async def lock_obeys(storm: Storm) -> None:
    """The command is out and the lock acts; the daemon has hardly heard of it."""
    before = len(storm.opened)
    while len(storm.opened) == before:
        storm.ask_to_come_in()
        with suppress(TimeoutError):
            async with asyncio.timeout(2.0):
                await _until(lambda: len(storm.opened) > before)


async def lock_turns(storm: Storm) -> None:
    """The lock has begun to act and says so: until the outcome is stored, or after."""
    await lock_obeys(storm)
    await asyncio.sleep(storm.dice.uniform(0.0, 1.5))


async def message_accepted(storm: Storm) -> None:
    """Meta has taken a message, and its answer is still on the way."""
    graph = storm.gym.cloud.graph
    graph.answer_delay = 5.0
    before = len(graph.accepted)
    storm.gym.phones[MEMBERS[6]].send("Danke!")
    await _until(lambda: len(graph.accepted) > before)


async def alarm_handed_out(storm: Storm) -> None:
    """The relay has handed an emergency out: it is being stored, or the light is being switched."""
    relay, light = storm.gym.cloud.relay, storm.gym.light
    if light.output:
        light.press()
    await _until(lambda: relay.waiting > 0)
    storm.call_for_help(storm.gym.phones[STRANGER])
    await _until(lambda: relay.waiting == 0)
    await asyncio.sleep(storm.dice.uniform(0.0, 0.1))


async def start_under_way(storm: Storm) -> None:
    """Dead already, and the next life is just coming up."""
    await storm.gym.box.kill()
    storm.look()
    starting = asyncio.create_task(storm.gym.box.start())
    await asyncio.wait({starting}, timeout=storm.dice.uniform(0.3, 1.8))
    await storm.gym.box.kill()
    with suppress(ArniError):
        await starting


MOMENTS: tuple[Moment, ...] = (
    sometime,
    event_handed_out,
    commit_under_way,
    lock_obeys,
    message_accepted,
    alarm_handed_out,
    lock_turns,
    start_under_way,
)

# --- troubles -----------------------------------------------------------------------------------------------


async def broker_killed(storm: Storm) -> None:
    """SIGKILL to Mosquitto."""
    pid = (await storm.gym.box.ask("status"))["processes"]["mosquitto"]
    if pid is not None:
        os.kill(pid, signal.SIGKILL)


async def relay_away(storm: Storm) -> None:
    """The relay refuses everybody, Meta as well, or cuts the connections."""
    relay = storm.gym.cloud.relay
    relay.drops, relay.down = storm.dice.random() < 0.5, True
    # Shorter than the box waits for a status before it repeats, as in life: Meta's courier is patient too.
    await asyncio.sleep(storm.dice.uniform(0.2, 1.2))
    relay.down = False


TROUBLES: tuple[Moment, ...] = (broker_killed, relay_away)


async def _until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - other processes set no event of ours
        await asyncio.sleep(0.001)


def _version(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns
