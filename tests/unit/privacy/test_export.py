"""A member gets everything that is held about them, and nothing of anybody else."""

import json
from pathlib import Path

from support.clock import ManualClock
from support.database import open_database
from support.member_data import DIGITS, KIM, OTHER, fill

from arni_edge.domain.i18n import Catalogue
from arni_edge.privacy.export import ExportDesk
from arni_edge.settings import Settings
from arni_edge.storage import Database
from arni_edge.storage.audit import AuditLog

SITE = {"id": "demo", "name": "Demo", "capacity": 10}
# What names a member and is not shown, and why.
_NOT_SHOWN = {
    "alarm_reports": "with the alarms",
    "audit_subjects": "with the audit",
    "erasing": "gone when it is over",
    "identity_codes": "digests of codes",
    "staff_channels": "staff",
}


def export_of(database: Database) -> ExportDesk:
    settings = Settings.model_validate({"site": SITE})
    return ExportDesk(database, ManualClock(), Catalogue.load(), settings)


async def test_everything_is_in_it_and_nothing_of_others(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        now = ManualClock().now()
        await fill(database, now)
        log = AuditLog(b"k" * 32)
        await database.write(
            lambda tx: log.note(tx, now, actor="staff:nora", act="theirs", member_id=OTHER.member_id)
        )
        await database.write(
            lambda tx: tx.execute("UPDATE errands SET tool = 'contract.cancel' WHERE address = ?", (DIGITS,))
        )
        text = json.dumps(await export_of(database).export(KIM.member_id), ensure_ascii=False)
        data = json.loads(text)["data"]
        assert [row["act"] for row in data["audit"]] == ["door.opened"]
        assert [row["tool"] for row in data["errands"]] == ["contract.cancel"]
        assert len(data["inbound"]) == 4
        for of_ben in (OTHER.name, OTHER.phone[1:], f'"{OTHER.member_id}"', "nora", "theirs", "Ben"):
            assert of_ben not in text


async def test_no_table_that_names_a_member_is_passed_over(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        await fill(database, ManualClock().now())
        await database.write(
            lambda tx: tx.execute(
                "INSERT INTO identity_requests (request_id, channel, address, member_id, proof, language,"
                " state, asked_at, expires_at)"
                " VALUES ('r', 'whatsapp', 'x', ?, '', 'de', 'confirmed', '', '')",
                (KIM.member_id,),
            )
        )
        rows = await database.read(
            "SELECT DISTINCT tables.name FROM sqlite_master AS tables, pragma_table_info(tables.name) AS one"
            " WHERE tables.type = 'table' AND one.name IN ('member_id', 'address', 'recipient',"
            " 'conversation', 'claimed')"
        )
        shown = set((await export_of(database).export(KIM.member_id))["data"])
        assert {row["name"] for row in rows} - shown == _NOT_SHOWN.keys()
