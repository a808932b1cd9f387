"""The timeline of a day in words for the owner, in the site's language."""

from dataclasses import dataclass
from typing import TypedDict

from arni_edge.automation.day import DayReport, Entry, Warn
from arni_edge.automation.picture import (
    Announce,
    Audience,
    LockDoor,
    RaiseTrouble,
    SetGuard,
    SetSwitch,
    Why,
)
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language


class Line(TypedDict):
    """One line of the timeline as ``arni-edge config check --json`` prints it.

    ``at`` is ISO 8601 with offset; ``act`` is ``on``, ``off``, ``lock``, ``announce``, ``tell_staff``,
    ``trouble``, ``over``, ``arm`` or ``disarm``; ``device`` is empty where there is none.
    """

    at: str
    rule: str
    act: str
    device: str
    why: str


@dataclass(frozen=True, slots=True)
class Words:
    """Speaks the site's language."""

    catalogue: Catalogue
    language: Language

    def lines(self, report: DayReport) -> list[Line]:
        """The timeline for machines; ``why`` is a sentence all the same."""
        return [self._line(entry) for entry in report.timeline]

    def timeline(self, report: DayReport) -> list[str]:
        """The timeline for people, for instance ``06:00  light-floor on (somebody is inside)``."""
        return [
            self._say(
                "automation.line",
                at=f"{entry.at:%H:%M}",
                what=self._what(entry, line),
                why=line["why"],
            )
            for entry, line in zip(report.timeline, self.lines(report), strict=True)
        ]

    def warnings(self, report: DayReport) -> list[str]:
        """What the owner may not have meant."""
        return [self._warning(warning) for warning in report.warnings]

    def note(self, text: str) -> str:
        """A warning as a line of its own."""
        return self._say("automation.warning_line", text=text)

    def _warning(self, warning: Warn) -> str:
        return self._say(f"automation.warning.{warning.key}", subject=warning.subject)

    def _line(self, entry: Entry) -> Line:
        act, device, why = self._parts(entry)
        return Line(
            at=entry.at.isoformat(timespec="minutes"), rule=entry.rule, act=act, device=device, why=why
        )

    def _parts(self, entry: Entry) -> tuple[str, str, str]:
        match entry.wish:
            case SetSwitch() as wish:
                detail = f": {wish.detail}" if wish.detail else ""
                return "on" if wish.on else "off", wish.device, self._why(wish.why) + detail
            case LockDoor() as wish:
                return "lock", wish.door, self._why(wish.why)
            case SetGuard() as wish:
                return "arm" if wish.armed else "disarm", "", self._why(wish.why)
            case RaiseTrouble() as wish:
                return "over" if wish.over else "trouble", wish.device, wish.evidence
            case Announce() as wish:
                number = "?" if wish.number is None else wish.number
                text = self._say(f"automation.notice.{wish.notice}", number=number, subject=wish.subject)
                return "announce" if wish.audience is Audience.INSIDE else "tell_staff", wish.subject, text

    def _what(self, entry: Entry, line: Line) -> str:
        trouble = ""
        if isinstance(entry.wish, RaiseTrouble):
            trouble = self._say(f"automation.trouble.{entry.wish.trouble}")
        return self._say(f"automation.act.{line['act']}", device=line["device"], trouble=trouble)

    def _why(self, why: Why) -> str:
        return self._say(f"automation.why.{why}")

    def _say(self, key: str, **values: object) -> str:
        return self.catalogue.text(key, self.language, **values)
