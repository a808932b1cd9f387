"""Pictures for the rules of the building, and settings with every kind of rule."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from arni_edge.automation.picture import DoorView, HoursView, Moment, Picture
from arni_edge.domain.doors import DoorContact, LockState
from arni_edge.domain.occupancy import UNKNOWN_OCCUPANCY, Occupancy
from arni_edge.domain.readings import Value
from arni_edge.settings import Settings

unhurried = hypothesis_settings(deadline=None)
"""For properties: how long one example takes is the machine's business, not theirs."""

NOON = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
OPEN = HoursView(open=True, opened_at=NOON - timedelta(hours=6), closes_at=NOON + timedelta(hours=11))
CLOSED = HoursView(open=False, closed_at=NOON - timedelta(hours=3))


def moment(seconds: float) -> Moment:
    """So many seconds after noon, on both clocks."""
    return Moment(NOON + timedelta(seconds=seconds), seconds)


def seen(count: int | None) -> Occupancy:
    """A fresh figure, or none."""
    return UNKNOWN_OCCUPANCY if count is None else Occupancy(count, 0.5)


def picture(
    floor: int | None = None,
    entrance: int | None = 0,
    *,
    hours: HoursView = OPEN,
    readings: dict[tuple[str, str], Value] | None = None,
    door: DoorView | None = None,
    entered: bool = False,
    opened: bool = False,
    alarm: bool = False,
    quiet: bool = False,
) -> Picture:
    """A gym with two zones and one door; nothing is seen on the floor unless it is said."""
    counts = (floor, entrance)
    total = None if floor is None or entrance is None else floor + entrance
    return Picture(
        hours=hours,
        zones=dict(zip(("floor", "entrance"), map(seen, counts), strict=True)),
        total=seen(total),
        readings=readings or {},
        doors={"front": door or DoorView(LockState.UNLOCKED, DoorContact.CLOSED)},
        entered=frozenset({"front"} if entered else ()),
        opened=frozenset({"front"} if opened else ()),
        alarm=alarm,
        quiet=quiet,
    )


_COUNTS = st.sampled_from([None, 0, 0, 0, 1, 7])
_VALUES: st.SearchStrategy[Value] = st.one_of(
    st.none(), st.booleans(), st.integers(-50, 2000), st.floats(), st.sampled_from(["none", "heavy", "x"])
)
SENSORS = [("motion", "motion:0.motion"), ("climate", "temperature:0.tC"), ("smoke", "smoke:0.alarm"),
           ("leak", "flood:0.alarm"), ("climate", "humidity:0.rh")]  # fmt: skip

PICTURES = st.builds(
    picture,
    _COUNTS,
    _COUNTS,
    hours=st.sampled_from([OPEN, CLOSED, HoursView(open=False)]),
    readings=st.dictionaries(st.sampled_from(SENSORS), _VALUES),
    door=st.builds(DoorView, st.sampled_from(LockState), st.sampled_from(DoorContact)),
    entered=st.booleans(),
    opened=st.booleans(),
    alarm=st.sampled_from([False, False, False, True]),
    quiet=st.booleans(),
)
"""Anything that may be known at a moment."""

STEPS = st.lists(st.tuples(st.sampled_from([1.0, 5.0, 60.0, 400.0, 4000.0]), PICTURES), max_size=40)
"""Pictures one after the other, each with the seconds since the one before."""


def settings(**automation: Any) -> Settings:
    """A small gym with one door, one camera with two zones, and a Shelly for everything."""
    roles = {
        "light-floor": "light", "light-changing": "light", "light-path": "path_light", "heater": "heating",
        "fan": "ventilation", "plug-music": "plug", "climate": "sensor", "motion": "sensor",
        "leak": "sensor", "smoke": "sensor", "freezer": "sensor", "strike": "strike",
    }  # fmt: skip
    zone = {"name": "Z", "kind": "floor", "legal_basis": "x", "polygon": [(0, 0), (1, 0), (1, 1)]}
    return Settings.model_validate(
        {
            "site": {"id": "demo", "name": "Demo", "capacity": 40},
            "doors": [{"id": "front", "name": "Front", "lock": {"nuki_id": "2BB28570"}}],
            "shellies": [{"id": i, "prefix": f"gym/{i}", "role": role} for i, role in roles.items()],
            "vision": {"model": "/models/m.onnx"},
            "cameras": [
                {
                    "id": "cam",
                    "url": "rtsp://10.0.0.1/s",
                    "zones": [{"id": "floor", **zone}, {"id": "entrance", **zone}],
                }
            ],
            "hours": {
                day: ["06:00-23:00"] for day in ("monday", "tuesday", "wednesday", "saturday", "sunday")
            },
            "automation": automation,
        }
    )


MOTION = {"device": "motion", "entity": "motion:0.motion"}
EVERYTHING: dict[str, Any] = {
    "presence": {"complete": True, "sensors": [MOTION]},
    "quiet_hours": ["00:00-06:00"],
    "lights": [
        {"id": "floor", "devices": ["light-floor"]},
        {"id": "changing", "devices": ["light-changing"], "sensors": [MOTION], "empty_minutes": 20},
    ],
    "path_light": {"devices": ["light-path", "light-floor"]},
    "closing": {"switch_off": ["plug-music"], "lock_doors": ["front"]},
    "heating": [
        {"id": "room", "heater": "heater", "sensor": {"device": "climate", "entity": "temperature:0.tC"}}
    ],
    "ventilation": [
        {"id": "room", "fan": "fan", "humidity": {"device": "climate", "entity": "humidity:0.rh"}}
    ],
    "watches": [
        {"kind": "leak", "device": "leak"},
        {"kind": "smoke", "device": "smoke"},
        {"kind": "freezer", "device": "freezer"},
    ],
    "arming": {"sensors": [MOTION]},
}
"""Every kind of rule."""
