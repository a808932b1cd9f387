"""Whatever is asked over the control socket, however malformed: an answer for JSON, or a sentence."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.database import open_database

from arni_edge.broker.managed import ManagedMosquitto
from arni_edge.bus import Bus
from arni_edge.control import Method
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.house import build_house
from arni_edge.daemon.methods import control_methods
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import ArniError
from arni_edge.domain.i18n import Catalogue
from arni_edge.settings import Settings
from arni_edge.storage.audit import AuditLog, keep_key
from arni_edge.supervision import HealthBoard

_LOCK = {"nuki_id": "2BB28570", "reaction_seconds": 0.05, "goal_seconds": 0.05}
SETTINGS = {
    "site": {"id": "gym", "name": "Gym", "capacity": 10},
    "broker": {"mode": "external"},
    "doors": [{"id": "front", "name": "Front", "lock": _LOCK}],
    "shellies": [{"id": "lamp", "prefix": "gym/lamp", "role": "light"}],
}
"""No broker answers there: nothing opens, and everything can be asked."""

NAMES = (
    "door device reason by incident members member_id name phone state plan groups valid_from valid_until"
    " paused_until arrears label doors hours max_uses visit_id text overlap_hours key id role room switch"
    " component force cursor seconds all limit message_id"
).split()
ODD = (
    "front", "lamp", "gym/lamp", "lock/front", "shelly:gym/lamp", "m1", "../../etc/passwd",
    "nuki/+/lockAction",
    "\x1b[2J\x1b]0;x\x07", "a\nb", "\u202egnp.exe", "\x00", "x" * 5000, "", " ", "²",
    "0-²", "a-9999999999999999999",
    "2026-11-21T10:00:00+01:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "+4915123456789",
    "AE1.000000.bTE.ZnJvbnQ.1.AAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA", "12345678", "123456", "jammed", "light",
)  # fmt: skip
HOURS: tuple[dict[str, Any], ...] = (
    {"monday": ["06:00-09:00"]},
    {"monday": ["06:00+01:00-09:00"]},
    {"monday": ["06:00-09:00"] * 500},
    {"monday": [{"start": "06:00Z", "until": "05:00"}]},
    {"someday": []},
)
_WAITS = "devices.events"
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    | st.sampled_from(ODD)
)
_VALUES = st.recursive(
    _SCALARS | st.sampled_from(HOURS),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*NAMES, "x"]), inner, max_size=6)
    ),
    max_leaves=8,
)
_MEMBER = st.fixed_dictionaries(
    {"member_id": _SCALARS, "name": _SCALARS, "phone": st.just("+4915123456789") | _SCALARS}
)
_VISIT = st.fixed_dictionaries(
    {
        "label": _SCALARS,
        "doors": st.just(["front"]),
        "hours": st.sampled_from(HOURS) | _VALUES,
        "valid_until": st.sampled_from(ODD) | _SCALARS,
        "max_uses": _SCALARS,
    },
    optional={"valid_from": st.sampled_from(ODD) | _SCALARS},
)
_ANYTHING = st.dictionaries(st.sampled_from(NAMES), _VALUES, max_size=6)
_LIKELY = {
    "visits.add": _VISIT,
    "members.put": st.fixed_dictionaries({"members": st.lists(_MEMBER, max_size=3) | _VALUES}),
    "door.present": st.fixed_dictionaries({"door": st.just("front"), "text": _SCALARS}),
    _WAITS: st.fixed_dictionaries({"cursor": _SCALARS, "seconds": st.just(0) | _SCALARS}),
    "door.clear": st.fixed_dictionaries({"door": st.just("front"), "incident": _SCALARS, "by": _SCALARS}),
    "devices.rename": st.fixed_dictionaries({"device": st.just("lamp") | _SCALARS, "name": _SCALARS}),
    "keys.rotate": st.fixed_dictionaries({"overlap_hours": _SCALARS}),
    "members.qr": st.fixed_dictionaries({"member_id": _SCALARS, "door": st.just("front") | _SCALARS}),
}
_QUESTIONS = st.tuples(st.integers(0, 999), _ANYTHING) | st.sampled_from(sorted(_LIKELY)).flatmap(
    lambda name: st.tuples(st.just(name), _LIKELY[name])
)


@asynccontextmanager
async def a_box(path: Path) -> AsyncIterator[dict[str, Method]]:
    given_settings = Settings.model_validate({**SETTINGS, "paths": {"state": path, "runtime": path}})
    clock, bus = SystemClock(), Bus()
    async with open_database(path / "arni.db") as database:
        board, managed = HealthBoard(bus, clock), ManagedMosquitto(path / "broker")
        audit = AuditLog(keep_key(path / "audit-key"))
        base = Foundation(database, clock, bus, board, Catalogue.load(), managed, audit)
        house = build_house(given_settings, base)

        async def reload() -> None:
            """The house stays as it is."""

        yield dict(control_methods(base, lambda: house, reload))


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.lists(_QUESTIONS, min_size=10, max_size=40))
def test_every_question_gets_an_answer_or_a_sentence(
    questions: list[tuple[int | str, dict[str, Any]]],
) -> None:
    sentences: list[str] = []

    async def ask() -> None:
        with tempfile.TemporaryDirectory() as path:
            async with a_box(Path(path)) as methods:
                names = sorted(methods.keys() - {"reload"})
                for which, params in questions:
                    name = which if isinstance(which, str) else names[which % len(names)]
                    try:
                        async with asyncio.timeout(0.3 if name == _WAITS else 5):
                            orjson.dumps(await methods[name](orjson.loads(orjson.dumps(params))))
                    except TimeoutError:
                        assert name == _WAITS, name  # it waits for news, as long as it was asked to
                    except ArniError as error:
                        sentences.append(str(error))
                orjson.dumps(
                    [await methods[name]({}) for name in ("members.list", "visits.list", "door.log")]
                )

    asyncio.run(ask())
    assert all(sentence.strip() for sentence in sentences)
