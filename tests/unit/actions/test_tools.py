"""Every tool of the house, through the one-way door on a real database."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.house import MIA, FakeLock, House, open_house
from support.talk import KIM, LEE

from arni_edge.access.identity import Correspondent
from arni_edge.actions.action import STAFF, Done, NeedsAssurance, Proposed, Waiting
from arni_edge.actions.tool import Actor, ActorKind
from arni_edge.actions.tools import CONTACTORS, LIGHTS, Hands, switchable
from arni_edge.devices import SwitchResult
from arni_edge.domain.doors import Outcome
from arni_edge.domain.errors import ArniError, InvalidInput, Refused, Unavailable
from arni_edge.domain.messages import Channel, Language
from arni_edge.domain.people import Assurance, Member, MemberState
from arni_edge.domain.staff import Contact, Role
from arni_edge.settings import Shelly
from arni_edge.storage import members

MAX = Contact("max", "Max", Role.OWNER, "+491700000003", 1003)
EVERYBODY = (KIM, LEE, MAX)
CHAT = f"whatsapp:{MIA.phone}"


def member(assurance: Assurance = Assurance.CODE, member_id: str = MIA.member_id) -> Actor:
    return Actor(ActorKind.MEMBER, member_id, CHAT, assurance)


def staff(contact: Contact = KIM) -> Actor:
    return Actor(ActorKind.STAFF, contact.id, STAFF, Assurance.STAFF, contact.role, contact.language)


@dataclass
class FakeSwitch:
    outcome: Outcome = Outcome.CONFIRMED
    asked: list[bool] = field(default_factory=list)

    async def switch(self, on: bool, *, toggle_after: float | None = None) -> SwitchResult:
        del toggle_after
        self.asked.append(on)
        return SwitchResult(self.outcome, f"output={on}", 0.1)


@dataclass
class FakeGuard:
    set_to: list[bool] = field(default_factory=list)

    async def set_guard(self, armed: bool) -> None:
        self.set_to.append(armed)


@dataclass
class FakeHolds:
    doors: tuple[str, ...] = ("front",)
    held: list[tuple[str, float]] = field(default_factory=list)

    async def hold(self, door: str, seconds: float, request_id: str) -> None:
        del request_id
        self.held.append((door, seconds))


@dataclass
class FakeProof:
    erasure_id: str = "e-1"
    state: str = "begun"


@dataclass
class FakeErasure:
    state: str = "begun"
    erased: list[tuple[str, str]] = field(default_factory=list)

    async def erase(self, member_id: str, ordered_by: str) -> FakeProof:
        self.erased.append((member_id, ordered_by))
        return FakeProof(state=self.state)


@dataclass
class FakeExport:
    async def export(self, member_id: str) -> Mapping[str, Any]:
        return {"member_id": member_id, "data": {"members": [{"id": member_id}], "inbound": ["a", "b"]}}


async def propose(house: House, tool: str, actor: Actor, **arguments: Any) -> Proposed:
    became = await house.office.executor.do(tool, arguments, actor)
    assert isinstance(became, Proposed)
    return became


async def confirm(house: House, proposed: Proposed, actor: Actor) -> Done | Waiting:
    return await house.office.executor.confirm(
        proposed.action.action_id, proposed.action.digest, actor, "button"
    )


async def told(house: House) -> list[str]:
    return await house.answers()


async def tickets(house: House) -> list[tuple[str, str]]:
    rows = await house.database.read("SELECT kind, text FROM tickets WHERE state = 'open' ORDER BY kind")
    return [(row["kind"], row["text"]) for row in rows]


async def change(house: House, person: Member) -> None:
    await house.database.write(lambda tx: members.put_by_hand(tx, [person], house.clock.now()))


# --- contracts ------------------------------------------------------------------------------------------


async def test_a_cancellation_names_what_is_known_of_the_end(tmp_path: Path) -> None:
    async with open_house(tmp_path, staff=EVERYBODY) as house:
        unknown = await propose(house, "contract.cancel", member(), member_id="m1")
        assert "Wann der Vertrag dann endet, weiß ich nicht" in unknown.action.consequence
        await change(house, replace(MIA, valid_until=date(2027, 3, 31)))
        known = await propose(house, "contract.cancel", member(), member_id="m1")
        assert "31.03.2027" in known.action.consequence
        await confirm(house, known, member())
        assert await tickets(house) == [
            (
                "contract.cancel",
                (
                    "Kündigung von Mia …789 (m1), eingegangen am 18.11.2026. Bitte eintragen und dem Mitglied"
                    " das Vertragsende schriftlich nennen."
                ),
            )
        ]
        assert "bestätigt nur den Eingang" in (await told(house))[-1]
        with pytest.raises(Refused, match="liegt schon beim Team"):
            await propose(house, "contract.cancel", member(), member_id="m1")


async def test_a_contract_that_has_ended_is_not_cancelled_or_changed(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await change(house, replace(MIA, state=MemberState.ENDED))
        with pytest.raises(Refused, match="beendet"):
            await propose(house, "contract.cancel", member(), member_id="m1")
        with pytest.raises(Refused, match="beendet"):
            await propose(house, "contract.change", member(), member_id="m1", wish="Pause")


async def test_a_change_is_a_task_with_the_words_of_the_member_in_one_line(tmp_path: Path) -> None:
    async with open_house(tmp_path, staff=EVERYBODY) as house:
        wish = "Bitte 3 Monate\nPause \u202e ab Januar"
        with pytest.raises(InvalidInput):  # what turns the reading direction round is no plain text
            await propose(house, "contract.change", member(), member_id="m1", wish=wish)
        wish = wish.replace("\u202e", "")
        proposed = await propose(house, "contract.change", member(), member_id="m1", wish=wish)
        assert "„Bitte 3 Monate Pause ab Januar“" in proposed.action.consequence
        await confirm(house, proposed, member())
        ((kind, text),) = await tickets(house)
        assert (kind, "Bitte 3 Monate Pause ab Januar" in text) == ("contract.change", True)


async def test_a_code_is_needed_for_the_contract_and_it_must_be_ones_own(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for tool in ("contract.cancel", "contract.change"):
            arguments = {"member_id": "m1"} | ({"wish": "x"} if tool == "contract.change" else {})
            with pytest.raises(NeedsAssurance):
                await house.office.executor.do(tool, arguments, member(Assurance.CHANNEL))
            with pytest.raises(Refused, match="Mitglied selbst"):
                await house.office.executor.do(tool, arguments, member(member_id="m2"))
            with pytest.raises(Refused):
                await house.office.executor.do(tool, arguments, member(member_id=""))


# --- by staff --------------------------------------------------------------------------------------------


async def test_a_refund_takes_two_people_and_moves_no_money(tmp_path: Path) -> None:
    async with open_house(tmp_path, staff=EVERYBODY) as house:
        proposed = await propose(
            house, "refund", staff(), member_id="m1", cents=2999, reason="doppelt abgebucht"
        )
        assert "Mia …789 (m1) bekommt 29,99 €" in proposed.action.consequence
        assert isinstance(await confirm(house, proposed, staff()), Waiting)
        assert isinstance(await confirm(house, proposed, staff()), Waiting)  # the same person is one person
        assert await tickets(house) == []
        assert isinstance(await confirm(house, proposed, staff(LEE)), Done)
        assert [kind for kind, _ in await tickets(house)] == ["refund"]


@pytest.mark.parametrize("cents", [0, -5, 100_001, "12", 1.5, True])
async def test_a_refund_is_a_sensible_sum(tmp_path: Path, cents: object) -> None:
    async with open_house(tmp_path, staff=EVERYBODY) as house:
        with pytest.raises(InvalidInput):
            await propose(house, "refund", staff(), member_id="m1", cents=cents, reason="x")


async def test_a_ban_takes_two_owners_and_shuts_the_doors(tmp_path: Path) -> None:
    async with open_house(tmp_path, staff=EVERYBODY) as house:
        with pytest.raises(Refused):
            await propose(house, "member.ban", staff(KIM), member_id="m1", reason="Diebstahl")
        proposed = await propose(house, "member.ban", staff(LEE), member_id="m1", reason="Diebstahl")
        await confirm(house, proposed, staff(LEE))
        with pytest.raises(Refused):
            await confirm(house, proposed, staff(KIM))
        hidden = Correspondent(Channel.WHATSAPP, "DE.1", None, Language.GERMAN)
        known = house.office.known
        await house.database.write(lambda tx: known.prove(tx, hidden, MIA, Assurance.CODE, by="code"))
        assert (await known.recognise(hidden)).assurance is Assurance.CODE
        await confirm(house, proposed, staff(MAX))
        (row,) = await house.database.read("SELECT state FROM members WHERE member_id = 'm1'")
        assert row["state"] == "banned"
        for table in ("identities", "assurances"):
            assert await house.database.read(f"SELECT 1 FROM {table}") == []
        with pytest.raises(Refused, match="schon ein Hausverbot"):
            await propose(house, "member.ban", staff(LEE), member_id="m1", reason="nochmal")


async def test_staff_cannot_erase_somebody_with_one_yes(tmp_path: Path) -> None:
    erasure = FakeErasure()
    async with open_house(tmp_path, staff=EVERYBODY, hands=Hands(erasure=erasure)) as house:
        proposed = await propose(house, "member.erase", staff(), member_id="m1")
        with pytest.raises(Refused, match="nur das Mitglied selbst"):
            await confirm(house, proposed, staff())
        assert erasure.erased == []
        by_two = await propose(house, "member.erase_by_staff", staff(), member_id="m1")
        await confirm(house, by_two, staff())
        assert erasure.erased == []
        await confirm(house, by_two, staff(LEE))
        assert erasure.erased == [("m1", "staff:kim")]
        with pytest.raises(Refused):
            await propose(house, "member.erase_by_staff", member(), member_id="m1")


@pytest.mark.parametrize(
    ("state", "words"),
    [("begun", "die letzte"), ("proven", "nichts mehr gefunden"), ("incomplete", "Spuren")],
)
async def test_only_what_is_proven_of_an_erasure_is_said(tmp_path: Path, state: str, words: str) -> None:
    async with open_house(tmp_path, hands=Hands(erasure=FakeErasure(state=state))) as house:
        proposed = await propose(house, "member.erase", member(), member_id="m1")
        await confirm(house, proposed, member())
        assert words in (await told(house))[-1]


async def test_staff_get_an_export_and_a_member_gets_a_person(tmp_path: Path) -> None:
    async with open_house(tmp_path, staff=EVERYBODY, hands=Hands(export=FakeExport())) as house:
        do = house.office.executor.do
        by_staff = await do("member.export", {"member_id": "m1"}, staff())
        assert isinstance(by_staff, Done)
        assert by_staff.result.model_dump() == {
            "counts": {"members": 1, "inbound": 2},
            "data": {"member_id": "m1", "data": {"members": [{"id": "m1"}], "inbound": ["a", "b"]}},
        }
        assert await tickets(house) == []
        for _ in range(2):
            own = await do("member.export", {"member_id": "m1"}, member())
            assert isinstance(own, Done)
            assert own.result.model_dump()["data"] is None
        assert [kind for kind, _ in await tickets(house)] == ["member.export"]
        with pytest.raises(NeedsAssurance):
            await do("member.export", {"member_id": "m1"}, member(Assurance.CHANNEL))


# --- the building ----------------------------------------------------------------------------------------


async def test_a_door_opens_for_a_guest_after_one_yes_of_staff(tmp_path: Path) -> None:
    lock = FakeLock()
    async with open_house(tmp_path, staff=EVERYBODY, lock=lock, guests=True) as house:
        with pytest.raises(Refused, match="Tür gibt es nicht"):
            await propose(house, "door.open_for_guest", staff(), door="back", reason="Handwerker")
        proposed = await propose(house, "door.open_for_guest", staff(), door="front", reason="Handwerker")
        assert "öffnet sich einmal" in proposed.action.consequence
        assert lock.opened == 0
        await confirm(house, proposed, staff())
        assert lock.opened == 1
        rows = await house.database.read("SELECT staff, reason, outcome FROM door_audit")
        assert [tuple(row) for row in rows] == [("kim", "Handwerker", "confirmed")]
        with pytest.raises(Refused):
            await propose(house, "door.open_for_guest", member(), door="front", reason="Freund")
        lock.outcome = Outcome.OFFLINE
        again = await propose(house, "door.open_for_guest", staff(), door="front", reason="Handwerker")
        with pytest.raises(Unavailable):
            await confirm(house, again, staff())


async def test_a_door_is_held_open_only_where_the_lock_can(tmp_path: Path) -> None:
    holds = FakeHolds()
    async with open_house(tmp_path, staff=EVERYBODY, hands=Hands(holds=holds)) as house:
        for minutes in (0, 61, 2.5):
            with pytest.raises(InvalidInput):
                await propose(
                    house, "door.hold_open", staff(), door="front", minutes=minutes, reason="Lieferung"
                )
        with pytest.raises(Refused):
            await propose(house, "door.hold_open", staff(), door="back", minutes=5, reason="Lieferung")
        proposed = await propose(
            house, "door.hold_open", staff(), door="front", minutes=5, reason="Lieferung"
        )
        assert holds.held == []
        await confirm(house, proposed, staff())
        assert holds.held == [("front", 300.0)]


async def test_the_guard_goes_off_after_a_yes_and_on_at_once(tmp_path: Path) -> None:
    guard = FakeGuard()
    async with open_house(tmp_path, staff=EVERYBODY, hands=Hands(guard=guard)) as house:
        proposed = await propose(house, "house.disarm", staff())
        assert guard.set_to == []
        await confirm(house, proposed, staff())
        assert isinstance(await house.office.executor.do("house.arm", {}, staff()), Done)
        assert guard.set_to == [False, True]
        for tool in ("house.disarm", "house.arm"):
            with pytest.raises(Refused):
                await house.office.executor.do(tool, {}, member(Assurance.STAFF))


async def test_a_contactor_waits_for_a_yes_and_a_light_does_not(tmp_path: Path) -> None:
    light, sauna = FakeSwitch(), FakeSwitch()
    hands = Hands(lights={"floor": light}, contactors={"sauna": sauna})
    async with open_house(tmp_path, staff=EVERYBODY, hands=hands) as house:
        do = house.office.executor.do
        assert isinstance(await do("lights.switch", {"device": "floor", "on": False}, staff()), Done)
        proposed = await propose(house, "contactor.switch", staff(), device="sauna", on=True)
        assert (light.asked, sauna.asked) == ([False], [])
        await confirm(house, proposed, staff())
        assert sauna.asked == [True]
        for tool, device in (("lights.switch", "sauna"), ("contactor.switch", "floor")):
            with pytest.raises(Refused, match="Konfiguration nicht"):
                await do(tool, {"device": device, "on": True}, staff())
        light.outcome = Outcome.OFFLINE
        with pytest.raises(Unavailable):
            await do("lights.switch", {"device": "floor", "on": True}, staff())


def test_only_what_the_settings_know_for_it_can_be_switched() -> None:
    def shelly(name: str, role: str) -> Shelly:
        return Shelly.model_validate({"id": name, "prefix": f"shellyplus1-{name}", "role": role})

    shellies = [shelly("a", "light"), shelly("b", "plug"), shelly("c", "strike"), shelly("d", "siren")]
    switches = {one: FakeSwitch() for one in "abd"}
    assert list(switchable(shellies, switches, LIGHTS)) == ["a"]
    assert list(switchable(shellies, switches, CONTACTORS)) == ["b"]


async def test_what_the_house_has_no_hands_for_is_not_there(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert set(house.office.executor.tools) == {
            "contract.cancel",
            "contract.change",
            "refund",
            "member.ban",
            "member.membership",
            "booking.list",
        }
        with pytest.raises(InvalidInput):
            await house.office.executor.do("house.disarm", {}, staff())


async def test_every_tool_has_a_schema_and_refuses_what_is_not_in_it(tmp_path: Path) -> None:
    hands = Hands(
        ("front",), None, FakeHolds(), FakeGuard(), {"l": FakeSwitch()}, {"c": FakeSwitch()}, FakeErasure()
    )
    async with open_house(tmp_path, staff=EVERYBODY, hands=hands) as house:
        for name, tool in house.office.executor.tools.items():
            schema = tool.schema()
            assert schema["inputSchema"]["additionalProperties"] is False
            for hostile in ({"x": 1}, {"member_id": "m1", "__class__": "x"}, {"member_id": "\x00"}, {}):
                if hostile == {} and name.startswith("house."):
                    continue
                with pytest.raises(ArniError):
                    await house.office.executor.do(name, hostile, staff(LEE))
        assert await house.database.read("SELECT 1 FROM actions") == []


# --- tasks -----------------------------------------------------------------------------------------------


async def test_a_task_is_done_once_by_somebody_who_is_named(tmp_path: Path) -> None:
    async with open_house(tmp_path, staff=EVERYBODY) as house:
        proposed = await propose(house, "contract.cancel", member(), member_id="m1")
        await confirm(house, proposed, member())
        act = house.office.acts["ticket.done"]
        assert act.role is Role.STAFF
        ticket = proposed.action.action_id
        assert "gespeichert" in await act.do(KIM, ticket, "")
        with pytest.raises(Refused):
            await act.do(LEE, ticket, "")
        (row,) = await house.database.read("SELECT state, ended_by FROM tickets")
        assert tuple(row) == ("done", "staff:kim")
        acts = await house.database.read(
            "SELECT actor, act FROM audit WHERE act LIKE 'ticket.%' ORDER BY number"
        )
        assert [tuple(one) for one in acts] == [
            ("system:tickets", "ticket.opened"),
            ("staff:kim", "ticket.done"),
        ]
