"""What a phone of the simulated world can be told to send, as JSON: pydantic reads it, the phone sends it."""

from typing import Annotated, Any, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from arni_edge.domain.errors import InvalidInput
from arni_edge.simulator import sayings
from arni_edge.simulator.phones import Phone, PhoneBook, Received

_PICTURE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"
"""The beginning and the end of a JPEG: enough for whoever only fetches it."""


_Content = Annotated[Base64Bytes, Field(min_length=1)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    sender: str = Field(alias="from")


class Text(_Said):
    """Typed words."""

    kind: Literal["text"]
    text: str
    quoting: str | None = None
    times: int = Field(default=1, ge=1, le=100)


class Voice(_Said):
    """A voice note; without content a second of silence."""

    kind: Literal["voice"]
    content: _Content | None = None


class File(_Said):
    """A picture, film, sticker, document or sound; without content a tiny picture."""

    kind: Literal["audio", "document", "image", "sticker", "video"]
    content: _Content | None = None
    mime: str = "image/jpeg"
    caption: str = ""
    filename: str = ""


class Tap(_Said):
    """A button or row is tapped, by its title; of the newest message that has it."""

    kind: Literal["tap"]
    title: str


class Location(_Said):
    """A place."""

    kind: Literal["location"]
    latitude: float
    longitude: float
    name: str = ""


class OwnNumber(_Said):
    """The answer to the question for their number."""

    kind: Literal["number"]


class Contact(_Said):
    """Somebody's number."""

    kind: Literal["contact"]
    name: str
    number: str


class Reaction(_Said):
    """A reaction; without emoji it is taken back."""

    kind: Literal["reaction"]
    message_id: str
    emoji: str | None = None


class Edit(_Said):
    """Other words for a message that was sent."""

    kind: Literal["edit"]
    message_id: str
    text: str


class Revoke(_Said):
    """A message that was sent is taken back."""

    kind: Literal["revoke"]
    message_id: str


class NewNumber(_Said):
    """Another number."""

    kind: Literal["new-number"]
    number: str


class Unsupported(_Said):
    """What Meta does not hand on."""

    kind: Literal["unsupported"]
    what: str = ""


class Raw(_Said):
    """Anything that Meta may write: ``type``, what belongs to it, and what else stands in a message."""

    kind: Literal["raw"]
    content: dict[str, Any]


Said = (
    Text
    | Voice
    | File
    | Tap
    | Location
    | OwnNumber
    | Contact
    | Reaction
    | Edit
    | Revoke
    | NewNumber
    | Unsupported
    | Raw
)
ORDERS = Annotated[Said, Field(discriminator="kind")]


def say(phones: PhoneBook, order: Said) -> str:
    """Have somebody send something; whoever has no phone gets one. Gives the message id.

    Raises:
        InvalidInput: It is no number, or there is nothing like that to tap.
    """
    phone = phones.find(order.sender) or phones.add(order.sender, "Jemand")
    match order:
        case Text():
            return phone.send(order.text, times=order.times, quoting=order.quoting)
        case Voice():
            return phone.speak(order.content)
        case File():
            content = _PICTURE if order.content is None else order.content
            return phone.send_media(
                order.kind, content, order.mime, caption=order.caption, filename=order.filename
            )
        case Tap():
            return phone.tap(_with(phone, order.title), order.title)
        case NewNumber():
            return phone.change_number(order.number)
        case Raw():
            return phone.send_raw(order.content)
        case _:
            return phone.send_raw(_content(phone, order))


def _content(
    phone: Phone, order: Location | OwnNumber | Contact | Reaction | Edit | Revoke | Unsupported
) -> sayings.Content:
    match order:
        case Location():
            return sayings.location(order.latitude, order.longitude, order.name)
        case OwnNumber():
            return sayings.own_number(phone.number)
        case Contact():
            return sayings.contact(order.name, order.number)
        case Reaction():
            return sayings.reaction(order.message_id, order.emoji)
        case Edit():
            return sayings.edit(order.message_id, order.text)
        case Revoke():
            return sayings.revoke(order.message_id)
        case Unsupported():
            return sayings.unsupported(order.what)


def _with(phone: Phone, title: str) -> Received:
    for message in reversed(phone.inbox):
        if title in message.choices:
            return message
    raise InvalidInput("nothing of that name can be tapped on this phone")
