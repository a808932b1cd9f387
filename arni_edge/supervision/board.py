"""One place that knows how every part is doing."""

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.events import HealthChanged
from arni_edge.domain.health import Health, State, worst
from arni_edge.domain.masking import mask_log

_LOG = structlog.get_logger(__name__)


class HealthBoard:
    """Remembers the health of every part; logs and publishes on the change only."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._parts: dict[str, Health] = {}

    def report(self, part: str, state: State, reason: str = "") -> None:
        """Say how a part is doing; saying the same again changes nothing.

        Args:
            part: Its name, for instance ``broker``.
            state: How it is.
            reason: Why, in words for the owner; one line. Without personal data.
        """
        # An error of a library may carry an address with its password, and this goes to MQTT and systemd.
        reason = mask_log(" ".join(reason.split()))
        known = self._parts.get(part)
        if known is not None and known.state is state:
            # A new reason for the same state keeps its age: "down since 14:02" must not restart.
            self._parts[part] = Health(part, state, reason, known.since)
            return
        now = self._clock.now()
        self._parts[part] = Health(part, state, reason, now)
        log = _LOG.info if state is State.OK else _LOG.warning
        log("health_changed", part=part, state=state, reason=reason)
        self._bus.publish(HealthChanged(at=now, part=part, state=state, reason=reason))

    def forget_all_but(self, *kept: str) -> None:
        """Drop all other parts: new settings may not know them any more."""
        self._parts = {part: health for part, health in self._parts.items() if part in kept}

    @property
    def parts(self) -> list[Health]:
        """All parts, by name."""
        return [self._parts[name] for name in sorted(self._parts)]

    @property
    def overall(self) -> State:
        """The state of the worst part."""
        return worst(self._parts.values())

    def of(self, part: str) -> Health | None:
        """The health of one part, or None when it never reported."""
        return self._parts.get(part)

    def sentence(self) -> str:
        """One line that answers "how is it?", for ``systemctl status``."""
        troubled = [health for health in self.parts if health.state is not State.OK]
        if not troubled:
            return f"all {len(self._parts)} parts ok"
        named = ", ".join(f"{health.part} {health.state}: {health.reason}" for health in troubled[:3])
        more = f" and {len(troubled) - 3} more" if len(troubled) > 3 else ""
        return f"{len(self._parts) - len(troubled)}/{len(self._parts)} parts ok; {named}{more}"
