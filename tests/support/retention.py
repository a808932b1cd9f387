"""What the nightly jobs do, done now."""

from collections.abc import Mapping
from typing import Any

from arni_edge.domain.clock import Clock
from arni_edge.privacy.retention import RetentionDesk
from arni_edge.settings import Settings
from arni_edge.storage import Database
from arni_edge.storage.audit import AuditLog


def retention_desk(database: Database, clock: Clock, **sections: Any) -> RetentionDesk:
    """The desk with some settings."""
    site = {"id": "demo", "name": "Demo", "capacity": 10}
    settings = Settings.model_validate({"site": site, **sections})
    return RetentionDesk(database, clock, settings, AuditLog(b"k" * 32))


async def forget(database: Database, clock: Clock, **sections: Any) -> Mapping[str, int]:
    """Run all jobs; returns removed rows by job."""
    return await retention_desk(database, clock, **sections).forget()
