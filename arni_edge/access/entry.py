"""The entry desk: decides, records, opens and confirms. The only caller of a lock."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from arni_edge.access.examine import Examiner, Presented
from arni_edge.access.issuer import Issuer
from arni_edge.access.keys import EntryKeys
from arni_edge.access.policy import Rules
from arni_edge.access.ration import Ration
from arni_edge.access.ruling import KnownAlready, Ruled, rule, rule_presented
from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import (
    Allow,
    AskReason,
    AskStaff,
    Credential,
    Deny,
    DenyReason,
    EntryRequest,
    Outcome,
    UnlatchResult,
    Via,
)
from arni_edge.domain.errors import InvalidInput, Unavailable
from arni_edge.domain.events import DoorCommandEnded, EntryDenied, StaffAsked
from arni_edge.domain.people import Assurance, Member
from arni_edge.settings import Access
from arni_edge.storage import Database, Transaction, door_audit
from arni_edge.storage.database import Unit
from arni_edge.storage.door_audit import Remarks

_LOG = structlog.get_logger(__name__)

_LONGEST_NAME = 64
_LONGEST_REASON = 300
_LONGEST_ID = 200

_END_SECONDS = 3.0
"""Somebody stands at the door and has to hear what became of it, also when the disk fails now."""

_MOST_UNENDED = 100


class Lock(Protocol):
    """What the entry desk needs from a lock."""

    async def unlatch(self) -> UnlatchResult:
        """Open once; never raises for what happens at the door, never tries twice."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a request.

    Attributes:
        denied: Why the door stayed shut, or None.
        outcome: What became of the command, or None when there was none.
        asked: What a person has to decide, or None; until then the door stays shut.
    """

    denied: DenyReason | None
    outcome: Outcome | None
    asked: AskReason | None = None


class EntryDesk:
    """Answers requests to come in. The same request never opens a door twice, not even across a crash.

    Attributes:
        issuer: Gives out what people show at a door.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        *,
        rules: Rules,
        access: Access,
        keys: EntryKeys,
        locks: Mapping[str, Lock],
        inside: Callable[[], int | None] = lambda: None,
        capacity: int | None = None,
        rouse: Callable[[], None] = lambda: None,
    ) -> None:
        """Nothing opens before somebody asks.

        Args:
            database: Every attempt is in it before anything moves.
            bus: Told of refusals, questions to staff and outcomes.
            clock: Decides about all times.
            rules: The owner's rules.
            access: How long a QR code lives.
            keys: The box's secrets for credentials.
            locks: By door id; the first is the main door.
            inside: People in the gym now, or None when nobody knows.
            capacity: People that the gym holds, or None.
            rouse: Called before a decision: a lock may be commanded as soon as it is on the disk.
        """
        self._database = database
        self._bus = bus
        self._clock = clock
        self._rules = rules
        self._locks = locks
        self._inside = inside
        self._capacity = capacity
        self._rouse = rouse
        self._examiner = Examiner(
            keys, qr_life=timedelta(seconds=access.qr_seconds), clock_skew=rules.clock_skew
        )
        self._ration = Ration()
        self._unended: dict[str, tuple[UnlatchResult, datetime]] = {}
        self.issuer = Issuer(database, clock, keys, doors=rules.doors)

    @property
    def main_door(self) -> str:
        """The door that is meant when nobody names one: the first in the settings; empty without doors."""
        return next(iter(self._locks), "")

    async def abandon(self) -> list[str]:
        """Once at start: what a crash interrupted has an unknown outcome and is never sent again.

        Returns:
            The doors that may have been opened without anybody having seen it; somebody should look.
        """
        now = self._clock.now()
        rows = await self._database.write(lambda tx: door_audit.abandon(tx, now))
        for row in rows:
            _LOG.warning("door_command_abandoned", request=row["request_id"], door=row["door"])
        return sorted({row["door"] for row in rows})

    # --- asking -------------------------------------------------------------------------------------------

    async def request(self, request: EntryRequest, member: Member | None, assurance: Assurance) -> Entry:
        """Somebody asks on a channel: decide, record the decision, open, confirm, record the outcome.

        Args:
            request: Which door, and when it was asked for.
            member: Who is asking; None for a stranger. What counts is what the mirror knows of them now.
            assurance: How sure we are that it is them.

        Raises:
            Unavailable: The decision could not be stored; then nothing was opened.
        """
        now = self._clock.now()
        holder = member.member_id if member else None
        credential = Credential(Via.CHANNEL, assurance, holder=holder)
        wish = replace(request, inside=self._inside(), capacity=self._capacity)
        ruled = await self._rule(lambda tx: rule(tx, wish, credential, holder, now, self._rules))
        return await self._carry_out(ruled)

    async def open_by_staff(self, door: str, *, staff: str, reason: str, request_id: str) -> Entry:
        """A member of staff opens from afar: any door of the house, whatever the mirror knows.

        Args:
            door: Which.
            staff: Who opens, for the audit.
            reason: Why, for the audit.
            request_id: Unique; the same one never opens twice.

        Raises:
            InvalidInput: Nobody is named, no reason is given, or the id cannot be one.
            Unavailable: The decision could not be stored; then nothing was opened.
        """
        now = self._clock.now()
        remarks = Remarks(
            staff=_checked("staff", staff, _LONGEST_NAME), reason=_checked("reason", reason, _LONGEST_REASON)
        )
        wish = self._wish(_checked("request_id", request_id, _LONGEST_ID), door, "staff")
        credential = Credential(Via.STAFF, Assurance.STAFF, holder=remarks.staff)
        ruled = await self._rule(lambda tx: rule(tx, wish, credential, None, now, self._rules, remarks))
        return await self._carry_out(ruled)

    async def present(
        self,
        door: str,
        text: str,
        *,
        source: str,
        request_id: str | None = None,
        conversation: str | None = None,
    ) -> Entry:
        """Somebody shows a QR or types digits.

        The same token in many frames of a camera is one request: it is answered with what is known of it.

        Args:
            door: Where.
            text: What the reader saw; hostile.
            source: What saw it, for instance ``reader``.
            request_id: Unique, if the source has one; the same one never opens twice.
            conversation: In which conversation the digits were written; None at the door.

        Raises:
            InvalidInput: The request id, or the door's, cannot be one.
            Unavailable: The decision could not be stored; then nothing was opened.
        """
        now = self._clock.now()
        named = request_id is not None
        own_id = f"{source}:{secrets.token_hex(8)}" if request_id is None else request_id
        wish = self._wish(_checked("request_id", own_id, _LONGEST_ID), door, source)
        # A gym has a few doors; what is none of them shares one ration.
        place = door if door in self._rules.doors else ""
        write, remark = self._ration.allows(place, self._clock.monotonic()), self._ration.remark(place)

        shown = Presented(text, conversation)
        ruled = await self._rule(
            lambda tx: rule_presented(
                tx, wish, shown, now, self._rules, self._examiner, named=named, write=write, remark=remark
            )
        )
        if isinstance(ruled, Ruled) and not ruled.ours:
            self._ration.note(place, written=ruled.written)
        return await self._carry_out(ruled)

    def _wish(self, request_id: str, door: str, source: str) -> EntryRequest:
        return EntryRequest(
            request_id,
            _checked("door", door, _LONGEST_NAME),
            source,
            self._clock.now(),
            inside=self._inside(),
            capacity=self._capacity,
        )

    # --- answering ----------------------------------------------------------------------------------------

    async def _rule(self, unit: Unit[Ruled]) -> Ruled | Entry:
        """What was decided, on the disk; or what became of it when it was decided before."""
        self._rouse()
        try:
            return await self._database.write(unit)
        except KnownAlready as known:
            return await self._known(known.request_id)

    async def _carry_out(self, ruled: Ruled | Entry) -> Entry:
        if isinstance(ruled, Entry):
            return ruled
        if isinstance(ruled.decision, Deny):
            return self._denied(ruled, ruled.decision)
        if isinstance(ruled.decision, AskStaff):
            return self._asked(ruled.request, ruled.decision)
        return await self._open(ruled.request, ruled.decision)

    async def _open(self, request: EntryRequest, decision: Allow) -> Entry:
        result = UnlatchResult(Outcome.UNKNOWN, "interrupted", 0.0)
        try:
            result = await self._locks[request.door].unlatch()
        finally:  # also when whoever asked has gone: the audit is not theirs
            await self._end(request, decision, result)
        return Entry(None, result.outcome)

    async def _end(self, request: EntryRequest, decision: Allow, result: UnlatchResult) -> None:
        """Record and tell what became of a command. What cannot be stored now is stored with the next one."""
        now = self._clock.now()
        self._unended[request.request_id] = (result, now)
        ends = dict(list(self._unended.items())[-_MOST_UNENDED:])
        self._unended = ends.copy()

        async def store(tx: Transaction) -> None:
            for request_id, (became, at) in ends.items():
                await door_audit.end(tx, request_id, became, at)

        try:
            await self._database.write(store, deadline=_END_SECONDS)
        except Unavailable as error:
            _LOG.exception("door_outcome_not_stored", request=request.request_id, reason=str(error))
        else:
            for request_id in ends:
                self._unended.pop(request_id, None)
        _LOG.info(
            "door_command_ended",
            door=request.door,
            request=request.request_id,
            rule=decision.rule,
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

    def _denied(self, ruled: Ruled, decision: Deny) -> Entry:
        if ruled.written:  # what is not worth a row is not worth a line in the journal either
            door, request_id = ruled.request.door, ruled.request.request_id
            _LOG.info("entry_denied", door=door, request=request_id, reason=decision.reason)
            now = self._clock.now()
            self._bus.publish(EntryDenied(at=now, door=door, request_id=request_id, reason=decision.reason))
        return Entry(decision.reason, None)

    def _asked(self, request: EntryRequest, decision: AskStaff) -> Entry:
        _LOG.info("staff_asked", door=request.door, request=request.request_id, reason=decision.reason)
        now = self._clock.now()
        self._bus.publish(
            StaffAsked(at=now, door=request.door, request_id=request.request_id, reason=decision.reason)
        )
        return Entry(None, None, decision.reason)

    async def _known(self, request_id: str) -> Entry:
        """The same request again, after a crash or a second delivery: tell what is known, do nothing."""
        row = await door_audit.find(self._database, request_id)
        if row is None:  # deleted since, after the days that the owner wants
            return Entry(None, Outcome.UNKNOWN)
        if row["state"] == "denied":
            return Entry(DenyReason(row["rule"]), None)
        if row["state"] == "asked":
            return Entry(None, None, AskReason(row["rule"]))
        return Entry(None, Outcome(row["outcome"]) if row["outcome"] else Outcome.BUSY)


def _checked(what: str, text: str, longest: int) -> str:
    text = text.strip()
    if not 0 < len(text) <= longest:
        raise InvalidInput(f"'{what}' must have 1 to {longest} characters")
    return text
