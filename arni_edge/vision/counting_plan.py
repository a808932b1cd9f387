"""What of the settings decides how people in the gym are counted."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from arni_edge.settings import Settings


@dataclass(frozen=True, slots=True)
class CountingPlan:
    """Which lines and zones make the count of the gym.

    Attributes:
        zones: Ids of all zones.
        lines: The camera of every line, by the line's id. Whoever goes in over one of them is in the gym.
        doors: The door of a line, where it belongs to one. Each of several lines at one door sees everybody.
        limits: More people than this in a zone are a crowd.
        thresholds: Zones that may lie before the door: who waits there has perhaps not come in yet.
        overlapping: Groups of zones that see the same floor: of these the highest count, not the sum.
        zones_see_everybody: Whoever is in the gym is in one of the zones.
        nightly_zero: When nobody is there, on the studio's clock.
        timezone: The studio's.
    """

    zones: tuple[str, ...] = ()
    lines: Mapping[str, str] = field(default_factory=dict)
    doors: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    thresholds: frozenset[str] = frozenset()
    overlapping: tuple[frozenset[str], ...] = ()
    zones_see_everybody: bool = False
    nightly_zero: time = time(4, 0)
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Berlin"))

    @classmethod
    def of(cls, settings: Settings, overlapping: Sequence[Collection[str]] = ()) -> Self:
        """The plan that follows from the settings.

        Args:
            settings: Of this box.
            overlapping: Groups of zones that see the same floor.
        """
        zones = [zone for camera in settings.cameras for zone in camera.zones]
        lines = [line for camera in settings.cameras for line in camera.lines]
        return cls(
            zones=tuple(zone.id for zone in zones),
            lines={line.id: camera.id for camera in settings.cameras for line in camera.lines},
            doors={line.id: line.door for line in lines if line.door is not None},
            limits={zone.id: zone.limit for zone in zones if zone.limit is not None},
            thresholds=frozenset(zone.id for zone in zones if zone.kind == "entrance"),
            overlapping=tuple(frozenset(group) for group in overlapping),
            zones_see_everybody=settings.counting.zones_see_everybody,
            nightly_zero=settings.counting.nightly_zero,
            timezone=settings.site.zone,
        )

    @property
    def ways_in(self) -> tuple[tuple[str, ...], ...]:
        """Lines by the way that they watch; of one door the first counts, the others stand in for it."""
        ways: dict[tuple[str, str], list[str]] = {}
        for line in self.lines:
            door = self.doors.get(line)
            ways.setdefault(("line", line) if door is None else ("door", door), []).append(line)
        return tuple(tuple(way) for way in ways.values())

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Zones by the floor that they see; one that overlaps with no other is a group of its own."""
        groups: list[set[str]] = []
        for wanted in [*self.overlapping, *({zone} for zone in self.zones)]:
            members = set(wanted) & set(self.zones)
            touching = [group for group in groups if group & members]
            groups = [group for group in groups if group not in touching]
            if members:
                groups.append(members.union(*touching))
        return tuple(tuple(sorted(group)) for group in groups)

    def last_zero(self, now: datetime) -> datetime:
        """The newest moment (UTC) that a nightly zero was due at, not after ``now`` (aware).

        On the night when the clock goes back it is due once, at the first of both; where it goes forward over
        the time, as much later as is left out.
        """
        today = now.astimezone(self.timezone).date()
        for days in (0, 1, 2):
            local = datetime.combine(today - timedelta(days=days), self.nightly_zero, self.timezone)
            moment = local.astimezone(UTC)
            if moment <= now:
                break
        return moment
