"""The proof log as people read it: in the studio's language, from what the daemon answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.safety import proof
from arni_edge.safety.proof import Entry, Text


@dataclass(frozen=True, slots=True)
class ProofLog:
    """A period, ready to be written.

    Attributes:
        entries: Its alarms, oldest first.
        zone: The studio's.
        text: Words in its language.
        title: Of the document.
        lines: What stands under it.
        facts: The period in words: what, and how much.
    """

    entries: Sequence[Entry]
    zone: ZoneInfo
    text: Text
    title: str
    lines: tuple[str, ...]
    facts: Sequence[tuple[str, str]]

    @property
    def titles(self) -> list[str]:
        """Of the columns."""
        return [self.text(f"proof.column.{name}") for name in proof.COLUMNS]


def read_log(log: dict[str, Any]) -> ProofLog:
    """The proof log from the answer to ``alarms.proof``."""
    language, zone = Language(log["language"]), ZoneInfo(log["zone"])
    catalogue = Catalogue.load()

    def text(key: str, **values: object) -> str:
        return catalogue.text(key, language, **values)

    entries = [proof.entry_of(row) for row in log["alarms"]]
    since, until, now = (datetime.fromisoformat(log[name]) for name in ("since", "until", "now"))
    months = proof.months_without_test(entries, since, min(until, now), zone)
    days = partial(_day, zone=zone)
    return ProofLog(
        entries,
        zone,
        text,
        text("proof.title", gym=log["gym"]),
        (
            text("proof.period", since=days(since), until=days(until, before=True), now=days(now)),
            text("proof.purpose", zone=zone.key),
        ),
        proof.facts(proof.summarise(entries), months, text),
    )


def csv_of(log: dict[str, Any]) -> str:
    """The table alone."""
    read = read_log(log)
    return proof.table_csv(read.entries, read.zone, read.text)


def _day(moment: datetime, *, zone: ZoneInfo, before: bool = False) -> str:
    """The day of a moment; with ``before`` that of the moment just before it."""
    stamp = moment.timestamp() - (1 if before else 0)
    return f"{datetime.fromtimestamp(stamp, zone):%Y-%m-%d}"
