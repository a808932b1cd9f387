"""Reads everything once a night, and in between what matters today.

A pass goes phase by phase, page by page; how far it has come lies on the disk with what it has read, so a
restart goes on where it stopped. Nothing here is for somebody who waits: those go before us in every lane.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from typing import Final

import structlog

from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError, InvalidInput, Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.magicline.client import MagiclineClient
from arni_edge.magicline.errors import Away, MaybeDone, Missing, NotAllowed, Rejected
from arni_edge.magicline.mirror import Mirror, Notices
from arni_edge.magicline.model import CustomerStatus
from arni_edge.magicline.schedule import latest_due
from arni_edge.settings import Magicline
from arni_edge.storage import Database, Transaction, members, relay_cursor
from arni_edge.storage.magicline import ages, people
from arni_edge.storage.magicline.ages import Pass

_LOG = structlog.get_logger(__name__)

Report = Callable[[State, str], None]

PEOPLE: Final = "members"
"""The part that the door asks."""
_LISTS: Final = {"members": CustomerStatus.MEMBER, "prospects": CustomerStatus.PROSPECT}
_PHASES: Final = (
    "members", "prospects", "details", "missing",
    "studio", "employees", "classes", "slots", "appointments", "utilization",
)  # fmt: skip
_AFTER_PEOPLE: Final = _PHASES[4:]
TODAY: Final = ("bookings", "checkins")
"""Parts that are read for whoever has business today."""
PARTS: Final = (PEOPLE, *_AFTER_PEOPLE, *TODAY)
"""What can be asked for by name."""

_PATIENCE: Final = timedelta(hours=6)
"""What a pass has read before it was interrupted is too old after that: it begins anew."""
_GONE_AFTER: Final = 2
_FEW: Final = 3
_SUSPICIOUS_SHARE: Final = 5
"""More than one in so many missing at once, and more than a few, is no coincidence."""
_TRIES: Final = 10
_REPORT_SECONDS: Final = 5.0
_LATELY: Final = timedelta(hours=12)
SHRUNK: Final = "many members are missing at Magicline; nobody was taken off the file"


@dataclass(slots=True, eq=False)
class _Wish:
    """Somebody wants a part read now; None: everything. It is fulfilled by the pass that it began."""

    part: str | None
    accept_missing: bool
    done: asyncio.Future[None]
    pass_id: int | None = None


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
        self._health = health
        self._notices = notices
        self._look = look_seconds
        self._greeted = False
        self._wishes: list[_Wish] = []
        self._asked = asyncio.Event()
        self._today: deque[Callable[[], Awaitable[object]]] = deque()
        self._poll_at = 0.0
        self._wait_until = 0.0
        self._report_at = 0.0
        self._backoff = Backoff(first=2.0, longest=300.0)
        self._derived_on: date | None = None
        self._trouble: Counter[int] = Counter()

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
        wish = _Wish(part, accept_missing, asyncio.get_running_loop().create_future())
        self._wishes.append(wish)
        self._wait_until = 0.0
        self._asked.set()
        try:
            await wish.done
        finally:
            if wish in self._wishes:
                self._wishes.remove(wish)

    async def run(self, progress: Progress) -> None:
        """Read what is due, until cancelled."""
        try:
            while True:
                progress()
                if not await self._turn():
                    self._asked.clear()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(self._look):
                            await self._asked.wait()
        finally:
            self._fail_wishes(Unavailable("the house is being stopped"))

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
            await self._report(error)
            self._fail_wishes(error)
            return False
        if done:
            self._backoff.forget()
        if not done or self._clock.monotonic() >= self._report_at:
            self._report_at = self._clock.monotonic() + _REPORT_SECONDS
            await self._report(None)
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
        await self._go_on(under_way)
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
        for wish in list(self._wishes):
            if wish.part in _AFTER_PEOPLE:
                await self._read_part(wish.part)
            elif wish.part in TODAY:
                for step in await self._steps_of_today():
                    await step()
            else:
                continue
            _granted(wish)

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
        return lambda: self._leniently("bookings", self._mirror.bookings_of(customer_id))

    def _checkins_of(self, customer_id: int) -> Callable[[], Awaitable[object]]:
        return lambda: self._leniently("checkins", self._mirror.checkins(customer_id))

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
        begun = await self._begin()
        for wish in wishes:
            wish.pass_id = begun.pass_id
        return begun

    async def _begin(self) -> Pass:
        self._trouble.clear()
        now = self._clock.now()
        begun = await self._database.write(lambda tx: ages.begin(tx, _PHASES[0], now))
        _LOG.info("magicline_pass_begun", number=begun.pass_id)
        return begun

    async def _go_on(self, under_way: Pass) -> None:
        """One step of a pass."""
        phase = under_way.phase
        if phase in _LISTS:
            await self._read_page(under_way)
        elif phase == "details":
            await self._read_details(under_way)
        elif phase == "missing":
            await self._see_to_missing(under_way)
        else:
            await self._read_part(phase)
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
            await self._begin()

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
            accepted = any(wish.accept_missing for wish in self._wishes)

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
            await self._grant(under_way.pass_id)
            return
        after = int(under_way.offset)
        customer_id = await people.next_missing(self._database, pass_id, _GONE_AFTER, after)
        if customer_id is None:
            await self._database.write(lambda tx: self._people_read(tx, under_way))
            await self._grant(under_way.pass_id)
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

    async def _read_part(self, part: str) -> None:
        studio = self._mirror.studio
        read: dict[str, Callable[[], Awaitable[int]]] = {
            "studio": studio.studio,
            "employees": studio.employees,
            "classes": studio.classes,
            "slots": studio.slots,
            "appointments": studio.appointments,
            "utilization": studio.utilization,
        }
        await self._leniently(part, read[part]())

    async def _leniently(self, part: str, reading: Awaitable[object]) -> None:
        """Read a part that the door does not need: one that Magicline refuses is noted, and passed over."""
        try:
            await reading
        except Rejected as error:
            if error.status == 401:
                raise
            problem = str(error)
            await self._database.write(lambda tx: ages.failed(tx, part, problem))

    async def _to_next(self, under_way: Pass) -> None:
        following, now = _after(under_way.phase), self._clock.now()

        async def unit(tx: Transaction) -> None:
            await ages.move(tx, under_way.pass_id, following, None)
            if following == "":
                await ages.end(tx, under_way.pass_id, now)

        await self._database.write(unit)
        if following == "":
            _LOG.info("magicline_pass_ended", number=under_way.pass_id, customers=under_way.found)
            await self._grant(under_way.pass_id)

    # --- who waits, and how it is ---------------------------------------------------------------------------

    async def _grant(self, pass_id: int) -> None:
        """Fulfil the wishes that a pass has read enough for."""
        last = await ages.newest(self._database)
        if last is None or last.pass_id != pass_id:
            return
        for wish in self._wishes:
            enough = last.phase not in _PHASES[:4] if wish.part == PEOPLE else last.ended_at is not None
            if wish.pass_id == pass_id and enough:
                _granted(wish)

    def _fail_wishes(self, error: ArniError) -> None:
        for wish in self._wishes:
            if not wish.done.done():
                wish.done.set_exception(error)
                wish.done.exception()  # whoever asked may have gone

    async def _report(self, error: Exception | None) -> None:
        """Say how it is: what went wrong, and how old that makes the mirror."""
        try:
            parts = await ages.parts(self._database)
        except Unavailable:
            return
        people_read = next((one.full_at for one in parts if one.part == PEOPLE), None)
        old = "the mirror of members is empty"
        fresh = False
        if people_read is not None:
            hours = (self._clock.now() - people_read) / timedelta(hours=1)
            old = f"the mirror of members is {hours:.0f} h old"
            fresh = hours <= self._settings.stale_after_hours
        if isinstance(error, NotAllowed):
            self._health(State.DOWN, f"{error}; {old}")
        elif error is not None:
            self._health(State.DEGRADED, f"{error}; {old}")
        elif not fresh:
            self._health(State.DEGRADED, old)
        elif problems := [f"{one.part}: {one.problem}" for one in parts if one.problem]:
            self._health(State.DEGRADED, "; ".join(problems))
        else:
            self._health(State.OK, "")


def _granted(wish: _Wish) -> None:
    if not wish.done.done():
        wish.done.set_result(None)


def _after(phase: str) -> str:
    """The phase behind one; empty behind the last."""
    place = _PHASES.index(phase) + 1
    return _PHASES[place] if place < len(_PHASES) else ""
