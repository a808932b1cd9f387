"""What is under way for alarms: local acts and calls, each a task of its own, with its own end on record.

Nothing that one of them does can delay or stop another. A call is repeated until it is delivered, or until
somebody has acknowledged; an act until it is done, while the report is young.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError, Unavailable
from arni_edge.domain.events import AlarmDelivery
from arni_edge.safety.model import Alarm, Call, LocalAct, Sink, helps
from arni_edge.storage import Database, Transaction, alarms

_LOG = structlog.get_logger(__name__)

# The product promises local acts within 1 s. One that fails (a relay that is just coming back) is tried again
# for so long before it is recorded as failed, and then every half minute.
_ACT_SECONDS: Final = 15.0
_ACT_AGAIN: Final = 0.25
_ACT_LATER: Final = 30.0
_LATER_ACT_SECONDS: Final = 10.0

ACTS_WITHIN: Final = timedelta(minutes=10)
"""Light and siren for a report that is older than this would frighten rather than help."""

_CALL_SECONDS: Final = 35.0
"""Each sink has its own, shorter deadline; this is for one that forgets it."""

_CALL_AGAIN: Final = 2.0
_CALL_LONGEST: Final = 30.0
_RECORD_AGAIN: Final = 1.0

_Key = tuple[str, str]


@dataclass(slots=True)
class _UnderWay:
    """One task, and whether it has come to a first end."""

    task: asyncio.Task[None]
    is_act: bool
    settled: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an attempt came to."""

    state: str
    detail: str
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class OffRecord:
    """What is known of an alarm only here, because nothing can be stored.

    Attributes:
        on_record: Done as soon as it is decided whether the alarm is on record under its id.
        reached: What came of calls that were delivered meanwhile, by their name.
    """

    on_record: asyncio.Future[bool]
    reached: dict[str, Attempt] = field(default_factory=dict)


class Deliveries:
    """Owns the tasks of all alarms."""

    def __init__(
        self, database: Database, bus: Bus, clock: Clock, *, acts: Iterable[LocalAct], sinks: Iterable[Sink]
    ) -> None:
        """Nothing is under way.

        Args:
            database: Where ends are recorded.
            bus: Told of them.
            clock: For how long things take.
            acts: What the building can do.
            sinks: The ways to people.
        """
        self._database = database
        self._bus = bus
        self._clock = clock
        self._acts = {act.name: act for act in acts}
        self._sinks = {sink.name: sink for sink in sinks}
        self._under_way: dict[_Key, _UnderWay] = {}
        self._calls: dict[_Key, Call] = {}
        self._shut = False
        # Whoever looked at an alarm a moment ago may not know yet that somebody has it, or that it is over.
        self._taken: set[str] = set()
        self._over: set[str] = set()

    def acts_for(self, alarm: Alarm) -> list[str]:
        """Names of the acts that help in this alarm now; none when the report is old."""
        if not self._young(alarm):
            return []
        return [name for name, act in self._acts.items() if helps(act, alarm)]

    def open(self) -> None:
        """Take on work (again)."""
        self._shut = False

    async def aclose(self) -> None:
        """Stop everything; what is not done stands in the database for the next life."""
        self._shut = True
        tasks = [one.task for one in self._under_way.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=1.0)

    async def drain(self) -> None:
        """Wait until every act that is under way has come to a first end; each has its own limit."""
        waits = [asyncio.ensure_future(one.settled.wait()) for one in self._under_way.values() if one.is_act]
        if waits:
            await asyncio.wait(waits)

    # --- starting and stopping ----------------------------------------------------------------------------

    def start_acts(
        self, alarm: Alarm, names: Collection[str], *, on_record: asyncio.Future[bool] | None = None
    ) -> None:
        """Do some acts, unless they are under way.

        Args:
            alarm: For which.
            names: Which; unknown ones are left out.
            on_record: Tells, once that is decided, whether the alarm is on the disk; None: it is.
        """
        for name in names:
            act = self._acts.get(name)
            if act is not None:
                perform = partial(self._perform, act, alarm, on_record)
                self._start((alarm.alarm_id, name), perform, is_act=True)

    def start_call(self, sink: str, call: Call, *, though_taken: bool = False) -> None:
        """Reach somebody by a sink; what is under way goes on with what is to be said now.

        Args:
            sink: Its name.
            call: Whom, and with what.
            though_taken: Also if somebody has the alarm: it is news, or a reminder.
        """
        key = (call.alarm.alarm_id, call.by(sink))
        if sink not in self._sinks or (key[0] in self._taken and not though_taken):
            return
        if key in self._under_way:
            self._calls[key] = call
            return
        reach = partial(self._call, self._sinks[sink], key)
        if self._start(key, reach, is_act=False):
            self._calls[key] = call

    def start_off_record(self, sink: Sink, call: Call, held: OffRecord) -> None:
        """Reach somebody though nothing can be stored; what is under way goes on with what is to be said now.

        Args:
            sink: Needs nothing that is stored.
            call: Whom, and with what.
            held: Gets what came of it, which is put on record when that is possible. What was not delivered
                until then is taken up by whoever follows the alarm.
        """
        key = (call.alarm.alarm_id, call.by(sink.name))
        reach = partial(self._call_off_record, sink, key, held)
        if key in self._under_way or self._start(key, reach, is_act=False):
            self._calls[key] = call

    def stop_calls(self, alarm_id: str) -> None:
        """Somebody has it: nobody need be called any more."""
        self._taken.add(alarm_id)
        self._stop(alarm_id, acts=False)

    def allow_calls(self, alarm_id: str) -> None:
        """Whoever had it hands it on."""
        self._taken.discard(alarm_id)

    def stop(self, alarm_id: str) -> None:
        """It is over."""
        self._over.add(alarm_id)
        self._stop(alarm_id, acts=True)

    def _stop(self, alarm_id: str, *, acts: bool) -> None:
        for (other, _), one in list(self._under_way.items()):
            if other == alarm_id and (acts or not one.is_act):
                one.task.cancel()

    def _start(self, key: _Key, work: Callable[[asyncio.Event], Awaitable[None]], *, is_act: bool) -> bool:
        """Start a task, unless it is under way or too late for it; returns whether it is started."""
        if self._shut or key[0] in self._over or key in self._under_way:
            return False
        settled = asyncio.Event()

        async def run() -> None:
            await work(settled)

        task = asyncio.create_task(run(), name=f"alarm {key[1]}")
        self._under_way[key] = _UnderWay(task, is_act, settled)
        task.add_done_callback(lambda ended: self._ended(key, ended))
        return True

    def _ended(self, key: _Key, task: asyncio.Task[None]) -> None:
        one = self._under_way.pop(key, None)
        self._calls.pop(key, None)
        if one is not None:
            one.settled.set()
        if not task.cancelled() and task.exception() is not None:
            # Whoever looks at the open alarms every second starts it again.
            _LOG.error("alarm_delivery_crashed", sink=key[1].split("/")[0], exc_info=task.exception())

    # --- doing --------------------------------------------------------------------------------------------

    async def _perform(
        self,
        act: LocalAct,
        alarm: Alarm,
        recorded: asyncio.Future[bool] | None,
        settled: asyncio.Event,
    ) -> None:
        """Do one act; a failed one again every half minute while the report is young."""
        seconds = _ACT_SECONDS
        while True:
            came_to = await self._try_act(act, alarm, seconds)
            _LOG.warning("alarm_act_ended", act=act.name, state=came_to.state, detail=came_to.detail)
            over = came_to.state == "done" or not self._young(alarm)
            # A disk that takes nothing for long keeps no light off that could not be lit at once.
            if over or recorded is None or recorded.done():
                if recorded is not None and not await _is_true(recorded):
                    return  # not on the disk, or another delivery of a report whose acts are done
                await self._record(alarm, act.name, came_to)
                settled.set()
            if over:
                return
            seconds = _LATER_ACT_SECONDS
            await asyncio.sleep(_ACT_LATER)

    async def _try_act(self, act: LocalAct, alarm: Alarm, seconds: float) -> Attempt:
        detail, attempts = f"no answer within {seconds:.0f} s", 0
        try:
            async with asyncio.timeout(seconds):
                while True:
                    attempts += 1
                    try:
                        return Attempt("done", await act.act(alarm), attempts)
                    except ArniError as error:
                        detail = str(error)
                    except Exception as error:  # noqa: BLE001 - a named boundary: an act's bug stops no other
                        _LOG.exception("alarm_act_crashed", act=act.name)
                        detail = f"crashed: {type(error).__name__}"
                    await asyncio.sleep(_ACT_AGAIN)
        except TimeoutError:
            return Attempt("failed", detail, max(attempts, 1))

    async def _call(self, sink: Sink, key: _Key, settled: asyncio.Event) -> None:
        """Reach one person by one sink; again and again until that has worked or the task is cancelled."""
        backoff = Backoff(first=_CALL_AGAIN, longest=_CALL_LONGEST)
        while True:
            call = self._calls[key]
            came_to = await self._try_call(sink, call)
            _LOG.warning("alarm_call_ended", sink=sink.name, state=came_to.state)
            if self._is_old(key, call):
                continue  # they are to hear something else meanwhile
            await self._record(call.alarm, key[1], came_to)
            settled.set()
            if came_to.state == "done" and not self._is_old(key, call):
                return
            await asyncio.sleep(backoff.next())

    def _is_old(self, key: _Key, call: Call) -> bool:
        return self._calls[key].key != call.key

    async def _call_off_record(self, sink: Sink, key: _Key, held: OffRecord, settled: asyncio.Event) -> None:
        """Reach one person while nothing can be stored; put it on record when that is possible."""
        backoff, name = Backoff(first=_CALL_AGAIN, longest=_CALL_LONGEST), key[1]
        while name not in held.reached and not held.on_record.done():
            call = self._calls[key]
            came_to = await self._try_call(sink, call)
            _LOG.warning("alarm_call_ended", sink=sink.name, state=came_to.state, on_record=False)
            if came_to.state != "done":
                await asyncio.wait({held.on_record}, timeout=backoff.next())
            elif not self._is_old(key, call):
                held.reached[name] = came_to
        if name in held.reached and held.on_record.done() and held.on_record.result():
            await self._record(self._calls[key].alarm, name, held.reached[name])
            settled.set()

    async def _try_call(self, sink: Sink, call: Call) -> Attempt:
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                return Attempt("done", await sink.deliver(call))
        except TimeoutError:
            return Attempt("failed", f"no answer within {_CALL_SECONDS:.0f} s")
        except ArniError as error:
            return Attempt("failed", str(error))
        except Exception as error:  # noqa: BLE001 - a named boundary: a sink's bug stops no other
            _LOG.exception("alarm_sink_crashed", sink=sink.name)
            return Attempt("failed", f"crashed: {type(error).__name__}")

    async def _record(self, alarm: Alarm, name: str, came_to: Attempt) -> None:
        """Put an end on record, however long the disk takes, and tell of it when it is news."""
        now = self._clock.now()

        async def store(tx: Transaction) -> bool:
            return await alarms.note_sink(
                tx, alarm.alarm_id, name, came_to.state, came_to.detail, now, attempts=came_to.attempts
            )

        while True:
            try:
                news = await self._database.write(store, vital=True)
                break
            except Unavailable:
                await asyncio.sleep(_RECORD_AGAIN)
        if news:
            event = AlarmDelivery(at=now, alarm_id=alarm.alarm_id, sink=name, state=came_to.state)
            self._bus.publish(event)

    def _young(self, alarm: Alarm) -> bool:
        return self._clock.now() - alarm.reported_at <= ACTS_WITHIN


async def _is_true(recorded: asyncio.Future[bool]) -> bool:
    """What was decided; a decision that failed is none."""
    await asyncio.wait({recorded})
    return not recorded.cancelled() and recorded.exception() is None and recorded.result()
