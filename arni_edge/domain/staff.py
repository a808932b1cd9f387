"""People who work for the gym, and what they may be shown and asked."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum

from arni_edge.domain.messages import Language, Priority


class Role(IntEnum):
    """What somebody of staff may do; a higher one may do everything that a lower one may."""

    VIEWER = 0
    """Sees states and alarms; acknowledges an alarm, because help must not fail for want of a right."""
    STAFF = 1
    """Opens doors, talks to members, decides about what waits."""
    OWNER = 2
    """Everything: who is on call, erasure, bans."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody of staff.

    Attributes:
        id: Stable identifier from the settings; what the audit names.
        name: As colleagues know them; personal, never logged.
        role: What they may do.
        phone: E.164, or None; personal, never logged.
        telegram: Numeric user id at Telegram, or None; personal, never logged.
        language: In which language they are told.
    """

    id: str
    name: str
    role: Role = Role.STAFF
    phone: str | None = None
    telegram: int | None = None
    language: Language = Language.GERMAN


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a post.

    Attributes:
        label: What stands on it.
        act: Name of a :class:`StaffAct`, for instance ``alarm.acknowledge``.
        argument: What it is about: an id that the receiver checks again.
    """

    label: str
    act: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class StaffPost:
    """Something that one person of staff is shown. Putting the same key again changes what is shown.

    Attributes:
        key: Unique per contact, for instance ``alarm/<id>``; what changes is edited, not said again.
        text: Plain text, in their language.
        buttons: Rows of buttons; none: nothing is asked (any more).
        priority: An alarm overtakes everything else.
        silent: Shown without a sound.
        anew: Say it again as a new message (with a sound) instead of editing the old one.
    """

    key: str
    text: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    priority: Priority = Priority.CHAT
    silent: bool = False
    anew: bool = False


@dataclass(frozen=True, slots=True)
class StaffAct:
    """Something that staff can do by a button or a command, whatever the channel.

    Attributes:
        role: The least role that may do it; the channel checks it before ``do``.
        do: Gets who does it, the button's argument and a text (empty unless one was asked for). Returns a
            sentence for them, in their language; raises an :class:`~arni_edge.domain.errors.ArniError` with
            one when it cannot be done. Doing it twice must do no harm.
        question: Catalogue key of what must be asked first (a note, a reason, a new wording); None: nothing.
    """

    role: Role
    do: Callable[[Contact, str, str], Awaitable[str]]
    question: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answers.

    Attributes:
        text: Plain text, in the language of whoever asked.
        buttons: Rows of buttons under it.
    """

    text: str
    buttons: tuple[tuple[Button, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class StaffCommand:
    """Something that staff can ask by a word, for instance ``/who``, whatever the channel.

    Attributes:
        role: The least role that may ask; the channel checks it before ``do``.
        do: Gets who asks and what stands behind the word (at most 500 characters, may be empty). Raises an
            :class:`~arni_edge.domain.errors.ArniError` with a sentence for them when it cannot be done.
            Asked twice it must do no harm. The role of the contact is the one that counts where it was
            asked: in a group it may be lower than the person's own.
        help_key: Catalogue key of the line in the help: what it does.
    """

    role: Role
    do: Callable[[Contact, str], Awaitable[Said]]
    help_key: str
