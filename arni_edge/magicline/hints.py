"""Takes Magicline's webhooks as hints, and reads anew what they hint at."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError, Unavailable
from arni_edge.domain.health import Progress
from arni_edge.magicline.errors import Away, Rejected
from arni_edge.magicline.mirror import Mirror
from arni_edge.magicline.model import BookingKind
from arni_edge.magicline.webhooks import understand
from arni_edge.storage import Database, Transaction, members
from arni_edge.storage.magicline import hints, people
from arni_edge.storage.magicline.hints import Hint, Waiting
from arni_edge.storage.magicline.rows import Settle

_LOG = structlog.get_logger(__name__)

_FIRST_SECONDS: Final = 5.0
_LONGEST_SECONDS: Final = 600.0
_MOST_ATTEMPTS: Final = 12
"""About an hour; what cannot be read by then is left to the next pass."""


class HintDesk:
    """Stores hints before the relay may forget them, and works them off one by one."""

    def __init__(
        self, mirror: Mirror, database: Database, clock: Clock, *, look_seconds: float = 2.0
    ) -> None:
        """Nothing is taken in yet.

        Args:
            mirror: Reads anew.
            database: Keeps the hints.
            clock: Of the box.
            look_seconds: How often it looks for hints whose time has come again.
        """
        self._mirror = mirror
        self._database = database
        self._clock = clock
        self._look = look_seconds
        self._arrived = asyncio.Event()

    async def take(self, body: bytes) -> None:
        """Take a webhook in; returns when what it hints at is on the disk. Twice is as good as once.

        Args:
            body: As it was posted; never logged.

        Raises:
            Unavailable: It could not be stored, and must come again.
        """
        understood = understand(body)
        for reason in understood.ignored:
            _LOG.info("magicline_webhook_ignored", reason=reason)
        if not understood.uuid:
            return
        now = self._clock.now()

        async def unit(tx: Transaction) -> bool:
            if not await hints.take_in(tx, understood.uuid, understood.hints, now):
                return False
            for hint in understood.hints:
                if hint.urgent:
                    await _shut_out(tx, hint.entity_id)
            return True

        if await self._database.write(unit):
            self._arrived.set()

    async def run(self, progress: Progress) -> None:
        """Read anew what was hinted at, until cancelled."""
        while True:
            progress()
            self._arrived.clear()
            while (waiting := await hints.next_due(self._database, self._clock.now())) is not None:
                await self._work_off(waiting)
                progress()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look):
                    await self._arrived.wait()

    async def _work_off(self, waiting: Waiting) -> None:
        async def settle(tx: Transaction) -> None:
            await hints.done(tx, waiting)

        try:
            await self._read(waiting.hint, settle)
        except Exception as error:  # noqa: BLE001 - a bug with one thing must not keep all others from being read
            if not isinstance(error, Unavailable | Rejected):
                _LOG.exception("magicline_hint_crashed", entity=waiting.hint.entity)
            if waiting.attempts + 1 >= _MOST_ATTEMPTS:
                _LOG.warning("magicline_hint_given_up", entity=waiting.hint.entity, reason=_reason(error))
                await self._database.write(settle)
                return
            wait = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0**waiting.attempts)
            if isinstance(error, Away) and error.retry_after is not None:
                wait = max(wait, error.retry_after)
            not_before, reason = self._clock.now() + timedelta(seconds=wait), _reason(error)
            await self._database.write(lambda tx: hints.later(tx, waiting, not_before, reason))

    async def _read(self, hint: Hint, settle: Settle) -> None:
        mirror, number = self._mirror, hint.entity_id

        async def customer() -> None:
            await mirror.customer(number, settle)

        async def employees() -> None:
            await mirror.studio.employees(settle)

        async def studio() -> None:
            await mirror.studio.studio(settle)

        readings: dict[str, Callable[[], Awaitable[None]]] = {
            "customer": customer,
            "checkins": lambda: mirror.diary.checkins(number, settle),
            "class_booking": lambda: mirror.diary.booking(BookingKind.CLASS, number, settle),
            "appointment_booking": lambda: mirror.diary.booking(BookingKind.APPOINTMENT, number, settle),
            "slot": lambda: mirror.studio.slot(number, hint.parent_id, settle),
            "employees": employees,
            "studio": studio,
        }
        await readings[hint.entity]()


def _reason(error: Exception) -> str:
    # Only of our own errors it is known that they name nobody.
    return str(error) if isinstance(error, ArniError) else type(error).__name__


async def _shut_out(tx: Transaction, customer_id: int) -> None:
    """Whoever may not come in any more does not until they were read anew: the other mistake is worse."""
    row = await people.customer(tx, customer_id)
    if row is not None:
        await members.shut_out(tx, row["member_id"])
