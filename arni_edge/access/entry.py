"""The entry desk: decides, records, opens and confirms. The only caller of a lock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from arni_edge.access.policy import Rules, decide
from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import Decision, Deny, DenyReason, EntryRequest, Outcome, UnlatchResult
from arni_edge.domain.events import DoorCommandEnded, EntryDenied
from arni_edge.domain.people import Assurance, Member
from arni_edge.storage import Database, door_audit, members

_LOG = structlog.get_logger(__name__)


class Lock(Protocol):
    """What the entry desk needs from a lock."""

    async def unlatch(self) -> UnlatchResult:
        """Open once; never raises for what happens at the door, never tries twice."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a request.

    Attributes:
        denied: Why the door stayed shut, or None when the policy allowed it.
        outcome: What became of the command, or None when there was none.
    """

    denied: DenyReason | None
    outcome: Outcome | None


class EntryDesk:
    """Answers requests to come in. The same request never opens a door twice, not even across a crash."""

    def __init__(
        self, database: Database, bus: Bus, clock: Clock, *, rules: Rules, locks: Mapping[str, Lock]
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._rules = rules
        self._locks = locks

    @property
    def main_door(self) -> str:
        """The door that is meant when nobody names one: the first in the settings; empty without doors."""
        return next(iter(self._locks), "")

    async def abandon(self) -> None:
        """Once at start: what a crash interrupted has an unknown outcome and is never sent again."""
        now = self._clock.now()
        for request_id in await self._database.write(lambda tx: door_audit.abandon(tx, now)):
            _LOG.warning("door_command_abandoned", request=request_id)

    async def request(self, request: EntryRequest, member: Member | None, assurance: Assurance) -> Entry:
        """Decide, record the decision, open, confirm, record the outcome.

        Raises:
            Unavailable: The decision could not be stored; then nothing was opened.
        """
        now = self._clock.now()
        decision = decide(request, member, assurance, now, self._rules, await self._mirror_age(now))
        member_id = member.member_id if member else None
        fresh = await self._database.write(
            lambda tx: door_audit.record(tx, request, member_id, decision, now)
        )
        if not fresh:
            return await self._known(request)
        if isinstance(decision, Deny):
            return self._denied(request, decision, now)
        return await self._open(request, decision)

    async def _open(self, request: EntryRequest, decision: Decision) -> Entry:
        result = await self._locks[request.door].unlatch()
        now = self._clock.now()
        await self._database.write(lambda tx: door_audit.end(tx, request.request_id, result, now))
        _LOG.info(
            "door_command_ended",
            door=request.door,
            request=request.request_id,
            decision=decision,
            outcome=result.outcome,
            evidence=result.evidence,
        )
        self._bus.publish(
            DoorCommandEnded(
                at=now,
                door=request.door,
                request_id=request.request_id,
                outcome=result.outcome,
                evidence=result.evidence,
                seconds=result.seconds,
            )
        )
        return Entry(None, result.outcome)

    def _denied(self, request: EntryRequest, decision: Deny, now: datetime) -> Entry:
        _LOG.info("entry_denied", door=request.door, request=request.request_id, reason=decision.reason)
        self._bus.publish(
            EntryDenied(at=now, door=request.door, request_id=request.request_id, reason=decision.reason)
        )
        return Entry(decision.reason, None)

    async def _known(self, request: EntryRequest) -> Entry:
        """The same request again, after a crash or a second delivery: tell what is known, do nothing."""
        row = await door_audit.find(self._database, request.request_id)
        if row is not None and row["state"] == "denied":
            return Entry(DenyReason(row["rule"]), None)
        return Entry(None, Outcome(row["outcome"]) if row is not None and row["outcome"] else Outcome.UNKNOWN)

    async def _mirror_age(self, now: datetime) -> timedelta | None:
        mirror = await members.mirror(self._database)
        if mirror is None:
            return None
        # Books that the owner keeps by hand do not go stale: nothing else knows better.
        return timedelta(0) if mirror.kept_by_hand else now - mirror.refreshed_at
