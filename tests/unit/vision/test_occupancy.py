import json

import pytest
from support.clock import ManualClock

from arni_edge.broker import BrokerAddress, BrokerSession, Received
from arni_edge.bus import Bus, Subscription
from arni_edge.domain.events import ZoneCounted
from arni_edge.domain.occupancy import UNKNOWN_OCCUPANCY, Occupancy
from arni_edge.vision.messages import CameraState
from arni_edge.vision.occupancy import OccupancyBook

ZONES = {"entrance": "Eingang", "floor": "Fläche"}
AT = "2026-11-18T11:00:00Z"


class Desk:
    """A book without a broker: messages are handed to it as the broker's session would."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        bus = Bus()
        self.events: Subscription = bus.subscribe(ZoneCounted)
        broker = BrokerSession(BrokerAddress("x", 1, "u", None), client_id="c", clock=self.clock)
        self.book = OccupancyBook("gym", ZONES, broker, bus, self.clock)
        self.sequence = 0

    async def say(self, topic: str, payload: str, *, retained: bool = False) -> None:
        await self.book.receive(Received(f"arni/gym/vision/{topic}", payload.encode(), retained, 1))

    async def count(
        self, topic: str, count: int | None, *, retained: bool = False, camera: str = "cam", **more: object
    ) -> None:
        self.sequence += 1
        fields = {"zone": topic, "camera": camera, "count": count, "reason": "", "at": AT} | {
            "sequence": self.sequence
        }
        await self.say(f"zone/{topic}", json.dumps(fields | more), retained=retained)

    async def camera(self, state: CameraState, camera: str = "cam") -> None:
        await self.say(
            f"camera/{camera}", json.dumps({"camera": camera, "state": state, "reason": "because", "at": AT})
        )

    async def told(self) -> list[tuple[str, int | None]]:
        """Events since the last call; of one zone only the newest, as the bus does it."""
        await self.say("online", "?")  # changes nothing
        found = [event for event in self.events._telemetry.values() if isinstance(event, ZoneCounted)]
        self.events._telemetry.clear()
        return [(event.zone, event.count) for event in found]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_before_anything_is_heard_all_is_unknown(desk: Desk) -> None:
    assert desk.book.zone("floor") == UNKNOWN_OCCUPANCY
    assert desk.book.total() == UNKNOWN_OCCUPANCY


async def test_a_live_count_is_known_with_its_age(desk: Desk) -> None:
    await desk.count("floor", 4)
    desk.clock.advance(3)
    assert desk.book.zone("floor") == Occupancy(4, 3.0, confirmed=0)


async def test_what_was_retained_is_history_and_never_counts(desk: Desk) -> None:
    await desk.count("floor", 4, retained=True)
    assert desk.book.zone("floor") == UNKNOWN_OCCUPANCY


async def test_an_empty_gym_that_is_seen_is_empty_and_not_unknown(desk: Desk) -> None:
    await desk.count("entrance", 0)
    await desk.count("floor", 0)
    assert desk.book.total().count == 0


async def test_the_total_is_the_sum_and_as_old_as_the_oldest_figure(desk: Desk) -> None:
    await desk.count("entrance", 1)
    desk.clock.advance(2)
    await desk.count("floor", 6)
    assert desk.book.total() == Occupancy(7, 2.0, confirmed=0)


async def test_one_zone_that_is_unknown_makes_the_total_unknown(desk: Desk) -> None:
    await desk.count("floor", 6)
    assert desk.book.total() == UNKNOWN_OCCUPANCY


async def test_a_count_of_none_makes_a_zone_unknown(desk: Desk) -> None:
    await desk.count("floor", 6)
    await desk.count("floor", None)
    assert desk.book.zone("floor") == UNKNOWN_OCCUPANCY


async def test_silence_makes_a_zone_unknown(desk: Desk) -> None:
    await desk.count("floor", 6)
    desk.clock.advance(8.1)
    assert desk.book.zone("floor") == UNKNOWN_OCCUPANCY


@pytest.mark.parametrize("word", ["true", "false"])
async def test_end_and_beginning_of_a_worker_make_all_unknown(desk: Desk, word: str) -> None:
    await desk.count("floor", 6)
    await desk.say("online", word)
    assert desk.book.zone("floor") == UNKNOWN_OCCUPANCY


async def test_a_restarted_worker_counts_from_the_beginning(desk: Desk) -> None:
    desk.sequence = 500
    await desk.count("floor", 6)
    await desk.say("online", "true")
    desk.sequence = 0
    await desk.count("floor", 2)
    assert desk.book.zone("floor").count == 2


async def test_a_camera_that_is_not_ok_makes_its_zones_unknown_and_no_others(desk: Desk) -> None:
    await desk.count("floor", 6, camera="hall")
    await desk.count("entrance", 1, camera="door")
    await desk.camera(CameraState.STALLED, "hall")
    assert desk.book.zone("floor") == UNKNOWN_OCCUPANCY
    assert desk.book.zone("entrance").count == 1
    assert desk.book.cameras["hall"].state is CameraState.STALLED


async def test_a_count_from_a_camera_that_is_not_ok_does_not_count(desk: Desk) -> None:
    await desk.camera(CameraState.CORRUPT)
    await desk.count("floor", 6)
    assert desk.book.zone("floor") == UNKNOWN_OCCUPANCY
    await desk.camera(CameraState.OK)
    await desk.count("floor", 6)
    assert desk.book.zone("floor").count == 6


async def test_a_repetition_out_of_order_changes_nothing(desk: Desk) -> None:
    await desk.count("floor", 6, sequence=10)
    await desk.count("floor", 1, sequence=9)
    assert desk.book.zone("floor").count == 6


async def test_a_message_that_cannot_be_understood_changes_nothing(desk: Desk) -> None:
    await desk.count("floor", 6)
    await desk.count("floor", 1_000_000)
    await desk.say("zone/floor", "not json")
    await desk.say("camera/cam", "{}")
    await desk.count("floor", 2, zone="entrance")
    assert desk.book.zone("floor").count == 6


async def test_a_zone_that_nobody_configured_is_ignored(desk: Desk) -> None:
    await desk.count("roof", 3)
    assert desk.book.zone("roof") == UNKNOWN_OCCUPANCY
    assert await desk.told() == []


async def test_a_gym_without_zones_is_unknown_and_not_empty() -> None:
    clock = ManualClock()
    broker = BrokerSession(BrokerAddress("x", 1, "u", None), client_id="c", clock=clock)
    assert OccupancyBook("gym", {}, broker, Bus(), clock).total() == UNKNOWN_OCCUPANCY


async def test_a_change_is_told_once(desk: Desk) -> None:
    await desk.count("floor", 6)
    assert await desk.told() == [("floor", 6)]
    await desk.count("floor", 6)
    assert await desk.told() == []
    await desk.count("floor", None)
    assert await desk.told() == [("floor", None)]


async def test_becoming_stale_is_told_too(desk: Desk) -> None:
    await desk.count("floor", 6)
    await desk.told()
    desk.clock.advance(9)
    desk.book.refresh()
    assert await desk.told() == [("floor", None)]
