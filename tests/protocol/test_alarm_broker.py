"""The state of all alarms on a real broker: retained, impersonal, right again after every loss."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.alarms import alarm_desk
from support.clock import ManualClock
from support.database import open_database
from support.mosquitto import Mosquitto
from support.mqtt import Device, connected, running
from support.waiting import eventually, eventually_is

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.messages import Channel, Language
from arni_edge.domain.staff import Contact
from arni_edge.safety import Cause, Display, Report, Reporter
from arni_edge.safety.displays import MqttSink, PanelSink
from arni_edge.storage import Database

_TOPIC = "arni/demo/alarm"
_ON_CALL = [{"name": "Nora", "phone": "+4915550000001"}]
NORA = Contact("on-call-1", "Nora")


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arni_edge.safety.following._LOOK_SECONDS", 0.02)
    monkeypatch.setattr("arni_edge.safety.display_keeper._AGAIN", 0.05)
    monkeypatch.setattr("arni_edge.safety.display_keeper._LONGEST", 0.2)


def states(device: Device) -> list[dict[str, Any]]:
    return [json.loads(payload) for _, payload in device.got]


async def test_who_comes_later_sees_it_too_and_at_the_end_that_it_is_over(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    clock = ManualClock()
    session = BrokerSession(mosquitto.address(), client_id="daemon", clock=SystemClock())
    async with connected(session), open_database(tmp_path / "arni.db") as database:
        displays: list[Display] = [MqttSink(session, "demo"), PanelSink()]
        desk = alarm_desk(database, Bus(), clock, on_call=_ON_CALL, displays=displays)
        async with Device(mosquitto.address(), _TOPIC) as panel, running(desk.run):
            await eventually(lambda: states(panel))
            assert states(panel) == [{"state": "clear", "count": 0, "drill": False, "alarms": []}]
            reporter = Reporter(Channel.WHATSAPP, "+4915123456789", Language.GERMAN)
            await desk.raise_alarm(
                Report("m1", Cause.CRISIS, "whatsapp", clock.now(), "hall", reporter=reporter)
            )
            await eventually(lambda: states(panel)[-1]["state"] == "open")
            async with Device(mosquitto.address(), _TOPIC) as late:
                await eventually(lambda: states(late))
                (seen,) = states(late)
                assert seen["alarms"][0]["cause"] == "help"
                assert seen["alarms"][0]["place"] == "hall"
                assert "4915123456789" not in json.dumps(seen)
                alarm_id = seen["alarms"][0]["id"]
                assert late.raw[0].retain
            await desk.acknowledge(alarm_id, NORA)
            await eventually(lambda: states(panel)[-1]["state"] == "acknowledged")
            assert "Nora" not in panel.got[-1][1]
            await desk.close(alarm_id, NORA, "helped", "ok")
            await eventually(lambda: states(panel)[-1]["state"] == "clear")
            rows = await database.read("SELECT sink, state, detail FROM alarm_sinks ORDER BY sink")
            noted = {row["sink"]: (row["state"], row["detail"]) for row in rows}
            assert noted["mqtt"] == ("done", "accepted")
            assert noted["panel"] == ("done", "nobody watching")


async def test_a_broker_that_is_away_gets_the_state_when_it_is_back(
    start_mosquitto: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    mosquitto = start_mosquitto()
    clock = ManualClock()
    session = BrokerSession(mosquitto.address(), client_id="daemon", clock=SystemClock())
    async with open_database(tmp_path / "arni.db") as database, running(session.run):
        await eventually(lambda: session.connected)
        desk = alarm_desk(database, Bus(), clock, on_call=_ON_CALL, displays=[MqttSink(session, "demo")])
        session.on_session(desk.show_again)
        async with running(desk.run):
            mosquitto.kill()
            await eventually(lambda: not session.connected)
            await desk.raise_alarm(Report("m1", Cause.FIRE, "whatsapp", clock.now()))
            await eventually_is(lambda: _mqtt(database), lambda state: state == "failed")
            mosquitto.start()
            await eventually_is(lambda: _mqtt(database), lambda state: state == "done")
            # Once more, with nothing new to say: a broker that has forgotten everything is told again.
            mosquitto.kill()
            await eventually(lambda: not session.connected)
            mosquitto.start()
            await eventually(lambda: session.connected)
            async with Device(mosquitto.address(), _TOPIC) as panel:
                await eventually(lambda: states(panel) and states(panel)[-1]["state"] == "open")


async def _mqtt(database: Database) -> str:
    rows = await database.read("SELECT state FROM alarm_sinks WHERE sink = 'mqtt'")
    return str(rows[0]["state"])
