"""What staff are answered: short, in their language, and nothing is done that must be confirmed first."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.ghost import ALEX, KIM, VIEWER, Desk, open_desk

from arni_edge.actions.action import Action, ActionState, Done, Proposed
from arni_edge.actions.tool import Actor, Form
from arni_edge.daemon.staff_commands import staff_command_acts, staff_commands
from arni_edge.daemon.staff_ports import StaffPorts
from arni_edge.domain.doors import DoorContact, LockState
from arni_edge.domain.errors import InvalidInput, Unavailable
from arni_edge.domain.health import Health, State
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.domain.occupancy import Occupancy
from arni_edge.domain.people import Assurance
from arni_edge.domain.risk import Risk
from arni_edge.domain.staff import Contact, Role
from arni_edge.safety.model import Alarm
from arni_edge.safety.words import AlarmWords
from arni_edge.settings import Settings
from arni_edge.storage import staff_told
from arni_edge.vision.headcount import Figure
from arni_edge.vision.messages import CameraState

_ENGLISH = Contact("jo", "Jo", Role.OWNER, telegram=9, language=Language.ENGLISH)


@dataclass
class _Lock:
    live: bool = True
    state: LockState = LockState.LOCKED
    contact: DoorContact = DoorContact.CLOSED


@dataclass
class _Camera:
    state: CameraState


@dataclass
class _Eyes:
    now: Figure = field(default_factory=lambda: Figure(3, 12.0, 3, 0.93, "lines"))
    cameras: dict[str, _Camera] = field(default_factory=lambda: {"hall": _Camera(CameraState.STALLED)})

    def figure(self) -> Figure:
        return self.now

    def zone(self, zone_id: str) -> Occupancy:
        return Occupancy(2, 4.0) if zone_id == "floor" else Occupancy(None, None)


@dataclass
class _Board:
    parts: list[Health]


@dataclass
class _Alarms:
    standing: list[Alarm] = field(default_factory=list)
    drills: list[str] = field(default_factory=list)

    async def open(self) -> list[Alarm]:
        return self.standing

    async def drill(self, who: Contact) -> str:
        self.drills.append(who.id)
        return "0123456789abcdef"


class _Switched(Form):
    on: bool | None


@dataclass
class _Executor:
    """Stands at the port of the one-way door, which has tests of its own."""

    tools: Mapping[str, Any] = field(default_factory=lambda: {"door.open_for_guest": None})
    asked: list[tuple[str, Mapping[str, Any], Actor]] = field(default_factory=list)
    proposals: list[Action] = field(default_factory=list)
    seen: bool | None = True
    silent: frozenset[str] = frozenset()

    async def do(self, name: str, arguments: Mapping[str, Any], actor: Actor) -> Done | Proposed:
        self.asked.append((name, arguments, actor))
        if arguments.get("device") in self.silent:
            raise Unavailable("Das Licht antwortet nicht.")
        if name in {"door.open_for_guest", "house.disarm"}:
            action = _action(name, "staff", actor)
            self.proposals.append(action)
            return Proposed(action, f"Wartet: {name}")
        return Done(_Switched(on=self.seen))

    async def waiting(self) -> list[Action]:
        return self.proposals


def _action(tool: str, conversation: str, actor: Actor) -> Action:
    at = datetime.fromisoformat("2026-11-18T12:00:00+00:00")
    return Action(
        "0" * 20 + "abcdef", tool, "d" * 64, Risk.IRREVERSIBLE, Assurance.STAFF, conversation,
        "Die Tür geht auf.", at, ActionState.PROPOSED, "ÖFFNEN", Language.GERMAN, actor,
    )  # fmt: skip


@dataclass
class _Tickets:
    open: list[dict[str, Any]] = field(default_factory=list)

    async def waiting(self) -> list[dict[str, Any]]:
        return self.open


@dataclass
class _House:
    desk: Desk
    ports: StaffPorts
    lock: _Lock
    eyes: _Eyes
    board: _Board
    alarms: _Alarms
    executor: _Executor
    tickets: _Tickets
    on_call: list[Contact]

    async def ask(self, line: str, who: Contact = KIM) -> str:
        """The answer to a line such as ``lights on``, labels of buttons behind it."""
        word, _, rest = line.partition(" ")
        said = await staff_commands(self.ports)[word].do(who, rest)
        return "\n".join([said.text, *(f"[{one.label}|{one.act}]" for row in said.buttons for one in row)])


_SETTINGS = {
    "site": {"id": "demo", "name": "Demo", "capacity": 10},
    "vision": {"model": "none.onnx"},
    "doors": [{"id": "front", "name": "Eingang", "lock": {"kind": "nuki", "nuki_id": "2A3B4C5D"}}],
    "cameras": [
        {
            "id": "hall",
            "url": "rtsp://192.0.2.1/s",
            "zones": [
                {
                    "id": zone,
                    "name": zone.title(),
                    "kind": "entrance",
                    "polygon": [[0, 0], [0, 1], [1, 1]],
                }
                for zone in ("floor", "mat")
            ],
        }
    ],
}


@asynccontextmanager
async def _house(path: Path) -> AsyncIterator[_House]:
    async with open_desk(path) as desk:
        settings = Settings.model_validate(_SETTINGS)
        since = desk.clock.now() - timedelta(minutes=5)
        board = _Board([Health("broker", State.OK, "", since), Health("relay", State.OK, "", since)])
        lock, eyes, alarms, executor, tickets = _Lock(), _Eyes(), _Alarms(), _Executor(), _Tickets()
        on_call = [KIM]
        catalogue = Catalogue.load()
        ports = StaffPorts(
            database=desk.database,
            clock=desk.clock,
            catalogue=catalogue,
            settings=settings,
            board=board,
            eyes=eyes,
            locks={"front": lock},
            patrols={"front": lock},
            lights=["hall-light", "desk-light"],
            alarms=alarms,
            alarm_words=AlarmWords(catalogue, settings.site),
            executor=executor,
            tickets=tickets,
            ghost=desk.mode.desk,
            on_call=lambda _: on_call,
        )
        yield _House(desk, ports, lock, eyes, board, alarms, executor, tickets, on_call)


async def test_every_word_has_a_role_and_a_line_of_help_in_both_languages(tmp_path: Path) -> None:
    async with _house(tmp_path) as house:
        commands = staff_commands(house.ports)
        viewers = {word for word, command in commands.items() if command.role is Role.VIEWER}
        assert viewers == {"status", "who", "alarms", "rota", "quiet"}
        assert set(commands) - viewers == {
            *("door", "lights", "arm", "disarm", "ghost", "say", "approvals", "tickets", "test")
        }
        for command in commands.values():
            for language in Language:
                assert Catalogue.load().text(command.help_key, language)


async def test_status_says_how_it_is_in_one_line_and_then_what_is_wrong(tmp_path: Path) -> None:
    async with _house(tmp_path) as house:
        said = await house.ask("status")
        for part in ("Alles in Ordnung (2 Teile)", "Eingang (front): verriegelt, Tür zu", "Offene Alarme: 0"):
            assert part in said
        assert "Kameras: 0 von 1" in said
        assert "hall: sendet nichts mehr" in said
        assert "relay: in Ordnung, seit 5 min" in said
        since = house.desk.clock.now() - timedelta(seconds=30)
        house.board.parts[1] = Health("relay", State.DOWN, "no answer", since)
        house.lock.live = False
        said = await house.ask("status", _ENGLISH)
        for part in ("1 of 2 parts", "relay: down, for 30 s. no answer", "not heard", "locked, door closed"):
            assert part in said


async def test_a_camera_that_was_never_heard_does_not_see(tmp_path: Path) -> None:
    async with _house(tmp_path) as house:
        house.eyes.cameras.clear()
        assert "hall: nichts gehört" in await house.ask("status")


async def test_who_says_how_sure_and_how_old(tmp_path: Path) -> None:
    async with _house(tmp_path) as house:
        said = await house.ask("who")
        assert "3 Personen im Studio (mäßig viel los)" in said
        assert "93 %" in said
        assert "12 s" in said
        assert "Floor: 2 (4 s)" in said
        assert "Mat: unbekannt" in said
        house.eyes.now = Figure(None, reason="no_eyes")
        assert "Unbekannt" in await house.ask("who")


async def test_a_door_is_shown_and_opened_only_by_a_proposal_with_a_reason(tmp_path: Path) -> None:
    async with _house(tmp_path) as house:
        assert "[Öffnen: Eingang|door.open]" in await house.ask("door")
        assert "door.open" not in await house.ask("door front", VIEWER)
        act = staff_command_acts(house.ports)["door.open"]
        assert (act.role, act.question) == (Role.STAFF, "staff.door.reason")
        assert await act.do(KIM, "front", "Techniker") == "Wartet: door.open_for_guest"
        ((_, arguments, actor),) = house.executor.asked
        assert arguments == {"door": "front", "reason": "Techniker"}
        assert (actor.name, actor.conversation, actor.role) == ("staff:kim", "staff", Role.STAFF)


async def test_a_door_that_is_not_there_says_which_are(tmp_path: Path) -> None:
    async with _house(tmp_path) as house:
        for door in ("cellar", "front cellar", "' OR 1=1"):
            with pytest.raises(InvalidInput, match="front"):
                await house.ask(f"door {door}")
            with pytest.raises(InvalidInput):
                await staff_command_acts(house.ports)["door.open"].do(KIM, door, "Techniker")
        assert house.executor.asked == []


async def test_lights_go_through_the_executor_and_only_evidence_says_that_they_are_on(tmp_path: Path) -> None:
    async with _house(tmp_path) as house:
        assert await house.ask("lights on") == "hall-light: an\ndesk-light: an"
        assert await house.ask("lights off desk-light") == "desk-light: aus"
        assert [(name, arguments) for name, arguments, _ in house.executor.asked] == [
            ("lights.switch", {"device": "hall-light", "on": True}),
            ("lights.switch", {"device": "desk-light", "on": True}),
            ("lights.switch", {"device": "desk-light", "on": False}),
        ]
        house.executor.seen = None
        assert "nicht bestätigt" in await house.ask("lights on")
        for wrong in ("", "blink", "on strike", "off hall-light desk-light"):
            with pytest.raises(InvalidInput, match="hall-light"):
                await house.ask(f"lights {wrong}")


async def test_one_light_that_is_silent_does_not_keep_the_others_from_being_switched_and_told(
    tmp_path: Path,
) -> None:
    async with _house(tmp_path) as house:
        house.executor.silent = frozenset({"hall-light"})
        said = await house.ask("lights on")
        assert said == "hall-light: Das Licht antwortet nicht.\ndesk-light: an"


async def test_on_guard_at_once_off_guard_only_confirmed(tmp_path: Path) -> None:
    async with _house(tmp_path) as house:
        assert "scharf" in await house.ask("arm")
        assert await house.ask("disarm") == "Wartet: house.disarm"


async def test_quiet_is_kept_and_taken_back(tmp_path: Path) -> None:
    async with _house(tmp_path) as house:
        now = house.desk.clock.now()

        async def quiet_at(moment: datetime) -> set[str]:
            return await house.desk.database.write(lambda tx: staff_told.quiet(tx, moment))

        assert "13:00" in await house.ask("quiet", VIEWER)
        assert await quiet_at(now) == {"vic"}
        assert await quiet_at(now + timedelta(minutes=61)) == set()
        assert "12:10" in await house.ask("quiet 10", VIEWER)
        assert await quiet_at(now + timedelta(minutes=11)) == set()
        assert "wieder" in await house.ask("quiet off", VIEWER)
        assert await quiet_at(now) == set()
        for wrong in ("soon", "0", "-5", "1441", "٣", "9" * 400):
            with pytest.raises(InvalidInput):
                await house.ask(f"quiet {wrong}", VIEWER)


async def test_alarms_are_shown_with_what_this_person_can_do(tmp_path: Path) -> None:
    async with _house(tmp_path) as house:
        assert await house.ask("alarms") == "Kein offener Alarm."
        now = house.desk.clock.now()
        house.alarms.standing = [
            Alarm(f"alarm-{code}", "fire", "whatsapp", now, now) for code in ("aaaaaa", "bbbbbb")
        ]
        said = await house.ask("alarms", VIEWER)
        assert "Feuer oder Rauch" in said
        assert "[Ich übernehme aaaaaa|alarm.acknowledge]" in said
        assert "alarm.cancel" not in said
        assert "[Fehlalarm bbbbbb|alarm.cancel]" in await house.ask("alarms")


async def test_the_test_alarm_says_who_wanted_it(tmp_path: Path) -> None:
    async with _house(tmp_path) as house:
        assert "abcdef" in await house.ask("test")
        assert house.alarms.drills == ["kim"]


async def test_approvals_name_what_staff_decide_and_only_count_what_a_member_does(tmp_path: Path) -> None:
    async with _house(tmp_path) as house:
        assert "Nichts wartet" in await house.ask("approvals")
        await house.ask("disarm")
        actor = house.executor.asked[0][2]
        house.executor.proposals.append(_action("contract.cancel", "whatsapp:+4915123456110", actor))
        said = await house.ask("approvals")
        assert "abcdef: Die Tür geht auf." in said
        assert "[Bestätigen abcdef|action.confirm]" in said
        assert "Beim Mitglied selbst warten: 1" in said
        assert "+49" not in said


async def test_tickets_and_rota(tmp_path: Path) -> None:
    async with _house(tmp_path) as house:
        assert "Nichts" in await house.ask("tickets")
        house.tickets.open = [{"ticket_id": f"t{n}", "kind": "refund", "text": "x" * 900} for n in range(20)]
        said = await house.ask("tickets")
        assert len(said) < 4096
        assert "und noch 12" in said
        assert "|ticket.done]" in said
        house.on_call.append(ALEX)
        assert (await house.ask("rota")).endswith("1. Kim\n2. Alex")
        house.on_call.clear()
        assert "niemand Dienst" in await house.ask("rota")


async def test_chats_are_listed_by_handle_read_and_written_in(tmp_path: Path) -> None:
    async with _house(tmp_path) as house:
        assert "niemand geschrieben" in await house.ask("ghost")
        await house.desk.write("hallo")
        handle = await house.desk.handle_of()
        said = await house.ask("ghost")
        assert f"{handle} · Mia …110 · 12:00 · KI antwortet" in said
        assert f"[Mitlesen {handle}|ghost.read]" in said
        assert "Du liest mit" in await house.ask(f"ghost {handle} on")
        assert "du liest mit" in await house.ask("ghost")
        assert "warten jetzt" in await house.ask("ghost all hold")
        await house.desk.write("Könnt ihr das ändern?")
        assert [state for _, state in await house.desk.drafts()] == ["held"]
        assert "nicht mehr" in await house.ask("ghost all off")
        assert "gesendet" in await house.ask(f"say {handle} Ich komme gleich.")
        assert (await house.desk.said())[-1].endswith("Ich komme gleich.")
        for wrong in (f"ghost {handle} maybe", f"say {handle}"):
            with pytest.raises(InvalidInput):
                await house.ask(wrong)


async def test_no_answer_is_longer_than_the_channel_takes(tmp_path: Path) -> None:
    async with _house(tmp_path) as house:
        since = house.desk.clock.now()
        house.board.parts = [Health(f"part/{n}" * 80, State.DOWN, "x" * 4000, since) for n in range(50)]
        assert len(await house.ask("status")) <= 4096
