"""Whether a device is there: pure judgement over what was heard, with each family's own patience.

How long a healthy device may say nothing differs by a factor of thousand: a relay is asked when it is quiet,
a flood sensor wakes up twice a day, a lock may have nothing to say for hours.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from arni_edge.domain.devices import Availability
from arni_edge.domain.readings import Identity, Value

STRAGGLER_SECONDS = 5.0
"""So long after a goodbye a message may still be one from before it: topics of different QoS overtake each
other. Later ones show that the device is back, also when its ``online`` was lost at QoS 0."""

AWAKE_SECONDS = 30.0
"""A sleeper says everything within a second and leaves; so long after that it is still shown as live."""

_HOUR = 3600.0
_DAY = 24 * _HOUR

# Broker's notice of a silent death: 1.5 times the keepalive of 60 s, which all Shellys have.
_SHELLY_KEEPALIVE = 90.0
# Gen1 repeats its state every 30 s (settings.mqtt.update_period).
_GEN1_UPDATE = 30.0
# Battery powered although always connected: asked hourly at most, so heard hourly at least.
_MOTION = 1.2 * _HOUR
_MOTION_MODELS = ("SHMOS-01", "SHMOS-02")
_SLEEPER_FACTOR = 1.2
_SLEEPER_SLACK = 300.0
# nuki_hub repeats its state; a fork of it takes 330 s for the end of trust.
_HUB = 330.0
# A lock that normally speaks daily; the broker's will covers the rest.
_NUKI = _DAY

_SYNCED = 1_600_000_000
"""Device times before this are none: the clock was never set."""


@dataclass(slots=True)
class Presence:
    """What was heard of a device in the present broker session. Times are seconds of the monotonic clock.

    Attributes:
        since: When the session began, or the device was first heard of; None while there is no session.
        heard: Its latest live message or answer.
        away: When it, or its last will, said that it is gone.
    """

    since: float | None = None
    heard: float | None = None
    away: float | None = None

    def hear(self, now: float, present: bool | None) -> None:
        """A live message came; ``present`` is what it says about the device being there."""
        if present is False:
            self.away = now
            return
        if present or self.away is None or now - self.away > STRAGGLER_SECONDS:
            self.away = None
            self.heard = now


def is_motion(identity: Identity) -> bool:
    """Whether it is a Gen1 motion sensor, which every question costs battery."""
    return identity.model in _MOTION_MODELS


def is_sleeper(identity: Identity) -> bool:
    """Whether it wakes up, speaks and leaves."""
    return identity.sleeps_seconds is not None


def silence_limit(identity: Identity, generation: int | None, owners_minutes: float | None) -> float:
    """Seconds for which a healthy device may say nothing.

    Args:
        identity: What is known of the device.
        generation: Of a Shelly.
        owners_minutes: ``silence_minutes`` of the settings; wins over everything.
    """
    if owners_minutes is not None:
        return owners_minutes * 60.0
    if identity.sleeps_seconds is not None:
        return identity.sleeps_seconds * _SLEEPER_FACTOR + _SLEEPER_SLACK
    if identity.family == "nuki":
        return _NUKI
    if identity.family == "nuki_hub":
        return _HUB
    if is_motion(identity):
        return _MOTION
    return _SHELLY_KEEPALIVE + (_GEN1_UPDATE if generation == 1 else 0.0)


def judge(presence: Presence, now: float, *, limit: float, sleeper: bool, questioned: bool) -> Availability:
    """Whether a device is there.

    Args:
        presence: What was heard of it.
        now: On the monotonic clock.
        limit: Its silence limit in seconds.
        sleeper: It wakes up, speaks and leaves: its goodbye is no news.
        questioned: We ask it when it is quiet, or it speaks by itself, so that silence means something. For
            a device that is nobody's only its goodbye does.
    """
    if presence.since is None:
        return Availability.UNKNOWN
    if presence.away is not None and not sleeper:
        return Availability.OFFLINE
    if presence.heard is None:
        late = questioned and now - presence.since > limit
        return Availability.SILENT if late else Availability.UNKNOWN
    age = now - presence.heard
    if age > limit and (questioned or sleeper):
        return Availability.SILENT
    if sleeper and (age > AWAKE_SECONDS or presence.away is not None):
        return Availability.ASLEEP
    return Availability.LIVE


def relayed_component(entity: str) -> str | None:
    """The Bluetooth component that an entity belongs to, or None: its gateway being there proves nothing."""
    component = entity.partition(".")[0]
    return component if component.startswith(("bthomesensor:", "bthomedevice:")) else None


def relayed_is_fresh(
    values: Mapping[str, Value], component: str, wall: float, owners_minutes: float | None
) -> bool:
    """Whether a Bluetooth component was heard by its gateway lately.

    Args:
        values: The gateway's readings by entity.
        component: For instance ``bthomesensor:200``.
        wall: Now, as Unix time.
        owners_minutes: ``silence_minutes`` of the gateway, otherwise a day.
    """
    stamp = values.get(f"{component}.last_updated_ts")
    if not isinstance(stamp, int | float) or stamp < _SYNCED:
        return False
    limit = owners_minutes * 60.0 if owners_minutes is not None else _DAY
    return wall - stamp <= limit
