"""Nobody has agreed to anything before they did, and taking it back removes what rests on it."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.database import open_database
from support.retention import forget

from arni_edge.domain.errors import Unavailable
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.privacy.consent import ConsentDesk, Purpose
from arni_edge.storage import Database
from arni_edge.storage.audit import AuditLog
from arni_edge.storage.consents import Consenter

MIA = Consenter("whatsapp", "4915123456789", "m1")
ELSEWHERE = Consenter("whatsapp", "DE.77", "m1")
STRANGER = Consenter("whatsapp", "4915100000000")


@dataclass
class Memory:
    """Something that rests on consent."""

    failures: int = 0
    forgotten: list[tuple[str, str]] = field(default_factory=list)

    async def forget(self, who: Consenter, purpose: Purpose) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable("the disk is away")
        self.forgotten.append((who.address, purpose))


class Reworded(Catalogue):
    """The same sentences, in a newer version."""

    def text(self, key: str, language: Language, **values: object) -> str:
        return "2" if key.startswith("consent.version") else super().text(key, language, **values)


def desk_of(database: Database, *resting: Memory, catalogue: Catalogue | None = None) -> ConsentDesk:
    log = AuditLog(b"k" * 32)
    return ConsentDesk(
        database, ManualClock(), catalogue or Catalogue.load(), log, gym="Demo", resting=resting
    )


async def test_the_default_is_no_for_everything(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        state = await desk_of(database).state(MIA)
        assert set(state) == set(Purpose)
        assert not any(one.granted for one in state.values())


async def test_consent_is_for_one_purpose_and_one_person_on_all_their_channels(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        desk = desk_of(database)
        await desk.grant(MIA, Purpose.MEMORY)
        assert await desk.allows(MIA, Purpose.MEMORY)
        assert await desk.allows(ELSEWHERE, Purpose.MEMORY)
        assert not await desk.allows(MIA, Purpose.HEALTH)
        assert not await desk.allows(STRANGER, Purpose.MEMORY)
        assert (await desk.state_of_member("m1"))[Purpose.MEMORY].text_version == "1"
        await desk.revoke(ELSEWHERE, Purpose.MEMORY)
        assert not await desk.allows(MIA, Purpose.MEMORY)
        rows = await database.read("SELECT act, subject, detail FROM audit ORDER BY number")
        assert [row["act"] for row in rows] == ["consent.granted", "consent.revoked"]
        assert all("m1" not in row["subject"] and "4915" not in row["detail"] for row in rows)


async def test_consent_to_other_words_is_none(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        await desk_of(database).grant(MIA, Purpose.VOICE)
        newer = desk_of(database, catalogue=Reworded.load())
        assert not await newer.allows(MIA, Purpose.VOICE)
        assert (await newer.state(MIA))[Purpose.VOICE].text_version == "1"


async def test_what_could_not_be_forgotten_at_once_is_forgotten_after_the_next_start(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        memory = Memory(failures=1)
        desk = desk_of(database, memory)
        await desk.grant(MIA, Purpose.HEALTH)
        await desk.revoke(MIA, Purpose.HEALTH)
        assert not await desk.allows(MIA, Purpose.HEALTH)
        assert memory.forgotten == []
        await desk_of(database, memory).resume()
        await desk_of(database, memory).resume()
        assert memory.forgotten == [(MIA.address, Purpose.HEALTH)]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("purpose", Purpose)
async def test_every_purpose_has_its_words(tmp_path: Path, purpose: Purpose, language: Language) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        words = desk_of(database).words(purpose, language)
        assert len(words) > 40
        assert "{" not in words


async def test_what_a_member_took_back_anywhere_is_taken_back_where_nobody_knows_them(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        desk = desk_of(database)
        await desk.grant(MIA, Purpose.MEMORY)
        await desk.revoke(ELSEWHERE, Purpose.MEMORY)
        assert not await desk.allows(Consenter(MIA.channel, MIA.address), Purpose.MEMORY)


async def test_consent_that_was_taken_back_does_not_come_back_with_the_years(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        desk = desk_of(database, Memory())
        await desk.grant(MIA, Purpose.MEMORY)
        await desk.revoke(ELSEWHERE, Purpose.MEMORY)
        await desk.grant(STRANGER, Purpose.VOICE)
        # The grant was noted by a clock that was ahead.
        await database.write(
            lambda tx: tx.execute(
                "UPDATE consents SET at = '2027-01-01' WHERE granted AND purpose = 'memory'"
            )
        )
        clock = ManualClock()
        for days in (0, 1100, 1100):
            clock.advance(days * 86400)
            await forget(database, clock)
            assert not await desk.allows(MIA, Purpose.MEMORY)
        assert await desk.allows(STRANGER, Purpose.VOICE)  # nobody has taken that back
        rows = await database.read("SELECT purpose FROM consents")
        assert [row["purpose"] for row in rows] == ["voice"]
