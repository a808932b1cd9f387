"""The notice of what nobody was told of, to people who read Telegram."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from arni_edge.domain.health import State
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.staff import Contact
from arni_edge.safety import Roster, StaffLine
from arni_edge.safety.unsaid import UnsaidNotice
from arni_edge.settings import Site
from support.house import House


def notice_to(
    house: House,
    *staff: Contact,
    on_call: Sequence[Contact] = (),
    health: list[tuple[State, str]] | None = None,
) -> UnsaidNotice:
    """The notice of a house, to these people."""
    line = StaffLine(
        Roster(tuple(on_call), (), {one.id: one for one in staff}, ZoneInfo("Europe/Berlin")),
        template="",
        telegram=lambda one: one.telegram is not None,
    )
    site = Site(id="demo", name="Demo", capacity=10)
    said: list[tuple[State, str]] = [] if health is None else health
    return UnsaidNotice(
        house.database,
        house.clock,
        Catalogue.load(),
        line,
        site=site,
        health=lambda state, why: said.append((state, why)),
    )


async def posts(house: House) -> list[str]:
    """What staff were told by it, in order."""
    rows = await house.database.read("SELECT text FROM staff_posts WHERE key GLOB 'unsaid/*' ORDER BY rowid")
    return [row["text"] for row in rows]
