"""Looks for retained commands: whoever finds one on a command topic has found a door that opens by itself.

A device executes a retained command at every reconnect. So somebody has to look, at the start and every hour;
but whoever is subscribed to a command topic hides that the device is not (the broker's 0x10). Therefore the
look is short: as long as the broker needs to hand out what it has, which was 2 to 10 ms with Mosquitto.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from arni_edge.broker.client import Connection
from arni_edge.broker.filters import is_topic, minimal
from arni_edge.broker.model import BrokerAddress, Delivery, Received
from arni_edge.broker.session import BrokerSession
from arni_edge.domain.errors import Unavailable

# It comes out of the inbox only: everything that arrived before the answer lies there already.
_NO_WAIT: Final = 0.0


async def find_retained(
    address: BrokerAddress, client_id: str, topics: Sequence[str], *, deadline: float
) -> list[Received]:
    """Everything that is retained on these topics now. Nothing is cleared: a find is an incident.

    It has a connection of its own: the standing session must hold no subscription that matches a command
    topic, not even for the moment in which it reconnects, and what is found cannot be taken for a state.

    While it lasts (milliseconds, see :func:`_gather`), a command to a device that is away is reported as
    accepted by the broker; its door then says "unknown" after its reaction time instead of "offline" at once.

    Args:
        address: Where, and as whom; the account must be allowed to read the topics. Mosquitto grants
            forbidden subscriptions and withholds the messages, so a missing right looks like a clean broker.
        client_id: Of this connection alone: with the standing session's it would throw that one out.
        topics: Command topics, or filters of such.
        deadline: Seconds for all of it.

    Returns:
        The retained messages, in no particular order, each topic once; ``session`` is 0.

    Raises:
        Unavailable: The broker is away, or the deadline passed. Nothing is known then.
    """
    if not topics:
        return []
    connection = Connection(address, client_id=client_id, will=None, on_lost=lambda: None)
    try:
        async with asyncio.timeout(deadline):
            await connection.open()
            return await _gather(connection, minimal(topics))
    except TimeoutError:
        raise Unavailable(f"the broker did not hand out within {deadline:g} s what is retained") from None
    finally:
        connection.close()


async def _gather(connection: Connection, filters: Sequence[str]) -> list[Received]:
    """Subscribe, take what is there, unsubscribe.

    The end is proven, not guessed. A broker works off what one client sends in order: the subscription, then
    our receipts, then the question. It may hold messages back only while twenty of them (our receive maximum)
    wait for a receipt. So when everything we had was acknowledged before the question, and nothing came
    before its answer, then nothing is held back.
    """
    found: dict[str, Received] = {}
    await connection.subscribe_to(filters)
    news = True
    while news:
        await connection.sign_of_life()
        news = False
        while (message := await connection.receive(_NO_WAIT)) is not None:
            news = True
            connection.acknowledge(message)
            if message.retain:
                topic = message.topic.value
                found[topic] = Received(topic, bytes(message.payload), retained=True, session=0)
    await connection.unsubscribe_from(filters)
    return list(found.values())


async def clear_retained(broker: BrokerSession, topic: str, *, deadline: float = 5.0) -> Delivery:
    """Remove a retained message from the broker. For a person who has seen it; never done by itself.

    A device that is connected receives an empty command (locks and relays ignore it, as far as is known; it
    is safest while the device is away). The audit of it is the caller's.

    Args:
        broker: The standing session; its account must be allowed to write the topic.
        topic: One topic, without wildcards.
        deadline: Seconds until the broker must have answered.

    Returns:
        ``NOT_PERMITTED`` means that nothing was removed; both others that it was.

    Raises:
        ValueError: Not one topic.
        Unavailable: As for :meth:`BrokerSession.publish`; look again to know.
    """
    if not is_topic(topic):
        raise ValueError(f"not a single MQTT topic: {topic!r}")
    return await broker.publish(topic, b"", retain=True, deadline=deadline)
