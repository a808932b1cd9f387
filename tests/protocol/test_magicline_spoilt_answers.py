"""Bodies that nobody has seen: official answers with fields missing, null, new or of another kind, cut short,
or no JSON at all. The mirror takes what can be read, says what cannot, and breaks of none.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.database import open_database
from support.magicline import Front, Said, open_front, said
from support.openapi import MOMENTS, Description

from arni_edge.domain.errors import Unavailable
from arni_edge.magicline import operations as op
from arni_edge.magicline.errors import MaybeDone, Rejected
from arni_edge.magicline.mirror import Mirror
from arni_edge.magicline.model import CustomerStatus
from arni_edge.magicline.operations import Operation
from arni_edge.storage import Database, Transaction
from arni_edge.storage.magicline import ages

_OPEN_API = Description("openapi-used.json")
_ID: Final = 1229488490
_EMPTY: Final = said([])
_NOTHING: Final = said({})
_HTML: Final = b"<html><body>Service Unavailable</body></html>"

Use = Callable[[Mirror], Awaitable[object]]


async def _nothing(tx: Transaction) -> None:
    del tx


def _a_page(mirror: Mirror) -> Awaitable[object]:
    return mirror.customers_page(CustomerStatus.MEMBER, None, 1, lambda _: "members")


def _details(mirror: Mirror) -> Awaitable[object]:
    return mirror.details(_ID, _nothing)


_USES: dict[Operation, tuple[Use, tuple[Said, ...], tuple[Said, ...]]] = {
    op.CUSTOMERS: (_a_page, (), ()),
    op.CUSTOMER: (lambda mirror: mirror.customer(_ID), (), (_EMPTY, _NOTHING)),
    op.CONTRACTS: (_details, (), (_NOTHING, _EMPTY)),
    op.PAUSE_RULES: (_details, (said([{"id": 3001, "contractStatus": "ACTIVE"}]),), (_NOTHING, _EMPTY)),
    op.ACCOUNT: (_details, (_EMPTY,), (_EMPTY,)),
    op.CLASS_BOOKINGS: (lambda mirror: mirror.diary.bookings_of(_ID), (), (_EMPTY,)),
    op.APPOINTMENT_BOOKINGS: (lambda mirror: mirror.diary.bookings_of(_ID), (_EMPTY,), ()),
    op.CHECKINS: (lambda mirror: mirror.diary.checkins(_ID), (), ()),
    op.CLASSES: (lambda mirror: mirror.studio.classes(), (), ()),
    op.ALL_SLOTS: (lambda mirror: mirror.studio.slots_soon(), (), ()),
    op.APPOINTMENTS: (lambda mirror: mirror.studio.appointments(), (), ()),
    op.EMPLOYEES: (lambda mirror: mirror.studio.employees(), (), ()),
    op.STUDIO: (lambda mirror: mirror.studio.studio(), (), ()),
    op.UTILIZATION: (lambda mirror: mirror.studio.utilization(), (), ()),
}
"""Who asks it, what was answered to the questions before, and what is answered to those behind."""

_JUNK: st.SearchStrategy[Any] = MOMENTS | st.sampled_from(
    [
        *(None, True, 0, -1, 2**63, 2**80, 1.5, 1e308),
        *("", " ", "0", "null", "\x00", "\ud800", "x" * 6000),
        *([], {}, [None], [[]], {"id": None}),
    ]
)


@st.composite
def _spoilt(draw: st.DrawFn, content: Any) -> Any:
    """An answer in which some things are missing, null, new, or something else."""
    if draw(st.integers(0, 9)) == 0:
        return draw(_JUNK)
    if isinstance(content, list):
        return [draw(_spoilt(one)) for one in content] + draw(st.lists(_JUNK, max_size=1))
    if not isinstance(content, dict):
        return content
    kept = {key: draw(_spoilt(one)) for key, one in content.items() if draw(st.integers(0, 7))}
    return kept | draw(st.dictionaries(st.sampled_from(["id", "result", "since2027", ""]), _JUNK, max_size=1))


@st.composite
def _answer(draw: st.DrawFn, operation: Operation) -> Said:
    """The same on the wire, or what came instead of it."""
    answers = _OPEN_API.answers(operation.method, operation.path)
    assert answers is not None
    body = json.dumps(draw(_spoilt(draw(answers)))).encode()
    how = draw(
        st.sampled_from(["whole", "whole", "whole", "cut short", "html", "no code", "no json", "empty"])
    )
    if how == "cut short":
        return Said(200, body[: draw(st.integers(0, len(body)))], {"content-type": "application/json"})
    if how == "html":
        return Said(503, _HTML, {"content-type": "text/html"})
    if how == "no code":
        return said({"errorMessage": "The request is not valid"}, 400)
    if how == "no json":
        return Said(200, draw(st.binary(max_size=60)), {"content-type": "application/json"})
    return Said(200, body if how == "whole" else b"", {"content-type": "application/json"})


class Desk:
    """A Magicline and a mirror of it, in a loop of their own, so that plain functions can ask."""

    def __init__(self, folder: Path) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.front: Front = self._runner.run(self._stack.enter_async_context(open_front()))
        self.database: Database = self._runner.run(self._open(folder))
        client, clock = self.front.client()
        zone = clock.now().tzinfo
        assert zone is not None
        self.mirror = Mirror(client, self.database, clock, zone=zone)

    async def _open(self, folder: Path) -> Database:
        database = await self._stack.enter_async_context(open_database(folder / "arni.db"))
        await database.write(
            lambda tx: tx.execute(
                "INSERT INTO magicline_passes (pass_id, begun_at, phase) VALUES (1, '2026-11-22', 'members')"
            )
        )
        return database

    def use(self, use: Use, *answers: Said) -> None:
        """Have the mirror read what is answered.

        Raises:
            Unavailable, Rejected: It says that it cannot.
        """
        self.front.answers = list(answers)
        self.front.asked.clear()

        async def used() -> object:
            return await use(self.mirror)

        self._runner.run(used())

    def known(self) -> None:
        """Somebody is in the mirror, whose contract rests."""
        pause = {
            "id": 1,
            "startDate": "2020-01-01",
            "endDate": "2099-01-01",
            "unlimited": True,
            "contract": {"id": 3001},
        }
        whole = {
            "id": _ID,
            "firstName": "Mia",
            "status": "MEMBER",
            "accessRefusal": False,
            "idlePeriods": [pause],
        }
        self.use(lambda mirror: mirror.customer(_ID), said(whole), _EMPTY, _NOTHING)

    def parts(self) -> set[str]:
        """What was read at all: the database answers still."""
        return {one.part for one in self._runner.run(ages.parts(self.database))}

    def close(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("spoilt"))
    yield desk
    desk.close()


def test_every_reading_that_the_mirror_rests_on_is_among_them() -> None:
    asked_one_by_one = {
        op.SLOTS,
        op.CLASS_SLOT,
        op.CLASS_BOOKING,
        op.APPOINTMENT_BOOKING,
        op.APPOINTMENT_SLOTS,
    }
    readings = {one for one in op.OPEN_API if one.effect is op.Effect.READ and one.method == "GET"}
    assert readings == set(_USES) | asked_one_by_one


@pytest.mark.parametrize("operation", _USES, ids=lambda operation: operation.name)
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(data=st.data())
def test_the_mirror_breaks_of_no_answer(desk: Desk, operation: Operation, data: st.DataObject) -> None:
    use, before, behind = _USES[operation]
    answer = data.draw(_answer(operation))
    desk.known()
    try:
        desk.use(use, *before, answer, *behind)
    except (Unavailable, Rejected, MaybeDone):
        assert desk.front.asked
    assert "accounts" in desk.parts()
