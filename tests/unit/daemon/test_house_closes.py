"""What a house has opened it closes, whatever it is made of."""

from pathlib import Path

import httpx
import pytest
from support.clock import ManualClock
from support.database import open_database

from arni_edge.broker.managed import ManagedMosquitto
from arni_edge.bus import Bus
from arni_edge.channels.whatsapp import open_client
from arni_edge.daemon import whatsapp
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.house import build_house
from arni_edge.domain.i18n import Catalogue
from arni_edge.settings import Settings
from arni_edge.storage.audit import AuditLog, keep_key
from arni_edge.supervision import HealthBoard


@pytest.mark.parametrize("with_relay", [True, False])
async def test_the_way_to_meta_is_closed_with_and_without_a_relay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_relay: bool
) -> None:
    opened: list[httpx.AsyncClient] = []

    def note() -> httpx.AsyncClient:
        opened.append(open_client())
        return opened[-1]

    monkeypatch.setattr(whatsapp, "open_client", note)
    clock, bus = ManualClock(), Bus()
    said = {
        "site": {"id": "gym", "name": "Gym", "capacity": 10},
        "broker": {"mode": "external"},
        "whatsapp": {"phone_number_id": "106540352242922", "access_token": "x"},
        "relay": {"url": "http://127.0.0.1:9"},
        "paths": {"state": tmp_path, "runtime": tmp_path},
    }
    settings = Settings.model_validate(said)
    if not with_relay:  # the configuration check refuses that; the house does not rest on it
        settings = settings.model_copy(update={"relay": None})
    async with open_database(tmp_path / "arni.db") as database:
        audit, managed = AuditLog(keep_key(tmp_path / "audit-key")), ManagedMosquitto(tmp_path / "broker")
        board = HealthBoard(bus, clock)
        house = build_house(
            settings, Foundation(database, clock, bus, board, Catalogue.load(), managed, audit)
        )
        for close in house.closers:
            await close()
    assert [one.is_closed for one in opened] == [True]
