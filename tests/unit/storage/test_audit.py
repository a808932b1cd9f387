"""The audit chain: what is changed, removed or moved shows; what is forgotten in time does not."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from support.clock import ManualClock
from support.database import open_database
from typer.testing import CliRunner

from arni_edge.cli.audit import app
from arni_edge.domain.errors import ConfigurationError, InvalidInput, Unavailable
from arni_edge.storage import Database, Transaction
from arni_edge.storage.audit import AuditLog, keep_key, read_key
from arni_edge.storage.audit_check import Problem, verify

ROWS = 12


class Chain:
    """A log of twelve rows on a real file."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.file = folder / "arni.db"
        self.key_file = folder / "audit-key"
        self.key = keep_key(self.key_file)
        self.log = AuditLog(self.key)
        self.clock = ManualClock()
        self.database = database

    async def note(self, times: int = 1) -> None:
        for _ in range(times):
            self.clock.advance(60)
            await self.database.write(self._one)

    async def _one(self, tx: Transaction) -> None:
        now = self.clock.now()
        await self.log.note(tx, now, actor="staff:kim", act="door.opened", member_id="M-1", door="front")

    def tamper(self, *statements: str) -> None:
        """As somebody with the file and without the key would."""
        with closing(sqlite3.connect(self.file, timeout=5)) as connection:
            for statement in statements:
                assert connection.execute(statement).rowcount != 0
            connection.commit()

    def problems(self) -> list[int | None]:
        return [one.number for one in verify(self.file, self.key).problems]


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with open_database(tmp_path / "arni.db") as database:
        chain = Chain(tmp_path, database)
        await chain.note(ROWS)
        yield chain


async def test_what_is_as_it_was_written_holds(chain: Chain) -> None:
    verdict = verify(chain.file, chain.key)
    assert (verdict.ok, verdict.rows) == (True, ROWS)
    await chain.note()
    assert verify(chain.file, chain.key).rows == ROWS + 1


async def test_every_column_of_every_row_is_covered(chain: Chain) -> None:
    for column in ("at", "actor", "act", "subject", "detail", "hash"):
        for number in (1, 5, ROWS):
            # The same length, and one letter of it another one.
            change = f"substr({column}, 1, 4) || 'X' || substr({column}, 6)"
            chain.tamper(f"CREATE TABLE kept AS SELECT * FROM audit WHERE number = {number}")
            chain.tamper(f"UPDATE audit SET {column} = {change} WHERE number = {number}")
            found = chain.problems()
            assert number in found, (column, number)
            assert set(found) <= {number, number + 1}, (column, number)
            chain.tamper(
                f"UPDATE audit SET {column} = (SELECT {column} FROM kept) WHERE number = {number}",
                "DROP TABLE kept",
            )
            assert chain.problems() == []


LAST_HASH = "hash = (SELECT hash FROM audit WHERE number = 11)"
FIRST_HASH = "hash = (SELECT hash FROM audit WHERE number = 5)"

REMOVED_OR_MOVED: dict[str, tuple[list[str], list[int | None]]] = {
    "one": (["DELETE FROM audit WHERE number = 5"], [6]),
    "some": (["DELETE FROM audit WHERE number BETWEEN 4 AND 9"], [10]),
    "the first": (["DELETE FROM audit WHERE number = 1"], [2]),
    "the last": (["DELETE FROM audit WHERE number = 12"], [12]),
    "the end": (["DELETE FROM audit WHERE number > 3"], [12]),
    "all": (["DELETE FROM audit"], [12]),
    "closed up": (
        ["DELETE FROM audit WHERE number = 5", "UPDATE audit SET number = number - 1 WHERE number > 5"],
        [5, 6, 7, 8, 9, 10, 11, 12],
    ),
    "two swapped": (
        [
            "UPDATE audit SET number = 99 WHERE number = 5",
            "UPDATE audit SET number = 5 WHERE number = 6",
            "UPDATE audit SET number = 6 WHERE number = 99",
        ],
        [5, 6, 7],
    ),
    "moved to the front": (["UPDATE audit SET number = 0 WHERE number = 5"], [0, 1, 6]),
    "added": (
        ["INSERT INTO audit SELECT 13, at, actor, act, subject, detail, hash FROM audit WHERE number = 12"],
        [13, 13],
    ),
    "all and where it began": (["DELETE FROM audit", "DELETE FROM audit_ends WHERE which = 'first'"], [None]),
    "where it ends": (["DELETE FROM audit_ends WHERE which = 'last'"], [None]),
    "another end": (["UPDATE audit_ends SET number = 11 WHERE which = 'last'"], [None, 12]),
    "cut and ended anew": (
        [
            "DELETE FROM audit WHERE number = 12",
            f"UPDATE audit_ends SET number = 11, {LAST_HASH} WHERE which = 'last'",
        ],
        [None],
    ),
    "cut and begun anew": (
        [
            "DELETE FROM audit WHERE number < 5",
            f"UPDATE audit_ends SET number = 5, {FIRST_HASH} WHERE which = 'first'",
        ],
        [None, 5],
    ),
}


@pytest.mark.parametrize("what", REMOVED_OR_MOVED)
async def test_what_was_removed_or_moved(chain: Chain, what: str) -> None:
    statements, found = REMOVED_OR_MOVED[what]
    chain.tamper(*statements)
    assert chain.problems() == found


async def test_a_log_that_was_wiped_shows_by_what_it_should_tell_of(chain: Chain) -> None:
    chain.tamper(
        "DELETE FROM audit",
        "DELETE FROM audit_ends",
        "INSERT INTO actions (action_id, tool, arguments, digest, risk, assurance, conversation,"
        " proposer_kind, proposed_by, proposer_assurance, language, consequence, state, proposed_at,"
        " expires_at) VALUES"
        " ('a', 't', '{}', '', 'grave', 1, 'staff', 'staff', 'kim', 3, 'de', '{}', 'done', '', '')",
    )
    assert not verify(chain.file, chain.key).ok


async def test_what_is_no_text_is_a_changed_row(chain: Chain) -> None:
    chain.tamper("UPDATE audit SET actor = CAST(x'ff41' AS TEXT) WHERE number = 4")
    assert chain.problems() == [4]


async def test_another_key_fits_nothing_and_is_said_soon(chain: Chain) -> None:
    verdict = verify(chain.file, b"k" * 32)
    assert not verdict.ok
    assert len(verdict.problems) < 120
    await chain.note(120)
    verdict = verify(chain.file, b"k" * 32)
    assert verdict.problems[-1] == Problem(None, "there is more; or this is not the key of this chain")


async def test_old_rows_are_forgotten_and_the_rest_holds(chain: Chain) -> None:
    now = chain.clock.now()

    async def prune(tx: Transaction) -> int:
        return await chain.log.prune(tx, now, now - timedelta(seconds=60 * 4))

    assert await chain.database.write(prune) == ROWS - 5
    assert await chain.database.write(prune) == 0
    verdict = verify(chain.file, chain.key)
    assert (verdict.ok, verdict.rows) == (True, 6)
    rows = await chain.database.read("SELECT number, act, detail FROM audit ORDER BY number")
    assert rows[0]["number"] == ROWS - 4
    assert rows[-1]["act"] == "audit.pruned"
    assert orjson.loads(rows[-1]["detail"]) == {"removed": 7, "through": 7}
    chain.tamper(f"DELETE FROM audit WHERE number = {ROWS - 4}")
    assert chain.problems() != []


async def test_everything_may_be_old(chain: Chain) -> None:
    chain.clock.advance(1e6)
    now = chain.clock.now()
    assert await chain.database.write(lambda tx: chain.log.prune(tx, now, now)) == ROWS
    assert verify(chain.file, chain.key).ok
    await chain.note()
    assert verify(chain.file, chain.key).rows == 2


async def test_what_a_clock_dated_wrongly_keeps_what_came_after_it(chain: Chain) -> None:
    """Rows go from the front only: a young one that stands before old ones holds them."""
    now = chain.clock.now()
    assert await chain.database.write(lambda tx: chain.log.prune(tx, now, now - timedelta(days=1))) == 0


async def test_a_member_is_forgotten_and_the_chain_holds(chain: Chain) -> None:
    await chain.database.write(lambda tx: chain.log.forget(tx, "M-1"))
    assert await chain.database.read("SELECT * FROM audit_subjects") == []
    assert verify(chain.file, chain.key).ok
    before = {row["subject"] for row in await chain.database.read("SELECT subject FROM audit")}
    await chain.note()
    after = {row["subject"] for row in await chain.database.read("SELECT subject FROM audit")}
    assert len(before) == 1
    assert len(after) == 2  # who comes back is somebody else


# --- the command -------------------------------------------------------------------------------------------


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def files(chain: Chain) -> list[str]:
    return ["--database", str(chain.file), "--key", str(chain.key_file)]


async def test_the_command_beside_a_running_writer(chain: Chain) -> None:
    code, out = run("verify", "--json", *files(chain))
    assert (code, orjson.loads(out)) == (0, {"ok": True, "rows": ROWS, "problems": []})
    chain.tamper("UPDATE audit SET act = 'door.closed' WHERE number = 3")
    code, out = run("verify", "--json", *files(chain))
    found = orjson.loads(out)
    assert (code, found["ok"]) == (1, False)
    assert [one["number"] for one in found["problems"]] == [3]
    assert "3: " in run("verify", *files(chain))[1]
    await chain.note()  # the writer is not disturbed


async def test_the_command_without_a_daemon_leaves_no_file_behind(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        await Chain(tmp_path, database).note(3)
    config = tmp_path / "arni.toml"
    config.write_text(
        f'[paths]\nstate = "{tmp_path}"\nruntime = "{tmp_path}/run"\n'
        '[site]\nid = "p"\nname = "P"\ncapacity = 9\n'
        '[broker]\nmode = "managed"\n'
    )
    before = names(tmp_path)
    assert run("verify", "--json", "--config", str(config))[0] == 0
    code, out = run("log", "--json", "--limit", "2", "--config", str(config))
    assert code == 0
    assert [(row["number"], row["detail"]) for row in orjson.loads(out)] == [
        (2, {"door": "front"}),
        (3, {"door": "front"}),
    ]
    assert "door.opened" in run("log", "--config", str(config))[1]
    assert names(tmp_path) == before


async def test_the_command_says_what_is_missing(chain: Chain, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    with pytest.raises(Unavailable, match="no key"):
        run("verify", "--database", str(chain.file), "--key", str(nowhere))
    with pytest.raises(Unavailable, match="no such database"):
        run("verify", "--database", str(nowhere), "--key", str(chain.key_file))
    with pytest.raises(InvalidInput, match="together"):
        run("verify", "--database", str(chain.file))
    chain.key_file.write_text("nonsense")
    with pytest.raises(ConfigurationError, match="not the key"):
        run("verify", *files(chain))
    other = tmp_path / "other.db"
    other.write_text("no database at all" * 100)
    chain.key_file.write_text(chain.key.hex())
    with pytest.raises(Unavailable, match="cannot be read"):
        run("verify", "--database", str(other), "--key", str(chain.key_file))


# --- the key -----------------------------------------------------------------------------------------------


def test_the_key_is_kept_and_nobody_else_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "audit-key"
    key = keep_key(path)
    assert len(key) == 32
    assert keep_key(path) == read_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["audit-key"]


@pytest.mark.parametrize("spoil", [lambda _: b"", lambda key: key[:10], lambda _: b"\xff\xfe"])
def test_a_key_that_is_none_is_not_used(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    """An empty one would be a key that everybody knows."""
    path = tmp_path / "audit-key"
    keep_key(path)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ConfigurationError):
        keep_key(path)
