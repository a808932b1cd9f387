"""``arni-edge bench connector``: what it prints, without a PostgreSQL and with one that is away."""

import json

import pytest
from support.documented import json_words
from typer.testing import CliRunner

from arni_edge.cli.app import app
from arni_edge.domain.errors import Unavailable


def test_each_figure_stands_beside_the_bare_database_of_the_same_run() -> None:
    done = CliRunner().invoke(app, ["bench", "connector", "--events", "100", "--json"])
    assert done.exit_code == 0
    assert "PostgreSQL was not measured" in done.stderr
    figures = json.loads(done.stdout)
    assert (figures["events"], figures["postgres"]) == (100, None)
    own = figures["sqlite"]
    named = {name for name in (*figures, *own) if not name.endswith("_ratio")}
    assert named == json_words("bench connector")
    bare = own.pop("bare_rows_per_second")
    for name in ("ingest", "ingest_together", "catch_up"):
        rate, ratio = own.pop(f"{name}_per_second"), own.pop(f"{name}_ratio")
        assert rate > 0
        assert ratio == pytest.approx(rate / bare, abs=0.002)
    assert own == {}


def test_a_postgresql_that_is_away_is_told_at_once() -> None:
    """Before anything else was measured; nothing of the address, which may hold a password, is said."""
    address = "postgresql://me:secret@127.0.0.1:1/none"
    done = CliRunner().invoke(app, ["bench", "connector", "--events", "1000000", "--postgres", address])
    assert isinstance(done.exception, Unavailable)
    assert str(done.exception) == "PostgreSQL cannot be reached (ConnectionRefusedError)"
