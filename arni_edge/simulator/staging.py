"""What people in a scenario do, and what is waited for."""

import asyncio
from collections.abc import Callable
from typing import Any

from arni_edge.simulator.people import Person, Stage
from arni_edge.simulator.phones import Phone, Received
from arni_edge.simulator.premises import Gym

ANSWER_SECONDS = 15.0
DOOR_SECONDS = 30.0
WALK_SECONDS = 40.0
RECOVERY_SECONDS = 45.0

Status = dict[str, Any]


# --- what people do -------------------------------------------------------------------------------------


async def enter(gym: Gym, name: str) -> str:
    """Somebody arrives, asks for the door and goes in; returns what they were told."""
    person = await come_to_the_door(gym, name)
    answer = await ask(gym.phones[name], "Tür auf bitte", within=DOOR_SECONDS)
    await when(lambda: person.inside, WALK_SECONDS)
    return answer


async def come_to_the_door(gym: Gym, name: str) -> Person:
    """Somebody walks up to the door and tries it."""
    person = gym.world.arrive(name)
    await when(lambda: person.stage is Stage.WAITING, WALK_SECONDS)
    gym.world.send_in(name)
    await when(lambda: not person.path, WALK_SECONDS)
    return person


async def ask(phone: Phone, text: str, *, within: float = ANSWER_SECONDS) -> str:
    """Write and wait; returns the answer."""
    return (await send(phone, text, within=within))[0]


async def send(phone: Phone, text: str, *, times: int = 1, within: float = ANSWER_SECONDS) -> tuple[str, str]:
    """Write and wait for the answer; returns the answer and the id of the question."""
    sent = phone.send(text, times=times)

    def answers(message: Received) -> bool:
        return message.context == sent

    return (await phone.wait_for(answers, within)).text, sent


# --- what is waited for ---------------------------------------------------------------------------------


async def counted(gym: Gym, people: int, within: float) -> str:
    """Wait until so many people are inside and as many are counted."""
    observed = ""

    def right(status: Status) -> bool:
        nonlocal observed
        count = status["occupancy"]["count"]
        observed = f"{gym.world.inside} inside, {count} counted"
        return bool(gym.world.inside == people == count)

    await until(gym, right, within)
    return observed


async def until(gym: Gym, true: Callable[[Status], bool], within: float) -> None:
    """Wait until the daemon's status says so."""
    async with asyncio.timeout(within):
        while (status := await gym.status()) is None or not true(status):
            await asyncio.sleep(0.05)


def part_is_ok(status: Status, name: str) -> bool:
    """Whether a part of the house is well."""
    return any(part["part"] == name and part["state"] == "ok" for part in status["parts"])


async def when(true: Callable[[], bool], within: float) -> None:
    """Wait until something in the world is so."""
    async with asyncio.timeout(within):
        while not true():
            await asyncio.sleep(0.02)


async def pid(gym: Gym, process: str) -> int:
    """The number of a process of the box, as soon as it runs."""
    pid = 0

    def there(status: Status) -> bool:
        nonlocal pid
        pid = status["processes"][process] or 0
        return pid > 0

    await until(gym, there, RECOVERY_SECONDS)
    return pid
