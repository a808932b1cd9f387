"""Whatever happens in whatever order, an effect of type 2 was confirmed, and happened once.

Interleaved conversations, wrong people, wrong digests, replays, time, restarts, and deaths at every commit
and effect. What is true is kept here by a model of its own, which knows only what was said by whom.
"""

import asyncio
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.actions import BEN, BEN_CHAT, KIM, LEE, MIA, MIA_CHAT, ROOT, STRANGER, SYSTEM, VIC, member, staff
from support.mortal import Dead, Lives

from arni_edge.actions.action import Action, Proposed
from arni_edge.actions.tool import Actor, ActorKind
from arni_edge.domain.errors import ArniError
from arni_edge.domain.people import Assurance
from arni_edge.domain.risk import Risk
from arni_edge.logs import configure_logging
from arni_edge.storage.audit import read_key
from arni_edge.storage.audit_check import verify

ASKERS = (MIA, BEN, staff(KIM), staff(LEE), ROOT)
ANYBODY = (
    *ASKERS,
    STRANGER,
    SYSTEM,
    staff(VIC),
    member(assurance=Assurance.CHANNEL),
    member("M-2"),
    member("M-1", BEN_CHAT),
)
TYPE_2 = ("cancel", "change", "refund", "ban", "leave")
PICK = st.integers(0, 7)
"""One of those that wait, mostly; else one that is over."""
NOT_REPEATABLE = {"cancel", "refund", "ban", "leave", "ring"}


class Machine(RuleBasedStateMachine):
    """People, time and death against one door."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="arni-machine-"))
        shutil.copytree(self.template, self.folder, dirs_exist_ok=True)
        self.lives = Lives(self.folder)
        self.actions: dict[str, Action] = {}
        self.yes: dict[str, set[str]] = {}
        self.denied: set[str] = set()

    # --- what people do -----------------------------------------------------------------------------------

    @initialize(tools=st.permutations(TYPE_2), grave=st.sampled_from(("leave", "cancel")))
    def something_waits(self, tools: list[str], grave: str) -> None:
        """Chance alone rarely brings so much together."""
        self.ask(grave, MIA, "x", None)
        self.ask("change", BEN, "x", None)
        for who, tool in zip((staff(KIM), staff(LEE), ROOT), tools, strict=False):
            self.ask(tool, who, "x", None)

    @rule(
        tool=st.sampled_from((*TYPE_2, *TYPE_2, "ring", "book")),
        who=st.sampled_from(ASKERS),
        note=st.sampled_from("xy"),
        key=st.sampled_from((None, None, None, "w1")),
    )
    def somebody_asks(self, tool: str, who: Actor, note: str, key: str | None) -> None:
        self.ask(tool, who, note, key)

    def ask(self, tool: str, who: Actor, note: str, key: str | None) -> None:
        about = who.id if who.kind is ActorKind.MEMBER else "M-1"
        became = self._try(self.door.executor.do(tool, {"member_id": about, "note": note}, who, key=key))
        if isinstance(became, Proposed):
            self.actions.setdefault(became.action.action_id, became.action)

    @precondition(lambda self: self.actions)
    @rule(pick=PICK, moments=st.none() | st.integers(1, 12))
    def the_right_ones_say_yes(self, pick: int, moments: int | None) -> None:
        """And maybe we die while they do."""
        action = self._picked(pick)
        if moments is not None:
            self.lives.die_soon(moments)
        is_grave = action.risk is Risk.GRAVE
        first = staff(KIM) if action.proposer == ROOT and is_grave else action.proposer
        for who in (first, *([staff(LEE), staff(KIM)] if is_grave else [])):
            self._say_yes(action, action.digest, who)

    @precondition(lambda self: self.actions)
    @rule(pick=PICK)
    def everybody_says_a_yes_that_does_not_count(self, pick: int) -> None:
        """The wrong people to the right thing, and the right people to something else."""
        action = self._picked(pick)
        others = [one.digest for one in self.actions.values() if one.action_id != action.action_id]
        for who in ANYBODY:
            forged = ["0" * 64, "0" * 16, "", *others[:2]]
            for digest in forged if self._counts(action, who) else [action.digest]:
                self._say_yes(action, digest, who)

    @precondition(lambda self: self.actions)
    @rule(pick=PICK, who=st.sampled_from(ANYBODY))
    def somebody_says_yes(self, pick: int, who: Actor) -> None:
        action = self._picked(pick)
        self._say_yes(action, action.digest, who)

    @rule(who=st.sampled_from((MIA, BEN)))
    def write_the_word(self, who: Actor) -> None:
        """As the stage of the pipeline does it: for whatever waits in the chat."""
        pending = self._try(self.door.executor.pending(who.conversation))
        if isinstance(pending, Action):
            self._say_yes(pending, pending.digest, who)

    @precondition(lambda self: self.actions)
    @rule(pick=PICK)
    def two_at_once(self, pick: int) -> None:
        action = self._picked(pick)
        people = [action.proposer, action.proposer, staff(LEE), staff(KIM)]
        for who in people:
            self._note_yes(action, action.digest, who)
        self._try(self._together(action, *people))

    async def _together(self, action: Action, *people: Actor) -> None:
        confirm = self.door.executor.confirm
        await asyncio.gather(
            *(confirm(action.action_id, action.digest, who, "button") for who in people),
            return_exceptions=True,
        )

    @precondition(lambda self: self.actions)
    @rule(pick=PICK, who=st.sampled_from(ANYBODY))
    def deny(self, pick: int, who: Actor) -> None:
        action = self._picked(pick)
        became = self._try(self.door.executor.deny(action.action_id, who))
        if isinstance(became, Action):
            self.denied.add(action.action_id)

    # --- what happens -------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from((1, 100, 301, 901)), looks=st.booleans())
    def time_passes(self, seconds: int, looks: bool) -> None:
        self.lives.clock.advance(seconds)
        if looks:
            self._try(self.door.executor.expire())

    @rule(moments=st.integers(1, 14))
    def die_soon(self, moments: int) -> None:
        self.lives.die_soon(moments)

    @rule()
    def restart(self) -> None:
        self.lives.restart()

    # --- what must be so ----------------------------------------------------------------------------------

    @invariant()
    def no_effect_without_its_confirmation(self) -> None:
        for line in self.door.effects.had():
            tool, _, action_id = line.partition(" ")
            if tool not in TYPE_2:
                continue
            action = self.actions.get(action_id)
            assert action is not None, f"{line}: was never proposed to anybody"
            needed = 2 if action.risk is Risk.GRAVE else 1
            assert len(self.yes.get(action_id, ())) >= needed, f"{line}: {self.yes.get(action_id)}"
            assert action_id not in self.denied, line

    @invariant()
    def nothing_happens_twice(self) -> None:
        for line, times in Counter(self.door.effects.had()).items():
            if line.partition(" ")[0] in NOT_REPEATABLE:
                assert times == 1, line
            else:
                assert times <= 1 + self.lives.crashes, line

    @invariant()
    def states_tell_the_truth(self) -> None:
        rows = self._rows("SELECT action_id, tool, state, outcome, conversation FROM actions")
        had = {line.partition(" ")[2] for line in self.door.effects.had()}
        for row in rows:
            if row["state"] in {"proposed", "confirmed", "expired", "denied"} or row["outcome"] in {
                "refused",
                "unavailable",
            }:
                assert row["action_id"] not in had, row
            if row["state"] == "done":
                assert row["action_id"] in had, row
            assert row["state"] not in {"confirmed", "executing"}, "it was left under way"
        waiting = Counter(row["conversation"] for row in rows if row["state"] == "proposed")
        assert waiting[MIA_CHAT] <= 1
        assert waiting[BEN_CHAT] <= 1
        told = self._rows("SELECT key FROM outbox")
        assert all(count == 1 for count in Counter(row["key"].split("/")[1] for row in told).values())

    def teardown(self) -> None:
        self.lives.end()
        verdict = verify(self.folder / "arni.db", read_key(self.folder / "audit-key"))
        shutil.rmtree(self.folder)
        assert verdict.ok, verdict.problems

    # --- the model ----------------------------------------------------------------------------------------

    @property
    def door(self) -> Any:
        return self.lives.door

    def _picked(self, number: int) -> Action:
        rows = self._rows("SELECT action_id FROM actions WHERE state = 'proposed' ORDER BY action_id DESC")
        waiting = [self.actions[row["action_id"]] for row in rows if row["action_id"] in self.actions]
        if waiting and number < 6:
            return waiting[number % len(waiting)]
        return list(self.actions.values())[number % len(self.actions)]

    def _say_yes(self, action: Action, digest: str, who: Actor) -> None:
        self._note_yes(action, digest, who)
        self._try(self.door.executor.confirm(action.action_id, digest, who, "button"))

    def _note_yes(self, action: Action, digest: str, who: Actor) -> None:
        """Whether this is a yes that counts, told by who says it, where, when and to what."""
        if digest not in {action.digest, action.digest[:16]}:
            return
        (row,) = self._rows(f"SELECT state, expires_at FROM actions WHERE action_id = '{action.action_id}'")
        if row["state"] != "proposed" or row["expires_at"] <= self.lives.clock.now().isoformat():
            return
        if self._counts(action, who):
            self.yes.setdefault(action.action_id, set()).add(f"{who.kind}:{who.id}")

    def _counts(self, action: Action, who: Actor) -> bool:
        by_member = action.proposer.kind is ActorKind.MEMBER
        if who.kind is ActorKind.MEMBER:
            is_them = (who.id, who.conversation) == (action.proposer.id, action.conversation)
            return by_member and is_them and who.assurance >= action.assurance
        if who.kind is not ActorKind.STAFF or who.id not in {"kim", "lee", "root"}:
            return False
        if action.risk is Risk.GRAVE:
            is_agreed = not by_member or bool(self.yes.get(action.action_id))
            return who.conversation == "staff" and is_agreed
        return not by_member and who.conversation == action.conversation

    def _try(self, work: Any) -> Any:
        try:
            return self.lives.do(work)
        except (ArniError, Dead) as error:
            return error

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        async def read() -> list[dict[str, Any]]:
            rows: list[dict[str, Any]] = await self.door.rows(sql)
            return rows

        return self.lives.do(read())


def test_the_one_way_door(tmp_path: Path) -> None:
    configure_logging("critical", component="test")  # a death is no news here
    template = tmp_path / "template"
    template.mkdir()
    Lives(template).end()
    machine = type("OnTemplate", (Machine,), {"template": template})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            phases=[Phase.generate],  # ids differ from run to run: there is nothing to shrink
            suppress_health_check=list(HealthCheck),
        ),
    )
