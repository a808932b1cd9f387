"""What a worker may say to the daemon, checked: a worker is fragile code that reads pictures from outside."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.health import State


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)


class Hello(_Message):
    """First message."""

    type: Literal["hello"]
    worker: str
    protocol: int


class Ready(_Message):
    """It works."""

    type: Literal["ready"]


class Beat(_Message):
    """It made progress."""

    type: Literal["beat"]


class PartHealth(_Message):
    """How a part of it is doing."""

    type: Literal["health"]
    part: str = Field(max_length=100)
    state: State
    reason: str = ""


Message = Hello | Ready | Beat | PartHealth

_MESSAGE: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])


def parse(line: bytes) -> Message:
    """One line of a worker's link.

    Raises:
        InvalidInput: It is none of the four messages.
    """
    try:
        return _MESSAGE.validate_json(line)
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        raise InvalidInput(f"not a message of the link: {wrong['msg']}") from None
