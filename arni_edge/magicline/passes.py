"""Decides what is read when: everything once a night, in between what matters today, and what is wished.

Nothing here is for somebody who waits for an answer: those go before us in every lane.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import date, timedelta, tzinfo
from typing import Final

import structlog

from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput, Unavailable
from arni_edge.domain.health import Progress
from arni_edge.magicline.client import MagiclineClient
from arni_edge.magicline.errors import Away, MaybeDone, NotAllowed, Rejected
from arni_edge.magicline.full_pass import FullPass, people_are_read
from arni_edge.magicline.mirror import Mirror, Notices
from arni_edge.magicline.part_reader import STUDIO_PARTS, PartReader
from arni_edge.magicline.schedule import latest_due
from arni_edge.magicline.sync_report import PEOPLE, Report, SyncReport
from arni_edge.magicline.sync_wishes import SyncWish, SyncWishes
from arni_edge.settings import Magicline
from arni_edge.storage import Database, relay_cursor
from arni_edge.storage.magicline import ages, people
from arni_edge.storage.magicline.ages import Pass

_LOG = structlog.get_logger(__name__)

TODAY: Final = ("bookings", "checkins")
"""Parts that are read for whoever has business today."""
PARTS: Final = (PEOPLE, *STUDIO_PARTS, *TODAY)
"""What can be asked for by name."""

_PATIENCE: Final = timedelta(hours=6)
"""What a pass has read before it was interrupted is too old after that: it begins anew."""
_REPORT_SECONDS: Final = 5.0
_LATELY: Final = timedelta(hours=12)


class MirrorPasses:
    """Keeps the mirror in step by reading."""

    def __init__(
        self,
        mirror: Mirror,
        client: MagiclineClient,
        database: Database,
        clock: Clock,
        settings: Magicline,
        *,
        zone: tzinfo,
        health: Report,
        notices: Notices | None = None,
        look_seconds: float = 2.0,
    ) -> None:
        """Nothing is read yet.

        Args:
            mirror: Filled by it.
            client: Asked whether the key is good.
            database: Knows how far it has come.
            clock: Of the box.
            settings: When, and how often.
            zone: The studio's.
            health: Told how it is doing.
            notices: Tells staff; None: nobody is told.
            look_seconds: How often it looks whether something is due.
        """
        self._mirror = mirror
        self._client = client
        self._database = database
        self._clock = clock
        self._settings = settings
        self._zone = zone
        self._look = look_seconds
        self._wishes = SyncWishes()
        self._parts = PartReader(mirror.studio, database)
        self._pass = FullPass(
            mirror,
            self._parts,
            database,
            clock,
            notices=notices,
            accept_missing=lambda: any(wish.accept_missing for wish in self._wishes),
        )
        stale = timedelta(hours=settings.stale_after_hours)
        self._report = SyncReport(database, clock, health, stale_after=stale)
        self._greeted = False
        self._today: deque[Callable[[], Awaitable[object]]] = deque()
        self._poll_at = 0.0
        self._wait_until = 0.0
        self._report_at = 0.0
        self._backoff = Backoff(first=2.0, longest=300.0)
        self._derived_on: date | None = None

    async def now(self, part: str | None = None, *, accept_missing: bool = False) -> None:
        """Read a part now, or everything, and return when it is read.

        Args:
            part: One of :data:`PARTS`, or None.
            accept_missing: Whoever is missing is really gone, however many they are.

        Raises:
            InvalidInput: There is no such part.
            Unavailable: It cannot be read now.
            Refused: Magicline refuses it.
        """
        if part is not None and part not in PARTS:
            raise InvalidInput(f"there is no part '{part}'; there is: {', '.join(PARTS)}")
        self._wait_until = 0.0
        await self._wishes.have(part, accept_missing=accept_missing)

    async def run(self, progress: Progress) -> None:
        """Read what is due, until cancelled."""
        try:
            while True:
                progress()
                if not await self._turn():
                    self._wishes.arrived.clear()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(self._look):
                            await self._wishes.arrived.wait()
        finally:
            self._wishes.fail(Unavailable("the house is being stopped"))

    # --- one turn -------------------------------------------------------------------------------------------

    async def _turn(self) -> bool:
        """Do one thing that is due; returns False when there is nothing."""
        if self._clock.monotonic() < self._wait_until:
            return False
        try:
            done = await self._do_one()
        except (Unavailable, Rejected, MaybeDone) as error:
            wait = self._backoff.next()
            if isinstance(error, Away) and error.retry_after is not None:
                wait = max(wait, error.retry_after)
            self._wait_until = self._clock.monotonic() + wait
            _LOG.warning("magicline_not_read", reason=str(error), wait_seconds=round(wait, 1))
            await self._report.tell(error)
            self._wishes.fail(error)
            return False
        if done:
            self._backoff.forget()
        if not done or self._clock.monotonic() >= self._report_at:
            self._report_at = self._clock.monotonic() + _REPORT_SECONDS
            await self._report.tell(None)
        return done

    async def _do_one(self) -> bool:
        if not self._greeted:
            await self._greet()
        if self._derived_on != self._mirror.today():
            await self._mirror.derive_all()
            self._derived_on = self._mirror.today()
        await self._grant_small_wishes()
        if self._poll_is_due():
            await self._plan_poll()
        if self._today:
            await self._today.popleft()()
            return True
        under_way = await self._pass_that_is_due()
        if under_way is None:
            return False
        await self._pass.go_on(under_way)
        await self._grant(under_way.pass_id)
        return True

    async def _greet(self) -> None:
        """Make sure that the key is good, and that webhooks are sent."""
        if not await self._client.key_is_valid():
            raise NotAllowed(
                "Magicline does not accept the key; set the credential 'magicline_api_key' anew", status=401
            )
        try:
            await self._client.confirm_activation()
        except Rejected as error:
            if error.status == 401:
                raise
            # An integration without webhooks has nothing to confirm: passes and polls do without them.
            _LOG.warning("magicline_not_activated", reason=str(error))
        self._greeted = True

    async def _grant_small_wishes(self) -> None:
        for wish in self._wishes:
            if wish.part in STUDIO_PARTS:
                await self._parts.read(wish.part)
            elif wish.part in TODAY:
                for step in await self._steps_of_today():
                    await step()
            else:
                continue
            wish.grant()

    # --- what matters today ---------------------------------------------------------------------------------

    def _poll_is_due(self) -> bool:
        return not self._today and self._clock.monotonic() >= self._poll_at

    async def _plan_poll(self) -> None:
        self._poll_at = self._clock.monotonic() + self._settings.poll_minutes * 60
        if await ages.part(self._database, PEOPLE) is None:
            return  # nothing is there yet: the pass reads it all
        self._today.extend(
            (self._mirror.studio.slots_soon, self._mirror.studio.utilization, *await self._steps_of_today())
        )

    async def _steps_of_today(self) -> list[Callable[[], Awaitable[object]]]:
        today, since = self._mirror.today(), self._clock.now() - _LATELY
        busy = await people.with_business_today(self._database, today.isoformat(), since.isoformat())
        return [step for one in busy for step in (self._bookings_of(one), self._checkins_of(one))]

    def _bookings_of(self, customer_id: int) -> Callable[[], Awaitable[object]]:
        return lambda: self._parts.leniently("bookings", self._mirror.diary.bookings_of(customer_id))

    def _checkins_of(self, customer_id: int) -> Callable[[], Awaitable[object]]:
        return lambda: self._parts.leniently("checkins", self._mirror.diary.checkins(customer_id))

    # --- the pass -------------------------------------------------------------------------------------------

    async def _pass_that_is_due(self) -> Pass | None:
        last, now = await ages.newest(self._database), self._clock.now()
        wishes = [one for one in self._wishes if one.part in (None, PEOPLE) and one.pass_id is None]
        if not wishes and last is not None:
            if last.ended_at is None and now - last.begun_at < _PATIENCE:
                return last
            due = latest_due(now, self._settings.full_pass_at, self._zone)
            # What webhooks would have told that the relay has lost is found by reading everything.
            lost = await relay_cursor.losses(self._database, 1)
            if last.ended_at is not None and last.begun_at >= max([due, *(loss.at for loss in lost)]):
                return None
        begun = await self._pass.begin()
        for wish in wishes:
            wish.pass_id = begun.pass_id
        return begun

    async def _grant(self, pass_id: int) -> None:
        """Fulfil the wishes that a pass has read enough for."""
        if not any(wish.pass_id == pass_id for wish in self._wishes):
            return
        last = await ages.newest(self._database)
        if last is None or last.pass_id != pass_id:
            return

        def enough(wish: SyncWish) -> bool:
            read = people_are_read(last) if wish.part == PEOPLE else last.ended_at is not None
            return wish.pass_id == pass_id and read

        self._wishes.grant(enough)
