"""What the box makes of recorded webhooks, without a box: for ``arni-edge evaluate whatsapp``."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from arni_edge.channels.whatsapp.webhook import AccountNotice, DeliveryStatus, Ignored, Item, parse
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.messages import InboundMessage

_LINE_ENDS: Final = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}
"""What JSON may hold as it is, and ``splitlines`` and others take for the end of a line."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one update.

    Attributes:
        kind: A message's kind, ``status``, or the field that Meta reports on; ``body`` for a whole webhook.
        conversation: Whom it comes from or was for; None when nobody is named.
        text: What was said, how far a message has come, or what happened to the account.
        duplicate: It came before, in this run.
        ignored: Why it is not for us, or None.
        error: Why it cannot be read, or None.
    """

    kind: str
    conversation: str | None = None
    text: str | None = None
    duplicate: bool = False
    ignored: str | None = None
    error: str | None = None

    def as_json(self) -> str:
        """One line, also for those who end lines where Unicode does."""
        return json.dumps(asdict(self), ensure_ascii=False).translate(_LINE_ENDS)


class Evaluation:
    """Reads bodies one after the other, as the box would; remembers what it has seen.

    Attributes:
        errors: How many bodies could not be read.
    """

    def __init__(self) -> None:
        self.errors = 0
        self._seen: set[tuple[str, ...]] = set()

    def run(self, body: bytes, received_at: datetime) -> Iterator[Finding]:
        """What becomes of each update of one webhook, in its order; nothing is raised for what is in it.

        Args:
            body: The exact bytes, or a recorded sample that holds them under ``payload``.
            received_at: Stands in for timestamps that cannot be read (aware).
        """
        try:
            items = parse(_unwrapped(body), received_at)
        except InvalidInput as error:
            self.errors += 1
            yield Finding("body", error=str(error))
            return
        for item in items:
            yield self._finding(item)

    def _finding(self, item: Item) -> Finding:
        match item:
            case InboundMessage():
                again = self._again("message", item.message_id)
                return Finding(item.kind, item.conversation, item.text, again)
            case DeliveryStatus():
                again = self._again("status", item.message_id, item.state, item.participant)
                return Finding("status", item.recipient or None, item.state, again)
            case AccountNotice():
                return Finding(item.field, text=item.event)
            case Ignored():
                return Finding(item.kind or "body", ignored=item.reason)

    def _again(self, *identity: str) -> bool:
        again = identity in self._seen
        self._seen.add(identity)
        return again


def _unwrapped(body: bytes) -> bytes:
    """The webhook of a sample that was kept together with where it comes from."""
    try:
        sample = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if isinstance(sample, dict) and "_source" in sample and "payload" in sample:
        return json.dumps(sample["payload"]).encode()
    return body
