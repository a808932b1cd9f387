"""Replays recorded device traffic through the interpreter: JSON lines in, plain data for JSON lines out.

A record is ``{"topic", "payload", …}``: the payload as text exactly as on the wire, any other JSON value,
which is serialised, or ``payload_base64``. ``retain`` (or ``retained``), ``direction`` and ``kind`` are used,
others are not.
"""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO, Final

import orjson

from arni_edge.devices.interpreter import Interpreter
from arni_edge.devices.printable import printable
from arni_edge.domain.readings import UNKNOWN_TEXT, DeviceEvent, Interpretation, Update, Value

_LONGEST_LINE: Final = 8 * 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"
_TO_DEVICE: Final = "to_device"
_SUBSCRIPTION: Final = "subscription"
_RETAINED: Final = (True, "true", "1")
_OTHER: Final = {"name": "event"}
"""What an event that is on no list is called by the device: ``name`` is our own word for it."""


class _Malformed(Exception):
    """A line that is no record; the text says why."""


@dataclass(slots=True)
class Replay:
    """One replay over any number of files: one interpreter, one count.

    Attributes:
        records: Lines that are not blank.
        handled: Records that said something.
        ignored: Records that said nothing, each with its reason.
        errors: Lines that are no record, or that a reader broke down over.
    """

    records: int = 0
    handled: int = 0
    ignored: int = 0
    errors: int = 0
    _interpreter: Interpreter = field(default_factory=Interpreter)
    _devices: set[str] = field(default_factory=set)

    def run(self, lines: BinaryIO, name: str) -> Iterator[bytes]:
        """Read a file to its end, line by line.

        Args:
            lines: Its bytes.
            name: Its name, for the texts of errors.

        Yields:
            A line of JSON for each record: ``index``, ``device``, ``updates``, ``events``, ``ignored`` and
            ``error``.
        """
        for number, line in _numbered(lines):
            text = line.removeprefix(_BOM).strip() if number == 1 else line.strip()
            if not text:
                continue
            index = self.records
            self.records += 1
            try:
                said = self._read(text)
                result = _line(_result(index, said))
            except _Malformed as problem:
                yield self._failure(index, f"{name}, line {number}: {problem}")
            except Exception as error:  # noqa: BLE001 - a named boundary: the record carries it, all others go on
                yield self._failure(index, f"{name}, line {number}: {type(error).__name__}: {error}")
            else:
                self._count(said)
                yield result

    def summary(self) -> bytes:
        """The counts so far as a line of JSON. Devices are those that said something, by their latest key."""
        return _line(
            {
                "records": self.records,
                "handled": self.handled,
                "ignored": self.ignored,
                "errors": self.errors,
                "devices": len(self._devices),
            }
        )

    def _read(self, text: bytes) -> Interpretation:
        if len(text) >= _LONGEST_LINE:
            raise _Malformed(f"longer than {_LONGEST_LINE} bytes")
        record = _parse(text)
        topic = record.get("topic")
        if not isinstance(topic, str):
            raise _Malformed("there is no topic" if topic is None else "the topic is not a text")
        payload = _payload(record)
        if record.get("kind") == _SUBSCRIPTION:
            return Interpretation(None, ignored="subscription of the device")
        return self._interpreter.read(
            topic,
            payload,
            retained=record.get("retain", record.get("retained")) in _RETAINED,
            to_device=record.get("direction") == _TO_DEVICE,
        )

    def _failure(self, index: int, error: str) -> bytes:
        self.errors += 1
        nothing = Interpretation(None)
        return _line(_result(index, nothing) | {"error": printable(error, 500)})

    def _count(self, said: Interpretation) -> None:
        self._devices.difference_update(said.formerly)
        if said.ignored is not None:
            self.ignored += 1
            return
        self.handled += 1
        if said.device is not None:
            self._devices.add(said.device)


def _numbered(lines: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers. Of one that is too long only so much is kept."""
    number = 0
    while line := lines.readline(_LONGEST_LINE):
        number += 1
        rest = line
        while len(rest) == _LONGEST_LINE and not rest.endswith(b"\n"):
            rest = lines.readline(_LONGEST_LINE)
        yield number, line


def _parse(text: bytes) -> dict[str, Any]:
    try:
        # Not orjson: what recorders write for bytes that are no text (lone surrogates) must be readable.
        record = json.loads(text.decode())
    except UnicodeDecodeError:
        raise _Malformed("not UTF-8") from None
    except RecursionError:
        raise _Malformed("nested too deeply") from None
    except ValueError as error:
        raise _Malformed(f"not JSON: {printable(str(error), 100)}") from None
    if not isinstance(record, dict):
        raise _Malformed("not a JSON object")
    return record


def _payload(record: dict[str, Any]) -> bytes:
    if "payload_base64" in record:
        try:
            return base64.b64decode(record["payload_base64"], validate=True)
        except (binascii.Error, ValueError, TypeError):
            raise _Malformed("payload_base64 is not base64") from None
    if "payload" not in record:
        raise _Malformed("there is no payload")
    payload = record["payload"]
    if not isinstance(payload, str):
        try:
            payload = json.dumps(payload, separators=(",", ":"))
        except RecursionError:
            raise _Malformed("nested too deeply") from None
    try:
        return payload.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return payload.encode(errors="surrogatepass")


def _result(index: int, said: Interpretation) -> dict[str, Any]:
    return {
        "index": index,
        "device": said.device,
        "updates": [
            {"entity": update.entity, "value": _shown(update.value), "unit": update.unit}
            for update in _updates(said)
        ],
        "events": [
            {"name": event.name, "entity": event.entity}
            | {_OTHER.get(key, key): _shown(value) for key, value in event.data.items() if key != "entity"}
            for event in _events(said)
        ],
        "ignored": said.ignored,
        "error": None,
    }


def _updates(said: Interpretation) -> tuple[Update, ...]:
    """What it reads; presence alone, as a last will or a retained message says it, is a reading, too."""
    if said.present is None or said.updates:
        return said.updates
    return (Update("online", said.present),)


def _events(said: Interpretation) -> tuple[DeviceEvent, ...]:
    """What happened; where a message only tells who the device is, that."""
    if said.identity is None or said.updates or said.events or said.present is not None:
        return said.events
    facts = {key: value for key, value in asdict(said.identity).items() if value is not None}
    named = {"device_name" if key == "name" else key: value for key, value in facts.items()}
    return (DeviceEvent("identified", "", named),)


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def _shown(value: Value) -> Value:
    return UNKNOWN_TEXT if value is None else value
