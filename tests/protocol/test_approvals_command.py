"""Approvals and tasks as the owner meets them: the command, the control socket, the one-way door."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.box import Box, a_box, a_config
from support.house import House, open_house
from support.talk import KIM, LEE

from arni_edge.actions.action import STAFF
from arni_edge.actions.tool import Actor, ActorKind
from arni_edge.daemon.actions_methods import actions_methods
from arni_edge.daemon.tickets_methods import tickets_methods
from arni_edge.domain.errors import ArniError
from arni_edge.domain.people import Assurance

ApprovalsBox = Box[House]


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[ApprovalsBox]:
    async with open_house(tmp_path, staff=(KIM, LEE)) as house:
        office = house.office
        present = SimpleNamespace(
            executor=office.executor,
            tickets=office.tickets,
            people={one.id: one for one in (KIM, LEE)},
            invites=None,
        )
        methods = {
            **actions_methods(house.database, lambda: present),
            **tickets_methods(house.database, lambda: present),
        }
        with a_config() as config:
            async with a_box(config, house, methods) as opened:
                yield opened


async def test_a_cancellation_at_the_box(box: ApprovalsBox) -> None:
    assert "nothing waits" in await box.says("approvals", "list")
    said = await box.says("approvals", "propose", "contract.cancel", "member_id=m1", "--by", "Erika")
    assert "Cancellation of the contract of Mia …789 (m1)" in said
    (waiting,) = json.loads(await box.says("approvals", "list", "--json"))
    assert (waiting["tool"], waiting["where"], waiting["needed"]) == ("contract.cancel", "console", 1)
    ending = waiting["action"][-6:]
    # What was received is not carried out: the facts, not "done".
    assert "confirms the receipt only" in await box.says("approvals", "confirm", ending, "--by", "Erika")
    shown = await box.ask("actions.show", action=ending)
    assert (shown["state"], [one["who"] for one in shown["confirmations"]]) == (
        "done",
        ["staff:console:Erika"],
    )
    assert "confirmed    staff:console:Erika by console" in await box.says("approvals", "show", ending)
    (ticket,) = json.loads(await box.says("tickets", "list", "--json"))
    assert ticket["kind"] == "contract.cancel"
    assert "Noted" in await box.says("tickets", "done", ticket["ticket_id"], "--by", "Erika")
    assert "no such task" in await box.says("tickets", "done", ticket["ticket_id"], code=1)
    assert "nothing is to be done" in await box.says("tickets", "list")


async def test_a_no_at_the_box(box: ApprovalsBox) -> None:
    made = await box.ask("actions.propose", tool="contract.cancel", arguments={"member_id": "m1"}, by="erika")
    assert await box.ask("actions.deny", action=made["action"], by="erika") == {
        "action": made["action"],
        "state": "denied",
    }
    with pytest.raises(ArniError, match="declined"):
        await box.ask("actions.confirm", action=made["action"], by="erika")


async def test_the_box_confirms_nothing_of_others_and_nothing_that_needs_two(box: ApprovalsBox) -> None:
    kim = Actor(ActorKind.STAFF, "kim", STAFF, Assurance.STAFF, KIM.role)
    mia = Actor(ActorKind.MEMBER, "m1", "whatsapp:+4915123456789", Assurance.CODE)
    do = box.here.office.executor.do
    await do("refund", {"member_id": "m1", "cents": 100, "reason": "x"}, kim)
    await do("contract.cancel", {"member_id": "m1"}, mia)
    made = await box.ask(
        "actions.propose",
        tool="refund",
        arguments={"member_id": "m1", "cents": 100, "reason": "x"},
        by="erika",
    )
    for row in await box.ask("actions.list"):
        assert "4915123456789" not in json.dumps(row)
        for name in ("erika", "kim", "lee"):
            with pytest.raises(ArniError):
                await box.ask("actions.confirm", action=row["action"], by=name)
    rows = await box.here.database.read("SELECT DISTINCT state FROM actions")
    assert [row["state"] for row in rows] == ["proposed"]
    assert made["state"] == "proposed"


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("actions.show", {}),
        ("actions.show", {"action": "%"}),
        ("actions.show", {"action": "ab"}),
        ("actions.show", {"action": "abcdef"}),
        ("actions.confirm", {"action": ["x"], "by": "a"}),
        ("actions.propose", {"tool": "contract.cancel", "arguments": "x", "by": "a"}),
        ("actions.propose", {"tool": "nothing", "arguments": {}, "by": "a"}),
        ("actions.propose", {"tool": "contract.cancel", "arguments": {"member_id": "m1"}, "by": "a\nb"}),
        ("tickets.done", {"ticket": "x" * 200, "by": "a"}),
        ("staff.invite", {"staff": "kim", "by": "a"}),
    ],
)
async def test_what_is_asked_wrongly_is_refused(
    box: ApprovalsBox, method: str, params: dict[str, Any]
) -> None:
    with pytest.raises(ArniError):
        await box.ask(method, **params)
    assert await box.here.database.read("SELECT 1 FROM actions") == []


async def test_staff_are_listed_without_their_numbers(box: ApprovalsBox) -> None:
    listed = await box.says("staff", "list")
    assert "kim" in listed
    assert "telegram, phone" in listed
    assert "+49" not in listed


async def test_tools_are_listed_with_their_schemas(box: ApprovalsBox) -> None:
    tools = {one["name"]: one for one in await box.ask("actions.tools")}
    assert tools["refund"]["risk"] == "grave"
    assert tools["refund"]["role"] == "staff"
    assert tools["contract.cancel"]["inputSchema"]["required"] == ["member_id"]
