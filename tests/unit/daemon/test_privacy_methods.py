"""What a member has agreed to is asked and noted over the control socket."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from support.clock import ManualClock
from support.database import open_database

from arni_edge.daemon.privacy_methods import PrivacyRoom, privacy_methods
from arni_edge.domain.errors import InvalidInput, Refused
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.people import Member
from arni_edge.privacy.consent import ConsentDesk
from arni_edge.privacy.export import ExportDesk
from arni_edge.settings import Settings
from arni_edge.storage import members
from arni_edge.storage.audit import AuditLog

_SETTINGS = Settings.model_validate({"site": {"id": "demo", "name": "Demo", "capacity": 10}})


@dataclass
class Room:
    consents: ConsentDesk
    export: ExportDesk


async def test_consent_is_none_until_it_is_noted_and_again_when_it_is_taken_back(tmp_path: Path) -> None:
    clock, catalogue = ManualClock(), Catalogue.load()
    async with open_database(tmp_path / "arni.db") as database:
        await database.write(
            lambda tx: members.put_by_hand(tx, [Member("m1", "Mia Muster", "+4915123456789")], clock.now())
        )
        room = Room(
            ConsentDesk(database, clock, catalogue, AuditLog(b"k" * 32), gym="Demo"),
            ExportDesk(database, clock, catalogue, _SETTINGS),
        )
        ask = privacy_methods(catalogue, lambda: cast("PrivacyRoom", room))["privacy.consent"]

        async def granted(**params: Any) -> set[str]:
            stands = await ask({"member_id": "m1", **params})
            return {purpose for purpose, one in stands.items() if one["granted"]}

        assert await granted() == set()
        assert await granted(grant="memory") == {"memory"}
        assert await granted() == {"memory"}
        assert await granted(revoke="memory") == set()
        with pytest.raises(InvalidInput, match="must be one of memory"):
            await granted(grant="everything")
        with pytest.raises(Refused):
            await ask({"member_id": "nobody", "grant": "memory"})
        assert await granted() == set()
