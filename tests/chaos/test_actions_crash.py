"""SIGKILL at every commit on the way through the one-way door: nothing twice, and nothing forgotten."""

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.action_lives import SCRIPTS
from support.nursery import Death, Nursery, open_nursery

from arni_edge.storage.audit import read_key
from arni_edge.storage.audit_check import verify

# Commits of a life that goes through: asked, confirmed, begun, ended; one more for the second person. Of a
# saga: asked, two for each step, ended.
COMMITS = {"cancel": 4, "book": 2, "leave": 5, "move": 8}


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with open_nursery("support.action_lives", str(tmp_path_factory.mktemp("template"))) as nursery:
        yield nursery


@pytest.mark.parametrize("script", SCRIPTS)
def test_death_at_any_commit(nursery: Nursery, tmp_path: Path, script: str) -> None:
    """Right before each commit: what was done since the last one has happened, and nobody has noted it."""
    for number in itertools.count(1):
        folder = tmp_path / str(number)
        survived = nursery.live(folder, script, Death(number, after=False))
        assert survived or nursery.live(folder, script)
        _assert_right(folder, script, number)
        if survived:
            assert number > COMMITS.get(script, COMMITS["move"]), "not every commit was reached"
            return


@pytest.mark.parametrize("script", ["cancel", "a move whose last step is refused"])
def test_death_in_the_second_life_too(nursery: Nursery, tmp_path: Path, script: str) -> None:
    """Right after a commit of the first life, and right before one of the second that takes it up."""
    for number, again in [(2, 1), (3, 1), (3, 2), (4, 1), (6, 1), (6, 2)]:
        folder = tmp_path / f"{number}-{again}"
        nursery.live(folder, script, Death(number, after=True))
        nursery.live(folder, script, Death(again, after=False))
        assert nursery.live(folder, script)
        _assert_right(folder, script, (number, again))


def _assert_right(folder: Path, script: str, when: object) -> None:
    name = SCRIPTS[script]
    effects = (folder / "effects").read_text().splitlines() if (folder / "effects").exists() else []
    with closing(sqlite3.connect(folder / "arni.db")) as database:
        ends = database.execute("SELECT action_id, state, outcome FROM actions ORDER BY 1").fetchall()
        tickets = [row[0] for row in database.execute("SELECT ticket_id FROM tickets ORDER BY 1")]
        told = [row[0] for row in database.execute("SELECT key FROM outbox")]
        acts = [row[0] for row in database.execute("SELECT act FROM audit ORDER BY number")]
        confirmations = database.execute("SELECT count(*) FROM confirmations").fetchone()[0]
    assert {state for _, state, _ in ends} <= {"done", "failed"}, when
    assert sum(acts.count(f"action.{state}") for state in ("done", "failed")) == len(ends), when
    assert tickets == [f"{one}/{outcome}" for one, _, outcome in ends if outcome in {"unknown", "stuck"}], (
        when
    )
    verdict = verify(folder / "arni.db", read_key(folder / "audit-key"))
    assert verdict.ok, (when, verdict.problems)
    if name == "move":
        for action_id, _, outcome in ends:
            lines = [line for line in effects if f" {action_id}/" in line]
            _assert_saga([line.partition(" ")[0] for line in lines], outcome, when)
        _assert_last_move(script, ends[-1][2], when)
        return
    ((action_id, state, outcome),) = ends
    assert set(effects) <= {f"{name} {action_id}"}, when
    assert (state == "done") <= bool(effects), when
    if name == "book":
        assert outcome == "done", when
        return
    assert len(effects) <= 1, when
    assert outcome in {"done", "unknown"}, when
    assert confirmations == (2 if name == "leave" else 1), when
    assert told == [f"action/{action_id}/{state}"], when


def _assert_saga(lines: list[str], outcome: str, when: object) -> None:
    """All of it, or nothing of it, or a person knows."""
    assert lines.count("do:pay") <= 1, (when, "what is not repeatable was done twice")
    for name in ("take", "pay", "free"):
        mine = [line for line in lines if line.endswith(f":{name}")]
        if outcome == "done":
            assert mine, when
            assert set(mine) == {f"do:{name}"}, when
        elif mine and outcome != "stuck":
            assert mine[-1] == f"undo:{name}", (when, "it was done and not undone")


def _assert_last_move(script: str, outcome: str, when: object) -> None:
    """The message that is read again asks anew for what was undone: it ends as if nothing had died."""
    right = {
        "move": {"done"},
        "a move whose last step is refused": {"refused", "unavailable"},
        "a move whose last step breaks": {"unavailable"},
        "a move that cannot be undone": {"stuck"},
    }
    assert outcome in right[script], when
