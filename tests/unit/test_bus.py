"""The bus: telemetry is coalesced, safety is never dropped, and a listener that is gone costs nothing."""

import asyncio
import gc
import weakref
from datetime import UTC, datetime

from arni_edge.bus import Bus, Subscription
from arni_edge.domain.doors import DenyReason, DoorContact, LockState
from arni_edge.domain.events import (
    AlarmRaised,
    DeviceAvailabilityChanged,
    EntryDenied,
    Event,
    HealthChanged,
    LockChanged,
    ZoneCounted,
)
from arni_edge.domain.health import State

NOW = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)


def counted(zone: str, count: int) -> ZoneCounted:
    return ZoneCounted(at=NOW, zone=zone, count=count)


def denied(request: int) -> EntryDenied:
    return EntryDenied(at=NOW, door="front", request_id=str(request), reason=next(iter(DenyReason)))


def alarm(number: int) -> AlarmRaised:
    return AlarmRaised(at=NOW, alarm_id=str(number), cause="emergency", source="whatsapp")


async def take(events: Subscription, number: int) -> list[Event]:
    """The next events; fails when there are fewer."""
    waiting = aiter(events)
    async with asyncio.timeout(5):
        return [await anext(waiting) for _ in range(number)]


async def nothing_more(events: Subscription) -> bool:
    bus_is_quiet = asyncio.ensure_future(anext(aiter(events)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waits = not bus_is_quiet.done()
    bus_is_quiet.cancel()
    await asyncio.wait({bus_is_quiet})
    return waits


async def test_a_listener_gets_only_what_it_asked_for() -> None:
    bus = Bus()
    zones, everything = bus.subscribe(ZoneCounted), bus.subscribe()
    for event in (alarm(1), counted("floor", 3)):
        bus.publish(event)
    assert await take(zones, 1) == [counted("floor", 3)]
    assert await nothing_more(zones)
    assert await take(everything, 2) == [alarm(1), counted("floor", 3)]


async def test_news_about_the_same_thing_replaces_what_still_waits() -> None:
    bus = Bus()
    events = bus.subscribe()
    for event in (counted("floor", 1), counted("door", 1), counted("floor", 2), counted("floor", 3)):
        bus.publish(event)
    assert await take(events, 2) == [counted("floor", 3), counted("door", 1)]
    assert await nothing_more(events)


async def test_different_things_and_kinds_are_kept_apart() -> None:
    bus = Bus()
    events = bus.subscribe()
    news: list[Event] = [
        HealthChanged(at=NOW, part="front", state=State.OK, reason=""),
        HealthChanged(at=NOW, part="broker", state=State.OK, reason=""),
        LockChanged(at=NOW, door="front", state=LockState.LOCKED, contact=DoorContact.CLOSED),
        LockChanged(at=NOW, door="back", state=LockState.LOCKED, contact=DoorContact.CLOSED),
        DeviceAvailabilityChanged(at=NOW, device="front", available=True, reason=""),
        counted("front", 1),
    ]
    for event in news:
        bus.publish(event)
    assert await take(events, len(news)) == news


async def test_safety_events_are_never_dropped_and_keep_their_order() -> None:
    bus = Bus()
    events = bus.subscribe()
    expected: list[Event] = []
    for number in range(2000):
        expected.append(alarm(number) if number % 3 else denied(number))
        bus.publish(expected[-1])
        bus.publish(counted("floor", number))
    assert await take(events, 2001) == [*expected, counted("floor", 1999)]


async def test_safety_overtakes_telemetry() -> None:
    bus = Bus()
    events = bus.subscribe()
    bus.publish(counted("floor", 1))
    bus.publish(alarm(1))
    assert await take(events, 2) == [alarm(1), counted("floor", 1)]


async def test_a_line_of_telemetry_is_as_long_as_there_are_things() -> None:
    bus = Bus()
    events = bus.subscribe()
    for number in range(10_000):
        bus.publish(counted(f"zone-{number % 5}", number))
    assert len(await take(events, 5)) == 5
    assert await nothing_more(events)


async def test_a_listener_that_waits_is_woken() -> None:
    bus = Bus()
    listening = asyncio.create_task(take(bus.subscribe(), 2))
    await asyncio.sleep(0)
    bus.publish(alarm(1))
    await asyncio.sleep(0)
    bus.publish(alarm(2))
    assert await listening == [alarm(1), alarm(2)]


async def test_a_slow_listener_does_not_hold_up_another() -> None:
    bus = Bus()
    slow, quick = bus.subscribe(), bus.subscribe()
    bus.publish(alarm(1))
    assert await take(quick, 1) == [alarm(1)]
    bus.publish(alarm(2))
    assert await take(quick, 1) == [alarm(2)]
    assert await take(slow, 2) == [alarm(1), alarm(2)]


async def test_a_dropped_listener_is_gone_with_its_line() -> None:
    bus = Bus()

    async def listen() -> None:
        async for _ in bus.subscribe(AlarmRaised):
            pass

    task = asyncio.create_task(listen())
    await asyncio.sleep(0)
    lines = [weakref.ref(line) for line in bus._subscriptions]
    assert len(lines) == 1
    task.cancel()
    await asyncio.wait({task})
    del task
    gc.collect()
    assert [line() for line in lines] == [None]
    bus.publish(alarm(1))


async def test_what_is_dear_to_a_listener_is_kept_in_order() -> None:
    bus = Bus()
    everyone = bus.subscribe(ZoneCounted)
    counter = bus.subscribe(ZoneCounted, keep=lambda event: isinstance(event, ZoneCounted))
    for count in (1, 0):
        bus.publish(counted("floor", count))
    assert await take(counter, 2) == [counted("floor", 1), counted("floor", 0)]
    assert await take(everyone, 1) == [counted("floor", 0)]
    assert await nothing_more(everyone)
