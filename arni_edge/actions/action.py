"""An action on its way through the one-way door, and what becomes of a request."""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from arni_edge.actions.tool import Actor, Form
from arni_edge.domain.errors import Refused
from arni_edge.domain.messages import Language
from arni_edge.domain.people import Assurance
from arni_edge.domain.risk import Risk

STAFF: Final = "staff"
"""The conversation of all staff, whatever the channel."""
CONSOLE: Final = "console"
"""The command on the box."""

MEMBER_EXPIRY: Final = timedelta(seconds=300)
"""So long may a member think about it."""
STAFF_EXPIRY: Final = timedelta(minutes=15)
"""So long for staff: they are somewhere else, and a second person may have to be found."""

_PREFIX: Final = 16
"""Hexadecimal digits of the digest on a button: 64 bits, and 47 bytes with the id, of Telegram's 64."""
_ID = re.compile(r"[0-9a-f]{26}")
_BUTTON = re.compile(rf"([0-9a-f]{{26}})\.([0-9a-f]{{{_PREFIX}}})")


class ActionState(StrEnum):
    """Where an action is."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    EXECUTING = "executing"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"
    DENIED = "denied"


class Outcome(StrEnum):
    """Why an action ended as it did; only :attr:`DONE` has certainly had its effect."""

    DONE = "done"
    REFUSED = "refused"
    """A rule said no when it was to be done; nothing was done."""
    UNAVAILABLE = "unavailable"
    """What it needs did not answer; nothing was done."""
    UNKNOWN = "unknown"
    """Nobody knows whether it was done. It is never tried again."""
    STUCK = "stuck"
    """Half of it was done and could not be undone; a person has to."""
    DENIED = "denied"
    LATE = "late"
    """Not confirmed in time, or confirmed so long ago that nobody counts on it any more."""
    SUPERSEDED = "superseded"
    """Something else was asked for in the same conversation."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something that was asked for, as it is stored.

    Attributes:
        action_id: Its id; the idempotency key of its effect.
        tool: Name of the tool.
        digest: SHA-256 over tool, canonical arguments, conversation and id.
        risk: What must come before it.
        assurance: How sure we must be of who confirms.
        conversation: Where it must be confirmed; personal, never logged.
        consequence: What will be so afterwards, in the language of who asked; personal.
        expires_at: When a proposal is over.
        state: Where it is.
        strict_word: The word that confirms it, as it is shown.
        language: Of who asked.
        proposer: Who asked.
        member_id: Whom it concerns, or None.
        outcome: Why it ended so; empty before.
    """

    action_id: str
    tool: str
    digest: str
    risk: Risk
    assurance: Assurance
    conversation: str
    consequence: str
    expires_at: datetime
    state: ActionState
    strict_word: str
    language: Language
    proposer: Actor
    member_id: str | None = None
    outcome: str = ""

    @property
    def button(self) -> str:
        """What a button of this action carries: its id and the beginning of its digest."""
        return f"{self.action_id}.{self.digest[:_PREFIX]}"


@dataclass(frozen=True, slots=True)
class Done:
    """It was done.

    Attributes:
        result: What the tool gave back.
        action: The stored action; None for a tool that only reads.
        sentence: What the person is told of it: stored for them already if it was confirmed in their
            conversation, so it need not be said again. Empty where there is nothing to be said.
    """

    result: Form
    action: Action | None = None
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """It is under way and takes long; how it ends is told in the conversation.

    Attributes:
        action: What.
        sentence: For whoever asked.
    """

    action: Action
    sentence: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """It waits for a confirmation.

    Attributes:
        action: What waits.
        question: What to ask whoever must confirm: the consequence, and how a yes looks.
    """

    action: Action
    question: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """It was confirmed, but not by enough people yet.

    Attributes:
        confirmed: So many have.
        needed: So many must.
        sentence: For the person who confirmed.
    """

    confirmed: int
    needed: int
    sentence: str


class NeedsAssurance(Refused):
    """It may be done once we are surer who asks: a code can be offered.

    Attributes:
        needed: How sure.
    """

    def __init__(self, sentence: str, needed: Assurance) -> None:
        super().__init__(sentence)
        self.needed = needed


def canonical(arguments: Form) -> str:
    """Arguments as the one text that stands for them.

    Raises:
        ValueError: There is none: a number is none, or a text is no text.
    """
    text = json.dumps(
        arguments.model_dump(mode="json"),
        ensure_ascii=False,
        allow_nan=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    text.encode()  # half of a surrogate pair is no text, and could not be stored
    return text


def digest_of(tool: str, arguments: str, conversation: str, action_id: str) -> str:
    """What a confirmation is bound to.

    Args:
        tool: Name of the tool.
        arguments: Canonical.
        conversation: Where it was proposed.
        action_id: Its id.
    """
    text = json.dumps([tool, arguments, conversation, action_id], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def is_id(text: str) -> bool:
    """Whether a text that came from outside can be the id of an action."""
    return _ID.fullmatch(text) is not None


def read_button(argument: str) -> tuple[str, str] | None:
    """Action id and beginning of the digest that a button carries; None when it is none of ours."""
    match = _BUTTON.fullmatch(argument)
    return None if match is None else (match[1], match[2])


def is_digest(given: str, digest: str) -> bool:
    """Whether what a confirmation brings is the digest, or its beginning as buttons carry it."""
    return len(given) in {_PREFIX, len(digest)} and hmac.compare_digest(
        given.encode(errors="replace"), digest[: len(given)].encode()
    )
