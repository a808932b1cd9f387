"""What somebody asks of the simulated Magicline, read strictly, and how it refuses."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from email import message_from_bytes
from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson

from arni_edge.simulator.magicline.spelling import day_of, moment_of

if TYPE_CHECKING:
    from arni_edge.simulator.magicline.gym import Gym

T = TypeVar("T")

_INT64: Final = 2**63
_OFFSET: Final = re.compile("-?[0-9]{1,19}")
_TRACE: Final = "7262093212431414313"


class ApiError(Exception):
    """An answer that is not 200."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        german: str | None = None,
        code: str | None = None,
        reference: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Nothing is sent yet.

        Args:
            status: The HTTP status.
            message: What went wrong, for people.
            german: The same in German.
            code: ``errorCode``; there is no official list of them.
            reference: Path of the field that is wrong.
            headers: Sent with it.
        """
        super().__init__(message)
        self.status = status
        self._message = message
        self._german = german
        self._code = code
        self._reference = reference
        self.headers = dict(headers or {})

    def body(self, language: str = "") -> dict[str, Any]:
        """The ``ErrorResponse`` in a language, as ``Accept-Language`` gives it; empty: the studio's."""
        german = self._german and (not language or language.lower().startswith("de"))
        return {
            "errorMessage": self._german if german else self._message,
            "errorCode": self._code,
            "traceId": _TRACE,
            "reference": self._reference,
        }


def invalid(reference: str, message: str = "The value is not valid", code: str = "invalid") -> ApiError:
    """The refusal of a value."""
    return ApiError(400, message, code=f"errormessage.validation.{code}", reference=reference)


def absent(what: str) -> ApiError:
    """The refusal of an id that is nobody's."""
    return ApiError(404, f"{what} does not exist", code="errormessage.entity.notfound")


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object from outside; every reader refuses what has not the type.

    Attributes:
        values: What was sent.
        at: Where it stands in the body, for the refusal.
    """

    values: Mapping[str, Any]
    at: str = ""

    def _value(self, name: str) -> Any:
        if not self.has(name):
            raise invalid(self.at + name, "The value must not be empty", "notnull")
        return self.values[name]

    def has(self, name: str) -> bool:
        """Whether it was given at all; ``null`` is no value of anything that is described."""
        if name in self.values and self.values[name] is None:
            raise invalid(self.at + name, "The value must not be empty", "notnull")
        return name in self.values

    def integer(self, name: str) -> int:
        """An int64; ``15.0`` is one."""
        return self._int64(name, self._value(name))

    def _int64(self, name: str, value: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not -_INT64 <= value < _INT64:
            raise invalid(self.at + name)
        return value

    def text(self, name: str) -> str:
        """Text."""
        value = self._value(name)
        if not isinstance(value, str):
            raise invalid(self.at + name)
        return value

    def optional(self, name: str) -> str | None:
        """Text, or none."""
        return self.text(name) if self.has(name) else None

    def flag(self, name: str, *, default: bool) -> bool:
        """Yes or no."""
        if not self.has(name):
            return default
        if not isinstance(self.values[name], bool):
            raise invalid(self.at + name)
        return bool(self.values[name])

    def amount(self, name: str) -> float:
        """A number that is not negative."""
        value = self._value(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
            raise invalid(self.at + name)
        return float(value)

    def day(self, name: str) -> date:
        """A date."""
        if (day := day_of(self.text(name))) is None:
            raise invalid(self.at + name)
        return day

    def moment(self, name: str) -> datetime:
        """A moment in any spelling."""
        if (moment := moment_of(self.text(name))) is None:
            raise invalid(self.at + name)
        return moment

    def choice(self, name: str, among: tuple[str, ...]) -> str:
        """One of a few words."""
        if (value := self.text(name)) not in among:
            raise invalid(self.at + name)
        return value

    def ids(self, name: str) -> list[int]:
        """A list of ids; empty when it is absent."""
        values = self._value(name) if self.has(name) else []
        if not isinstance(values, list):
            raise invalid(self.at + name)
        return [self._int64(name, one) for one in values]

    def inner(self, name: str) -> "Fields":
        """An object in it."""
        return fields_of(self._value(name), f"{self.at}{name}.")

    def objects(self, name: str) -> list["Fields"]:
        """A list of objects; empty when it is absent."""
        values = self._value(name) if self.has(name) else []
        if not isinstance(values, list):
            raise invalid(self.at + name)
        return [fields_of(one, f"{self.at}{name}.") for one in values]


def fields_of(value: Any, at: str = "") -> Fields:
    """A value as the object that it must be."""
    if not isinstance(value, dict):
        raise invalid(at.removesuffix(".") or "body")
    return Fields(value, at)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request whose operation is known.

    Attributes:
        path: The parameters in the path.
        query: The parameters behind it.
        content: The body.
        content_type: As it was sent.
        language: ``Accept-Language``.
        token: The bearer token, for the Device API.
    """

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    content_type: str = ""
    language: str = ""
    token: str = ""

    def id(self, name: str) -> int:
        """An id of the path."""
        return _integer(self.path[name], name)

    def query_id(self, name: str) -> int:
        """An id that must be given."""
        if name not in self.query:
            raise invalid(name, "The value must not be empty", "notnull")
        return _integer(self.query[name], name)

    def within(self, name: str, lowest: int, highest: int, default: int) -> int:
        """A number between two others."""
        if name not in self.query:
            return default
        value = _integer(self.query[name], name)
        if value > highest:
            raise invalid(name, "The value is too large", "max")
        if value < lowest:
            raise invalid(name, "The value is too small", "min")
        return value

    def day(self, name: str) -> date | None:
        """A date, or none."""
        if name not in self.query:
            return None
        if (day := day_of(self.query[name])) is None:
            raise invalid(name)
        return day

    def choice(self, name: str, among: tuple[str, ...]) -> str | None:
        """One of a few words, or none."""
        value = self.query.get(name)
        if value is not None and value not in among:
            raise invalid(name)
        return value

    def json(self) -> Any:
        """The body."""
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError:
            raise invalid("body", "The request is not readable", "body") from None

    def fields(self) -> Fields:
        """The body, which is an object."""
        return fields_of(self.json())

    def parts(self) -> dict[str, tuple[str, bytes]]:
        """The parts of a ``multipart/form-data`` body by name: their content type and content."""
        if not self.content_type.startswith("multipart/form-data"):
            raise invalid("body", "The request is not multipart/form-data", "body")
        header = b"Content-Type: " + self.content_type.encode("latin-1") + b"\r\n\r\n"
        message = message_from_bytes(header + self.content)
        found = {}
        for part in message.get_payload() if message.is_multipart() else []:
            name = part.get_param("name", header="content-disposition") if not isinstance(part, str) else None
            if isinstance(name, str) and not isinstance(part, str):
                found[name] = (part.get_content_type(), part.get_payload(decode=True) or b"")
        return {name: (kind, bytes(content)) for name, (kind, content) in found.items()}


def _integer(text: str, name: str) -> int:
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 19:
        raise invalid(name)
    value = int(text)
    if not -_INT64 <= value < _INT64:
        raise invalid(name)
    return value


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation that is simulated.

    Attributes:
        name: Its ``operationId``.
        method: Of HTTP.
        path: Its template.
        scope: What the key must be allowed; empty: nothing.
        answer: Obeys; None is an empty body.
        query: The parameters that it knows.
    """

    name: str
    method: str
    path: str
    scope: str
    answer: "Callable[[Gym, Ask], Any]"
    query: tuple[str, ...] = ()

    @property
    def endpoint(self) -> str:
        """What requests are counted by."""
        return f"{self.method} {self.path}"


SLICE: Final = ("offset", "sliceSize")


def sliced(
    ask: Ask,
    items: Sequence[T],
    make: Callable[[T], dict[str, Any]],
    *,
    by: Callable[[T], int] | None = None,
    size: tuple[int, int, int] = (10, 100, 50),
) -> dict[str, Any]:
    """One slice of a list.

    Args:
        ask: With ``offset`` and ``sliceSize``.
        items: The whole list; in the order of ``by``, where that is given.
        make: Writes one of them.
        by: What the offset is made of: the last item's id. None: a running count.
        size: The least, the most and the usual.
    """
    count = ask.within("sliceSize", *size)
    own = ask.query.get("offset", "")
    if own and not _OFFSET.fullmatch(own):
        # Opaque, and given by no list: there is nothing behind it.
        return {"result": [], "offset": own, "hasNext": False}
    start = int(own or "0")
    rest = items[max(0, start) :] if by is None else [item for item in items if by(item) > start]
    shown = rest[:count]
    if by is None:
        end = max(0, start) + len(shown)
    elif shown:
        end = by(shown[-1])
    else:
        end = start
    return {"result": [make(one) for one in shown], "offset": str(end), "hasNext": len(rest) > count}
