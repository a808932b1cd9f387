"""One reading of everything: phase by phase, page by page.

How far it has come lies on the disk with what it has read, so that a restart goes on where it stopped.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.magicline.errors import Away, Missing, NotAllowed, Rejected
from arni_edge.magicline.mirror import Mirror, Notices
from arni_edge.magicline.model import CustomerStatus
from arni_edge.magicline.part_reader import STUDIO_PARTS, PartReader
from arni_edge.magicline.sync_report import PEOPLE
from arni_edge.storage import Database, Transaction, members
from arni_edge.storage.magicline import ages, people
from arni_edge.storage.magicline.ages import Pass

_LOG = structlog.get_logger(__name__)

_LISTS: Final = {"members": CustomerStatus.MEMBER, "prospects": CustomerStatus.PROSPECT}
# The studio first: where it is says what a number without a country means.
_OF_PEOPLE: Final = ("studio", "members", "prospects", "details", "missing")
_PHASES: Final = (*_OF_PEOPLE, *(part for part in STUDIO_PARTS if part != "studio"))

_GONE_AFTER: Final = 2
_FEW: Final = 3
_SUSPICIOUS_SHARE: Final = 5
"""More than one in so many missing at once, and more than a few, is no coincidence."""
_TRIES: Final = 10
SHRUNK: Final = "many members are missing at Magicline; nobody was taken off the file"


def people_are_read(one: Pass) -> bool:
    """Whether a pass has read everything that the door asks."""
    return one.phase not in _OF_PEOPLE


class FullPass:
    """Does the steps of a pass."""

    def __init__(
        self,
        mirror: Mirror,
        parts: PartReader,
        database: Database,
        clock: Clock,
        *,
        notices: Notices | None,
        accept_missing: Callable[[], bool],
    ) -> None:
        """Nothing is read yet.

        Args:
            mirror: Filled by it.
            parts: Reads what is about nobody in particular.
            database: Knows how far it has come.
            clock: Of the box.
            notices: Tells staff; None: nobody is told.
            accept_missing: Whether somebody has said that whoever is missing is really gone.
        """
        self._mirror = mirror
        self._parts = parts
        self._database = database
        self._clock = clock
        self._notices = notices
        self._accept_missing = accept_missing
        self._trouble: Counter[int] = Counter()

    async def begin(self) -> Pass:
        """Begin one."""
        self._trouble.clear()
        now = self._clock.now()
        begun = await self._database.write(lambda tx: ages.begin(tx, _PHASES[0], now))
        _LOG.info("magicline_pass_begun", number=begun.pass_id)
        return begun

    async def go_on(self, under_way: Pass) -> None:
        """Do one step of a pass.

        Args:
            under_way: As it stands on the disk.

        Raises:
            Unavailable, Rejected: It cannot be done now; the pass stays where it is.
        """
        phase = under_way.phase
        if phase in _LISTS:
            await self._read_page(under_way)
        elif phase == "details":
            await self._read_details(under_way)
        elif phase == "missing":
            await self._see_to_missing(under_way)
        else:
            await self._parts.read(phase)
            await self._to_next(under_way)

    async def _read_page(self, under_way: Pass) -> None:
        phase = under_way.phase
        following = _after(phase)
        try:
            await self._mirror.customers_page(
                _LISTS[phase],
                under_way.offset,
                under_way.pass_id,
                lambda offset: following if offset is None else phase,
            )
        except NotAllowed:
            raise
        except Rejected as error:
            if under_way.offset is None:
                raise
            # The place where it was is none any more.
            _LOG.warning("magicline_pass_begins_anew", reason=str(error))
            await self.begin()

    async def _read_details(self, under_way: Pass) -> None:
        customer_id = await people.next_undetailed(self._database, under_way.pass_id, list(self._trouble))
        if customer_id is None and self._trouble:
            customer_id = next(iter(self._trouble))
        if customer_id is None:
            await self._to_next(under_way)
            return
        pass_id = under_way.pass_id

        async def settle(tx: Transaction) -> None:
            await people.detailed(tx, customer_id, pass_id)

        try:
            await self._mirror.details(customer_id, settle)
        except NotAllowed:
            raise
        except Missing:
            # Since the list was read; whoever is missing is seen to later.
            await self._database.write(settle)
        except (Away, Rejected):
            self._trouble[customer_id] += 1
            # One that can never be read must not keep the others from being so. Many are an outage.
            if self._trouble[customer_id] < _TRIES or len(self._trouble) > _FEW:
                raise
            _LOG.warning("magicline_customer_not_read")
            await self._database.write(settle)
        self._trouble.pop(customer_id, None)

    async def _see_to_missing(self, under_way: Pass) -> None:
        """Whoever two passes have not seen is asked for by number; who is not there then is gone."""
        pass_id = under_way.pass_id
        if under_way.offset is None:
            accepted = self._accept_missing()

            async def count(tx: Transaction) -> None:
                missing, number = await people.count_missing(tx, pass_id)
                few = missing <= _FEW or missing * _SUSPICIOUS_SHARE <= number
                if (few and (under_way.found or not number)) or accepted:
                    await people.note_missing(tx, pass_id, 1 + accepted)
                    await ages.move(tx, pass_id, "missing", "0")
                    return
                _LOG.warning("magicline_many_missing", missing=missing, known=number)
                await self._people_read(tx, under_way)
                await ages.failed(tx, PEOPLE, SHRUNK)
                if self._notices is not None:
                    await self._notices.tell(tx, "magicline", "many_missing", self._clock.now())

            await self._database.write(count)
            return
        after = int(under_way.offset)
        customer_id = await people.next_missing(self._database, pass_id, _GONE_AFTER, after)
        if customer_id is None:
            await self._database.write(lambda tx: self._people_read(tx, under_way))
            return
        try:
            await self._mirror.customer(customer_id)
        except (Away, Rejected) as error:
            self._trouble[customer_id] += 1
            if isinstance(error, NotAllowed) or self._trouble[customer_id] < _TRIES:
                raise
            # It stays as it is until the next pass.
        self._trouble.pop(customer_id, None)
        await self._database.write(lambda tx: ages.move(tx, pass_id, "missing", str(customer_id)))

    async def _people_read(self, tx: Transaction, under_way: Pass) -> None:
        await ages.note(tx, PEOPLE, under_way.begun_at, full=True)
        await members.refresh(tx, under_way.begun_at)
        await ages.move(tx, under_way.pass_id, _after("missing"), None)

    async def _to_next(self, under_way: Pass) -> None:
        following, now = _after(under_way.phase), self._clock.now()

        async def unit(tx: Transaction) -> None:
            await ages.move(tx, under_way.pass_id, following, None)
            if following == "":
                await ages.end(tx, under_way.pass_id, now)

        await self._database.write(unit)
        if following == "":
            _LOG.info("magicline_pass_ended", number=under_way.pass_id, customers=under_way.found)


def _after(phase: str) -> str:
    """The phase behind one; empty behind the last."""
    place = _PHASES.index(phase) + 1
    return _PHASES[place] if place < len(_PHASES) else ""
