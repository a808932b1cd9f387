"""What shows the state of all alarms to whoever looks: the broker, and panels on the wall."""

import json
from collections.abc import Sequence
from typing import Final, Protocol

from arni_edge.broker import Delivery
from arni_edge.domain.errors import Unavailable
from arni_edge.safety.model import ACKNOWLEDGED, OPEN, Alarm

_MOST_SHOWN: Final = 20
_DEADLINE_SECONDS: Final = 2.0


def alarm_topic(site_id: str) -> str:
    """Retained: whether there is an alarm, and which."""
    return f"arni/{site_id}/alarm"


class Publisher(Protocol):
    """The session with the broker, as far as it is needed here."""

    async def publish(
        self, topic: str, payload: str, *, qos: int = 1, retain: bool = False, deadline: float = 5.0
    ) -> Delivery:
        """Give it to the broker; returns what became of it. Raises :class:`Unavailable`."""
        ...


class MqttSink:
    """The state of all alarms, retained: also for a panel or a Home Assistant that comes later.

    Nothing in it is about a person; that somebody is in a crisis is nobody's business in the building.
    """

    name = "mqtt"

    def __init__(self, broker: Publisher, site_id: str) -> None:
        """Nothing is published before :meth:`show`.

        Args:
            broker: The session with the broker.
            site_id: Part of the topic.
        """
        self._broker = broker
        self._topic = alarm_topic(site_id)

    async def show(self, alarms: Sequence[Alarm]) -> str:
        """Publish the state.

        Raises:
            Unavailable: The broker does not have it.
        """
        delivery = await self._broker.publish(
            self._topic, public_state(alarms), retain=True, deadline=_DEADLINE_SECONDS
        )
        if delivery is Delivery.NOT_PERMITTED:
            raise Unavailable(f"the broker does not permit {self._topic}")
        return str(delivery)


class Panels(Protocol):
    """Panels that are connected now."""

    async def show_alarms(self, alarms: Sequence[Alarm]) -> int:
        """Show these; returns on how many panels they are seen. Raises :class:`Unavailable`."""
        ...


class PanelSink:
    """The panels on the wall. That none is connected is no failure."""

    name = "panel"

    def __init__(self, panels: Panels | None = None) -> None:
        """Nothing is shown before :meth:`show`.

        Args:
            panels: Who shows it; None: there are none.
        """
        self._panels = panels

    async def show(self, alarms: Sequence[Alarm]) -> str:
        """Show the state.

        Raises:
            Unavailable: The panels cannot be reached.
        """
        count = 0 if self._panels is None else await self._panels.show_alarms(alarms)
        return f"shown on {count}" if count else "nobody watching"


def public_state(alarms: Sequence[Alarm]) -> str:
    """The state of all alarms as JSON, fit for everybody in the building.

    Returns:
        ``{"state": "open|acknowledged|clear", "count", "drill", "alarms": [{"id", "cause", "place", "state",
        "drill", "step", "since"}]}``; the newest last, at most 20 of them.
    """
    states = {alarm.state for alarm in alarms}
    state = OPEN if OPEN in states else ACKNOWLEDGED if states else "clear"
    shown = [
        {
            "id": alarm.alarm_id,
            "cause": alarm.public_cause,
            "place": alarm.place,
            "state": alarm.state,
            "drill": alarm.drill,
            "step": alarm.step,
            "since": alarm.raised_at.isoformat(),
        }
        for alarm in alarms[-_MOST_SHOWN:]
    ]
    drill = bool(alarms) and all(alarm.drill for alarm in alarms)
    return json.dumps({"state": state, "count": len(alarms), "drill": drill, "alarms": shown})
