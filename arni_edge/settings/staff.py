"""Staff, alarms, Telegram, ghost mode: who is told what, when and how."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from arni_edge.domain.messages import Language
from arni_edge.domain.people import normalise_phone
from arni_edge.domain.staff import Contact, Role
from arni_edge.settings.base import Hours, Identifier, Section, http_address

_ROLES = {"viewer": Role.VIEWER, "staff": Role.STAFF, "owner": Role.OWNER}
RoleName = Literal["viewer", "staff", "owner"]


class StaffMember(Section):
    """Somebody who works for the gym."""

    id: Identifier
    name: str = Field(min_length=1, max_length=64)
    role: RoleName = "staff"
    phone: str | None = None
    telegram: int | None = Field(default=None, gt=0, lt=2**52)
    language: Language | None = None

    @field_validator("phone")
    @classmethod
    def _e164(cls, value: str | None) -> str | None:
        return None if value is None else normalise_phone(value)

    def contact(self, language: Language) -> Contact:
        """As the rooms know them; ``language`` is the gym's."""
        return Contact(
            self.id, self.name, _ROLES[self.role], self.phone, self.telegram, self.language or language
        )


class OnCall(Section):
    """Somebody who is told of an alarm: a member of staff by id, or a name with a number."""

    staff: Identifier | None = None
    name: str | None = Field(default=None, min_length=1, max_length=64)
    phone: str | None = None

    _e164 = field_validator("phone")(StaffMember._e164.__func__)  # type: ignore[attr-defined]  # noqa: SLF001

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if (self.staff is None) != (self.name is not None and self.phone is not None):
            raise ValueError('must be the id of a [[staff]] table, or { name = "…", phone = "+49 …" }')
        return self


def _by_id(value: object) -> object:
    if isinstance(value, list):
        return [{"staff": one} if isinstance(one, str) else one for one in value]
    return value


OnCallList = Annotated[list[OnCall], BeforeValidator(_by_id)]
"""In the order in which they are called; ids of staff, or names with numbers."""


class Rota(Section):
    """Who is on call at certain hours, instead of the usual list."""

    hours: Hours
    on_call: OnCallList = Field(min_length=1)


class SosButton(Section):
    """A wired button, or a button device: pressed, it raises an alarm."""

    id: Identifier
    device: Identifier
    entity: str = Field(min_length=1, max_length=100)
    pressed_when: bool | str = True
    cause: Literal["help", "medical", "fire", "violence"] = "help"
    name: str = ""


class Alarms(Section):
    """Who is told of an alarm, and what happens by itself."""

    on_call: OnCallList = Field(default_factory=list)
    rota: list[Rota] = Field(default_factory=list)
    acknowledge_seconds: float = Field(default=60.0, ge=10, le=3600)
    buttons: list[SosButton] = Field(default_factory=list)
    person_down_ask_seconds: float = Field(default=20.0, ge=0, le=120)
    announce: bool = False
    speaker: list[str] = Field(default_factory=lambda: ["aplay", "-q", "-"], min_length=1)
    test_day: int = Field(default=1, ge=0, le=28)
    test_hour: int = Field(default=10, ge=0, le=23)


class Webhook(Section):
    """A service of the owner's choice that sends SMS or calls: it gets JSON by POST."""

    url: str
    token: SecretStr | None = None
    seconds: float = Field(default=5.0, gt=0, le=30)

    _http = field_validator("url")(http_address)


class TelegramChat(Section):
    """A group that staff share; whoever writes there can do no more than the group may."""

    id: int
    role: RoleName = "viewer"
    alarms: bool = True

    @property
    def rights(self) -> Role:
        """The most that can be done in it."""
        return _ROLES[self.role]


class Telegram(Section):
    """The gym's bot, for staff only."""

    token: SecretStr | None = None
    api_url: str = "https://api.telegram.org"
    chats: list[TelegramChat] = Field(default_factory=list)

    _http = field_validator("api_url")(http_address)


class Ghost(Section):
    """How staff read along and step in."""

    hold_seconds: float = Field(default=30.0, ge=5, le=600)
    human_minutes: float = Field(default=30.0, ge=1, le=1440)
    handoff_minutes: float = Field(default=5.0, ge=1, le=240)


class Privacy(Section):
    """How long things are kept, and who answers for it."""

    controller: str = ""
    contact: str = ""
    officer: str = ""
    # "Answered once" rests on the row of the message: Meta delivers it again for up to seven days.
    messages_days: int = Field(default=90, ge=8, le=3650)
    audit_days: int = Field(default=365, ge=30, le=3650)
    alarms_days: int = Field(default=1095, ge=90, le=3650)
    retention_hour: int = Field(default=3, ge=0, le=23)


def on_call_contacts(people: list[OnCall], staff: dict[str, Contact], language: Language) -> list[Contact]:
    """Who stands in a list, resolved.

    Args:
        people: The list.
        staff: All staff by id.
        language: The gym's.
    """
    contacts: list[Contact] = []
    for number, one in enumerate(people, start=1):
        if one.staff is not None:
            contacts.append(staff[one.staff])
        else:
            contacts.append(Contact(f"on-call-{number}", one.name or "", phone=one.phone, language=language))
    return contacts


def check_staff(values: Any) -> None:
    """Whether ids are unique, and lists and buttons name what there is.

    Args:
        values: The whole settings.

    Raises:
        ValueError: With what to change.
    """
    ids = [one.id for one in values.staff]
    doubled = sorted({one for one in ids if ids.count(one) > 1})
    if doubled:
        raise ValueError(f"staff: '{doubled[0]}' stands there twice; give each person an id of their own")
    numbers = [one.telegram for one in values.staff if one.telegram is not None]
    if len(numbers) != len(set(numbers)):
        raise ValueError("staff: two people have the same Telegram user id; it says who somebody is")
    lists = [values.alarms.on_call, *(rota.on_call for rota in values.alarms.rota)]
    for one in (person for people in lists for person in people):
        if one.staff is not None and one.staff not in ids:
            raise ValueError(f"alarms: '{one.staff}' is on call, but has no [[staff]] table")
    devices = {shelly.id for shelly in values.shellies}
    for button in values.alarms.buttons:
        if button.device not in devices:
            raise ValueError(
                f"alarms.buttons: '{button.id}' is on '{button.device}', which has no [[shellies]] table"
            )
