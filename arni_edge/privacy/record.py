"""The record of processing activities (Art. 30 GDPR), from the configuration. Pure: needs no daemon."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from arni_edge import __version__
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.settings import DAYS, Camera, Hours, Settings
from arni_edge.settings.base import Day

_MEASURES = (
    "local", "frames", "masking", "delete", "erasure", "codes", "audit", "access", "broker", "confirm",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Activity:
    """One processing activity, in sentences.

    Attributes:
        name: What is done.
        purpose: What for.
        basis: On what legal basis.
        people: Whose data.
        data: Which.
        recipients: Who else gets them; empty: nobody.
        kept: For how long.
        details: What else there is to say, one sentence each.
    """

    name: str
    purpose: str
    basis: str
    people: str
    data: str
    recipients: tuple[str, ...]
    kept: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """The whole record.

    Attributes:
        title: With the gym's name.
        generated: From what.
        controller: Name and address, or empty.
        contact: How they are reached, or empty.
        officer: The data protection officer, or empty.
        gaps: What is missing, one sentence each.
        activities: What is done.
        measures: Technical and organisational measures, as they are true of this code.
    """

    title: str
    generated: str
    controller: str
    contact: str
    officer: str
    gaps: tuple[str, ...]
    activities: tuple[Activity, ...]
    measures: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def build_record(settings: Settings, catalogue: Catalogue, language: Language) -> Record:
    """The record of a box.

    Args:
        settings: What it is configured to do.
        catalogue: Words.
        language: Of the record.
    """
    writer = _Writer(settings, catalogue, language)
    return Record(
        writer.text("privacy.record.title", gym=settings.site.name),
        writer.text("privacy.record.generated", version=__version__),
        settings.privacy.controller,
        settings.privacy.contact,
        settings.privacy.officer,
        tuple(gaps(settings, catalogue, language)),
        tuple(writer.activities()),
        tuple(writer.text(f"privacy.measure.{name}") for name in _MEASURES),
    )


def gaps(settings: Settings, catalogue: Catalogue, language: Language) -> Iterator[str]:
    """What is missing before the record is one."""
    for name in ("controller", "contact", "officer"):
        if not getattr(settings.privacy, name).strip():
            yield catalogue.text(f"privacy.gap.{name}", language)
    for camera in settings.cameras:
        for zone in camera.zones:
            if not (zone.legal_basis or "").strip():
                yield catalogue.text("privacy.gap.camera_basis", language, camera=camera.id, zone=zone.name)


def recipients(settings: Settings, catalogue: Catalogue, language: Language) -> list[str]:
    """Who outside of the box gets data, as it is configured."""
    return list(
        _Writer(settings, catalogue, language).recipients("meta", "relay", "telegram", "sms", "phone")
    )


def hours_text(hours: Hours, day_names: Mapping[Day, str]) -> str:
    """Opening or watching hours in one line: days with the same hours together.

    Args:
        hours: Per weekday.
        day_names: What the days are called.
    """
    spans = {
        day: ", ".join(f"{span.start:%H:%M}-{_until(span.until)}" for span in hours.of(number))
        for number, day in enumerate(DAYS)
    }
    lines: list[tuple[Day, Day, str]] = []
    for day in DAYS:
        if not spans[day]:
            continue
        if lines and lines[-1][2] == spans[day]:
            lines[-1] = (lines[-1][0], day, spans[day])
        else:
            lines.append((day, day, spans[day]))
    return "; ".join(
        f"{day_names[first]}{'' if first == last else f' - {day_names[last]}'} {when}"
        for first, last, when in lines
    )


def _until(moment: Any) -> str:
    return "24:00" if moment.hour == 23 and moment.minute == 59 and moment.second == 59 else f"{moment:%H:%M}"


class _Writer:
    def __init__(self, settings: Settings, catalogue: Catalogue, language: Language) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._language = language

    def text(self, key: str, **values: object) -> str:
        return self._catalogue.text(key, self._language, **values)

    def activities(self) -> Iterator[Activity]:
        settings = self._settings
        privacy, access = settings.privacy, settings.access
        yield self._activity("members", "members", (), self.text("privacy.record.until_erased"))
        if settings.doors:
            yield self._activity("doors", "members", (), self._days(access.door_events_days))
        if access.tailgating is not None:
            yield self._activity("tailgating", "members", (), self._days(access.tailgating.days))
        if settings.whatsapp is not None:
            yield self._activity(
                "messages", "writers", ("meta", "relay", "telegram", "sms"), self._days(privacy.messages_days)
            )
        yield self._activity(
            "alarms", "visitors", ("meta", "telegram", "sms", "phone"), self._days(privacy.alarms_days)
        )
        yield self._activity("staff", "staff", ("telegram",), self._days(privacy.audit_days))
        if settings.vision.enabled:
            for camera in settings.cameras:
                yield self._camera(camera)
            if settings.cameras:
                yield self._activity("occupancy", "visitors", (), self._days(settings.counting.history_days))

    def recipients(self, *names: str) -> Iterator[str]:
        settings = self._settings
        hosts = {
            "relay": settings.relay.url if settings.relay else None,
            "sms": settings.sms.url if settings.sms else None,
            "phone": settings.phone.url if settings.phone else None,
            "meta": "" if settings.whatsapp else None,
            "telegram": "" if settings.telegram else None,
        }
        for name in names:
            if (url := hosts[name]) is not None:
                yield self.text(f"privacy.recipient.{name}", host=urlsplit(url).hostname)

    def _activity(self, name: str, people: str, others: tuple[str, ...], kept: str) -> Activity:
        return Activity(
            self.text(f"privacy.activity.name.{name}"),
            self.text(f"privacy.activity.purpose.{name}"),
            self.text(f"privacy.activity.basis.{name}"),
            self.text(f"privacy.people.{people}"),
            self.text(f"privacy.activity.data.{name}"),
            tuple(self.recipients(*others)),
            kept,
        )

    def _camera(self, camera: Camera) -> Activity:
        details = [self.text("privacy.camera.hours", hours=self._hours(camera))]
        if camera.masks:
            details.append(self.text("privacy.camera.masks", count=len(camera.masks)))
        for zone in camera.zones:
            basis = zone.legal_basis or self.text("privacy.camera.no_basis")
            details.append(self.text("privacy.camera.zone", zone=zone.name, kind=zone.kind, basis=basis))
        details += [self.text("privacy.camera.line", line=line.name) for line in camera.lines]
        if camera.qr is not None:
            details.append(self.text("privacy.camera.qr", door=camera.qr.door))
        return Activity(
            self.text("privacy.camera.name", camera=camera.id),
            self.text("privacy.camera.purpose_down" if camera.person_down else "privacy.camera.purpose"),
            self.text("privacy.camera.basis"),
            self.text("privacy.people.visitors"),
            self.text("privacy.camera.data"),
            (),
            self.text("privacy.record.not_kept"),
            tuple(details),
        )

    def _hours(self, camera: Camera) -> str:
        if camera.hours is None:
            return self.text("privacy.camera.always")
        names = {day: self._catalogue.text(f"day.{day}", self._language) for day in DAYS}
        return hours_text(camera.hours, names)

    def _days(self, days: int) -> str:
        return self.text("privacy.record.days", days=days)


def as_markdown(record: Record, catalogue: Catalogue, language: Language) -> str:
    """The record as a page.

    Args:
        record: The record.
        catalogue: Headings.
        language: Of the headings.
    """

    def head(name: str) -> str:
        return catalogue.text(f"privacy.record.{name}", language)

    missing = catalogue.text("privacy.sign.missing", language)
    lines = [f"# {record.title}", "", record.generated, ""]
    heads = ("controller", "contact", "officer")
    lines += [f"- **{head(name)}:** {getattr(record, name) or missing}" for name in heads]
    if record.gaps:
        lines += ["", f"## {head('gaps')}", "", *(f"- {gap}" for gap in record.gaps)]
    for activity in record.activities:
        others = "; ".join(activity.recipients) or head("none")
        lines += [
            "",
            f"## {activity.name}",
            "",
            f"- **{head('purpose')}:** {activity.purpose}",
            f"- **{head('basis')}:** {activity.basis}",
            f"- **{head('people')}:** {activity.people}",
            f"- **{head('data')}:** {activity.data}",
            f"- **{head('recipients')}:** {others}",
            f"- **{head('kept')}:** {activity.kept}",
            *(f"- {detail}" for detail in activity.details),
        ]
    lines += ["", f"## {head('measures')}", "", *(f"- {measure}" for measure in record.measures), ""]
    return "\n".join(lines)
