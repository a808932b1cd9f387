"""One device's picture: live and last known never mix; changes are told once; a flood is bounded."""

from support.clock import ManualClock

from arni_edge.devices.picture import Change, Moment, Owned, Picture
from arni_edge.devices.troubles import find_troubles
from arni_edge.domain.devices import Availability, DeviceTrouble
from arni_edge.domain.readings import DeviceEvent, Identity, Interpretation, Update
from arni_edge.settings import Shelly

ROOM = 500


class Desk:
    """A picture of an owned Shelly and a clock that stands still."""

    def __init__(self, **identity: object) -> None:
        shelly = Shelly(id="light", prefix="gym/light", role="light")
        owned = Owned("light", "shelly/light", ("gym/light",), "shelly", shelly)
        self.clock = ManualClock()
        self.picture = Picture("shelly:X", owned, Identity("shelly", 2, **identity))  # type: ignore[arg-type]
        self.picture.presence.since = self.clock.monotonic()

    @property
    def now(self) -> Moment:
        return Moment(self.clock.now(), self.clock.monotonic())

    def hear(self, *updates: Update, **more: object) -> dict[str, object]:
        said = Interpretation("shelly:X", updates=updates, **more)  # type: ignore[arg-type]
        return {one.entity: one.value for one in self.picture.hear(said, self.now, ROOM)}

    def live(self, entity: str) -> object:
        reading = self.picture.readings[entity]
        return reading.value if reading.live else f"last known {reading.value}"

    @property
    def availability(self) -> Availability:
        return self.picture.availability(self.clock.monotonic())

    def troubles(self, *known: DeviceTrouble) -> tuple[set[DeviceTrouble], frozenset[DeviceTrouble]]:
        found, sound = find_troubles(self.picture, self.clock.monotonic(), known)
        return set(found), sound


ON = Update("switch:0.output", True)
OFF = Update("switch:0.output", False)


def test_a_retained_value_is_last_known_and_no_liveness() -> None:
    desk = Desk()
    desk.picture.remember([ON], desk.now, ROOM)
    assert desk.live("switch:0.output") == "last known True"
    assert desk.availability is Availability.UNKNOWN


def test_a_retained_value_does_not_replace_a_live_one() -> None:
    desk = Desk()
    desk.hear(ON)
    desk.picture.remember([OFF], desk.now, ROOM)
    assert desk.live("switch:0.output") is True


def test_the_same_value_twice_is_one_change() -> None:
    desk = Desk()
    assert desk.hear(ON) == {"switch:0.output": True}
    assert desk.hear(ON) == {}
    assert desk.hear(OFF) == {"switch:0.output": False}


def test_true_and_one_are_two_values() -> None:
    desk = Desk()
    desk.hear(ON)
    assert desk.hear(Update("switch:0.output", 1)) == {"switch:0.output": 1}


def test_the_end_of_the_session_makes_everything_last_known_and_unknown_to_the_house() -> None:
    desk = Desk()
    desk.hear(ON, Update("switch:0.apower", None, "W"))
    assert desk.picture.forget() == [Change("switch:0.output", None, None)]
    assert desk.live("switch:0.output") == "last known True"
    assert desk.picture.forget() == []


def test_the_value_after_it_is_a_change_again() -> None:
    desk = Desk()
    desk.hear(ON)
    desk.picture.forget()
    assert desk.hear(ON) == {"switch:0.output": True}


def test_a_goodbye_makes_values_last_known() -> None:
    desk = Desk()
    desk.hear(ON)
    assert desk.hear(present=False) == {"switch:0.output": None}
    assert desk.live("switch:0.output") == "last known True"


def test_a_sleepers_goodbye_does_not() -> None:
    desk = Desk(sleeps_seconds=3600)
    desk.hear(Update("flood:0.alarm", False))
    assert desk.hear(present=False) == {}
    assert desk.live("flood:0.alarm") is False
    assert desk.availability is Availability.ASLEEP


def test_a_whole_picture_replaces_all_but_dynamic_components() -> None:
    desk = Desk()
    desk.hear(ON, Update("cover:0.state", "open"), Update("boolean:200.value", True))
    assert desk.hear(OFF, full=True) == {"switch:0.output": False, "cover:0.state": None}
    assert set(desk.picture.readings) == {"switch:0.output", "boolean:200.value"}


def test_a_reboot_resets_what_is_not_said_again() -> None:
    desk = Desk()
    desk.hear(ON, Update("input:0.state", True))
    reboot = DeviceEvent("rebooted")
    assert desk.hear(ON, events=(reboot,)) == {"input:0.state": None}
    assert desk.live("input:0.state") == "last known True"
    assert desk.live("switch:0.output") is True


def test_a_relayed_value_becomes_history_when_the_gateway_hears_it_no_more() -> None:
    desk = Desk()
    stamp = desk.clock.now().timestamp()
    contact, heard = Update("bthomesensor:200.value", True), Update("bthomesensor:200.last_updated_ts", stamp)
    assert desk.hear(contact, heard)["bthomesensor:200.value"] is True
    desk.clock.advance(24 * 3600 + 1)
    desk.hear(ON)
    assert {one.entity: one.value for one in desk.picture.age(desk.now)}["bthomesensor:200.value"] is None
    assert desk.availability is Availability.LIVE
    assert desk.hear(contact, heard) == {}, "an old time is no news"


def test_a_device_has_room_for_so_many_entities_and_texts_are_cut_and_cleaned() -> None:
    desk = Desk()
    flood = tuple(Update(f"number:{n}.value", n) for n in range(3000))
    desk.picture.hear(Interpretation("shelly:X", updates=flood), desk.now, ROOM)
    assert len(desk.picture.readings) == ROOM
    text = Update("number:0.value", "\x1b[31m" + "x" * 5000)
    desk.picture.hear(Interpretation("shelly:X", updates=(text,)), desk.now, 0)
    value = desk.picture.readings["number:0.value"].value
    assert isinstance(value, str)
    assert len(value) <= 256
    assert value.isprintable()


# --- troubles ---------------------------------------------------------------------------------------------


def test_a_low_battery_is_over_only_when_it_is_clearly_better() -> None:
    desk = Desk()
    desk.hear(Update("devicepower:0.battery.percent", 15, "%"))
    assert DeviceTrouble.BATTERY_LOW in desk.troubles()[0]
    desk.hear(Update("devicepower:0.battery.percent", 18, "%"))
    assert DeviceTrouble.BATTERY_LOW in desk.troubles(DeviceTrouble.BATTERY_LOW)[0]
    assert DeviceTrouble.BATTERY_LOW in desk.troubles()[1]
    desk.hear(Update("devicepower:0.battery.percent", 21, "%"))
    assert DeviceTrouble.BATTERY_LOW in desk.troubles(DeviceTrouble.BATTERY_LOW)[1]


def test_a_remembered_battery_is_neither_low_nor_well() -> None:
    desk = Desk()
    desk.picture.remember([Update("batteryCritical", True)], desk.now, ROOM)
    found, sound = desk.troubles()
    assert DeviceTrouble.BATTERY_LOW not in found | sound


def test_nuki_warns_at_twenty_percent_and_by_its_own_word() -> None:
    for update in (Update("batteryChargeState", 20, "%"), Update("keypadBatteryCritical", True)):
        desk = Desk()
        desk.hear(update)
        assert DeviceTrouble.BATTERY_LOW in desk.troubles()[0]


def test_silence_tampering_and_heat_are_troubles() -> None:
    desk = Desk()
    desk.hear(Update("doorsensorState", "tampered"), Update("switch:0.errors", "overvoltage,overtemp"))
    assert desk.troubles()[0] == {DeviceTrouble.TAMPERED, DeviceTrouble.OVERHEATED}
    desk.hear(Update("doorsensorState", "closed"), Update("switch:0.errors", ""))
    assert desk.troubles()[1] >= {DeviceTrouble.TAMPERED, DeviceTrouble.OVERHEATED, DeviceTrouble.SILENT}
    desk.clock.advance(91)
    assert DeviceTrouble.SILENT in desk.troubles()[0]


def test_a_device_that_left_is_a_trouble_only_when_it_stays_away() -> None:
    desk = Desk()
    desk.hear(present=False)
    assert DeviceTrouble.SILENT not in desk.troubles()[0]
    desk.clock.advance(91)
    assert DeviceTrouble.SILENT in desk.troubles()[0]
