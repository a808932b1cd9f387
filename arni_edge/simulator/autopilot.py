"""People who come and go by themselves, so that there is something to see."""

import asyncio
import random

from arni_edge.simulator.premises import MEMBERS, Gym

_QUESTIONS = ("Wie voll ist es gerade?", "Wann habt ihr heute auf?", "How busy is it right now?")


async def drift(gym: Gym) -> None:
    """Let members visit the gym at random, until cancelled."""
    dice = random.Random()
    async with asyncio.TaskGroup() as visits:
        for name in MEMBERS:
            visits.create_task(_visit_again_and_again(gym, name, dice))


async def _visit_again_and_again(gym: Gym, name: str, dice: random.Random) -> None:
    phone = gym.phones[name]
    while True:
        await asyncio.sleep(dice.uniform(2, 60))
        if gym.world.person(name) is not None:
            continue  # still on the way home from the last visit
        if dice.random() < 0.5:
            phone.send(dice.choice(_QUESTIONS))
        gym.world.arrive(name)
        await asyncio.sleep(8.0)  # from the corner to the door
        gym.world.send_in(name)
        phone.send("Tür auf bitte")
        await asyncio.sleep(dice.uniform(30, 120))
        gym.world.send_out(name)
