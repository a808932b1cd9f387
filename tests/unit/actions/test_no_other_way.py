"""No path to an effect of type 2 without its confirmation: every tool, every channel, and the code itself."""

import ast
import asyncio
import functools
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.every_tool import MAX, VIC, EveryTool, every_tool
from support.house import MIA
from support.talk import KIM, LEE

import arni_edge
from arni_edge.actions.action import CONSOLE, STAFF, Action, Proposed, Waiting
from arni_edge.actions.tool import Actor, ActorKind, Tool
from arni_edge.domain.errors import ArniError
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Channel, Language
from arni_edge.domain.people import Assurance
from arni_edge.domain.risk import Risk
from arni_edge.domain.staff import Contact, Role

TYPE_2 = {Risk.IRREVERSIBLE, Risk.GRAVE}
PACKAGE = Path(arni_edge.__file__).parent


def person(contact: Contact, conversation: str = STAFF) -> Actor:
    return Actor(ActorKind.STAFF, contact.id, conversation, Assurance.STAFF, contact.role)


def everybody() -> list[Actor]:
    """Everybody who can ask, from everywhere."""
    members = [
        Actor(ActorKind.MEMBER, member_id, f"{channel}:{MIA.phone}", assurance)
        for channel in Channel
        for member_id in (MIA.member_id, "")
        for assurance in Assurance
    ]
    others = [
        Actor(ActorKind.MEMBER, "m2", f"{channel}:+4915122222222", Assurance.STAFF) for channel in Channel
    ]
    team = [person(one) for one in (KIM, LEE, MAX, VIC)]
    console = [Actor(ActorKind.STAFF, "root", CONSOLE, Assurance.STAFF, Role.OWNER), person(LEE, CONSOLE)]
    machines = [
        Actor(ActorKind.SYSTEM, "model", where, Assurance.STAFF, Role.OWNER)
        for where in (STAFF, CONSOLE, f"whatsapp:{MIA.phone}", "")
    ]
    return [*members, *others, *team, *console, *machines]


async def test_asking_never_reaches_an_effect_of_type_2(tmp_path: Path) -> None:
    """Every tool, asked for by everybody from everywhere, with and without a key, again and again."""
    async with every_tool(tmp_path) as every:
        executor = every.talk.house.office.executor
        grave = [name for name, tool in every.tools.items() if tool.risk in TYPE_2]
        assert len(grave) >= 9, "tools are missing: give them hands in support/every_tool.py"
        may_ask = set()
        for name, tool in every.tools.items():
            for actor in everybody():
                for key in (None, "w1", "w1"):
                    try:
                        became = await executor.do(name, every.arguments(tool), actor, key=key)
                    except ArniError:
                        continue
                    may_ask.add(name)
                    assert isinstance(became, Proposed) == (name in grave)
        await executor.idle()
        assert {name for name, _ in every.reached} & set(grave) == set()
        assert set(grave) <= may_ask, "a tool for which nobody may ask was not tested"


async def test_only_the_right_people_from_the_right_place_reach_it(tmp_path: Path) -> None:
    """For every proposal everybody from everywhere says yes, and is counted; who counts is named here."""
    async with every_tool(tmp_path) as every:
        executor = every.talk.house.office.executor
        proposed = 0
        for name, tool in every.tools.items():
            if tool.risk not in TYPE_2:
                continue
            for asker in (_mia(), person(LEE), person(LEE, CONSOLE)):
                try:
                    became = await executor.do(name, every.arguments(tool), asker)
                except ArniError:
                    continue
                assert isinstance(became, Proposed)
                proposed += 1
                await _everybody_says_yes(every, tool, became.action)
                assert [one for one, _ in every.reached] == [], (name, asker)
                await _the_right_ones_say_yes(every, tool, became.action)
                assert every.reached == [(name, became.action.action_id)], (name, asker)
                every.reached.clear()
        assert proposed >= 12


async def _everybody_says_yes(every: EveryTool, tool: Tool[Any, Any], action: Action) -> None:
    """All who do not count, by every way that there is."""
    executor = every.talk.house.office.executor
    for actor in everybody():
        if _counts(tool, action, actor):
            continue
        for digest in (action.digest, action.button.partition(".")[2]):
            try:
                became = await executor.confirm(action.action_id, digest, actor, "button")
            except ArniError:
                continue
            raise AssertionError(f"{actor} confirmed {action.tool}: {became}")
    if action.conversation != STAFF and action.risk is not Risk.GRAVE:
        for contact in (KIM, LEE, MAX, VIC):
            for name in ("action.confirm", "action.deny"):
                try:
                    await every.talk.house.office.acts[name].do(contact, action.button, "")
                except ArniError:
                    continue
                raise AssertionError(f"{contact.id} decided about {action.tool}")


def _counts(tool: Tool[Any, Any], action: Action, actor: Actor) -> bool:
    """Whose yes counts, said once more and in other words than the rules."""
    if actor.kind is ActorKind.MEMBER:
        return (
            action.proposer.kind is ActorKind.MEMBER
            and (actor.id, actor.conversation) == (action.proposer.id, action.conversation)
            and actor.assurance >= tool.assurance
        )
    if actor.kind is not ActorKind.STAFF or action.proposer.kind is ActorKind.MEMBER:
        return False
    has_role = actor.role is not None and actor.role >= (Role.STAFF if tool.role is None else tool.role)
    is_there = actor.conversation == (STAFF if tool.risk is Risk.GRAVE else action.conversation)
    return has_role and is_there


async def _the_right_ones_say_yes(every: EveryTool, tool: Tool[Any, Any], action: Action) -> None:
    executor = every.talk.house.office.executor
    yes = [_mia()] if action.proposer.kind is ActorKind.MEMBER else [person(LEE, action.conversation)]
    if tool.risk is Risk.GRAVE:
        yes = [_mia() if yes == [_mia()] else person(LEE), person(MAX)]
    for number, actor in enumerate(yes, start=1):
        try:
            became = await executor.confirm(action.action_id, action.digest, actor, "button")
        except ArniError:
            assert number == len(yes)  # reached, and only noted
        else:
            assert isinstance(became, Waiting)
            assert (became.confirmed, became.needed) == (1, 2)


def _mia() -> Actor:
    return Actor(ActorKind.MEMBER, MIA.member_id, f"whatsapp:{MIA.phone}", Assurance.CODE)


async def test_in_a_chat_nothing_but_the_word_reaches_it(tmp_path: Path) -> None:
    """Through reception, pipeline and turns: what people write, and buttons of somebody else's making."""
    catalogue = Catalogue.load()
    words = {
        tool.word: {catalogue.text(f"action.word.{tool.word}", language) for language in Language}
        for tool in (await _tools(tmp_path / "names")).values()
    }
    async with every_tool(tmp_path) as every:
        executor, talk = every.talk.house.office.executor, every.talk
        for name, tool in every.tools.items():
            if tool.risk not in TYPE_2 or tool.role is not None:
                continue
            became = await executor.do(name, every.arguments(tool), _mia())
            assert isinstance(became, Proposed)
            action = became.action
            others = sorted({word for of, ways in words.items() if of != tool.word for word in ways})
            for text in ("ja", "ok", "👍", "Ja bitte!", "mach das", f"{action.strict_word}?", others[0]):
                await talk.say(text)
            payloads = (
                f"action.confirm:{action.action_id}.{'0' * 16}",
                f"action.confirm:{action.action_id}.",
                "action.confirm:",
                action.button,
                f"action.confirm:{action.button}x",
            )
            for payload in payloads:
                await talk.say("Bestätigen", kind="button", payload=payload)
            # Somebody else, with the word and with the right button.
            await talk.say(action.strict_word, "+4915122222222")
            await talk.say(
                "Bestätigen", "+4915122222222", kind="button", payload=f"action.confirm:{action.button}"
            )
            assert every.reached == [], name
            # Mia, whose code has not been asked for: the chat alone is not sure enough for her word either.
            await talk.say(action.strict_word)
            assert every.reached == [] if tool.assurance > Assurance.CHANNEL else every.reached != [], name
            every.reached.clear()


async def _tools(folder: Path) -> dict[str, Tool[Any, Any]]:
    async with every_tool(folder) as every:
        return every.tools


# --- the code itself ---------------------------------------------------------------------------------------


# Rooms that may import the tools' room at all; the contract of the floors keeps the others from it.
# (What "rtsp_wire" runs are the bytes of a simulated camera.)
ROOMS = ("actions", "swarm", "conversation", "channels", "control", "daemon", "simulator", "cli")


@functools.cache
def modules() -> list[tuple[str, ast.Module]]:
    files = sorted(file for room in ROOMS for file in (PACKAGE / room).rglob("*.py"))
    return [(str(file.relative_to(PACKAGE)), ast.parse(file.read_text(encoding="utf-8"))) for file in files]


def calls() -> Iterator[tuple[str, ast.Call]]:
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield name, node


def test_one_module_calls_tools() -> None:
    """A tool's ``run`` takes three arguments; nothing else in these rooms that is called so does."""
    assert list(inspect.signature(Tool.run).parameters) == ["self", "arguments", "actor", "action_id"]
    callers = set()
    for name, call in calls():
        if isinstance(call.func, ast.Attribute) and call.func.attr == "run":
            if isinstance(call.func.value, ast.Name) and call.func.value.id in {"asyncio", "subprocess"}:
                continue
            is_spread = any(isinstance(one, ast.Starred) for one in call.args)
            if is_spread or len(call.args) == 3 or {one.arg for one in call.keywords} & {"action_id", None}:
                callers.add(name)
        if isinstance(call.func, ast.Name) and call.func.id in {"getattr", "methodcaller", "attrgetter"}:
            named = [one.value for one in call.args if isinstance(one, ast.Constant)]
            assert "run" not in named, name  # nor is it got at by its name
    assert callers - {"simulator/rtsp_wire.py"} == {"actions/effects.py"}


def every_kind_of_tool() -> set[type]:
    for found in pkgutil.walk_packages([str(PACKAGE / "actions")], "arni_edge.actions."):
        importlib.import_module(found.name)
    kinds: set[type] = set()
    left: list[type] = [Tool]
    while left:
        below: list[type] = left.pop().__subclasses__()
        kinds.update(below)
        left.extend(below)
    return {kind for kind in kinds if kind.__module__.startswith("arni_edge")}


def test_tools_are_made_in_one_place_and_go_to_the_executor_alone() -> None:
    kinds = every_kind_of_tool()
    assert len(kinds) >= 13
    assert {kind.__module__.rpartition(".")[0] for kind in kinds} == {"arni_edge.actions.tools"}
    names = {kind.__name__ for kind in kinds}
    makers, bringers = set(), set()
    for name, call in calls():
        if isinstance(call.func, ast.Name) and call.func.id in names:
            makers.add(name)
        if isinstance(call.func, ast.Name) and call.func.id == "build_tools":
            bringers.add(name)
    assert makers == {"actions/tools/__init__.py"}
    assert bringers == {"conversation/front_office.py"}
    source = (PACKAGE / "conversation" / "front_office.py").read_text()
    assert source.count("build_tools(") == 1
    assert "tools=build_tools(kit, hands).values()," in source  # nobody keeps what it made


def test_every_kind_of_tool_is_in_the_house_that_is_tested(tmp_path: Path) -> None:
    tested = {type(tool) for tool in asyncio.run(_tools(tmp_path)).values()}
    concrete = {
        kind for kind in every_kind_of_tool() if not inspect.isabstract(kind) and hasattr(kind, "name")
    }
    assert {kind.__name__ for kind in concrete - tested} == set()


def test_nobody_who_thinks_confirms() -> None:
    """Agents and whatever they ask of models propose; they have no word for a yes."""
    for name, tree in modules():
        if not name.startswith("swarm/"):
            continue
        words = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert words & {"confirm", "_ledger", "_effects", "_tools"} == set(), name
