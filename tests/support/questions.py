"""A question to an agent, from a stranger."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from arni_edge.access import Entry
from arni_edge.access.identity import Correspondent
from arni_edge.domain.messages import Channel, InboundMessage, Language
from arni_edge.domain.people import Assurance
from arni_edge.swarm.agents import Question
from arni_edge.swarm.errands import Person


def question(language: Language, enter: Callable[[], Awaitable[Entry]], text: str = "") -> Question:
    """What an agent is given."""
    sent = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
    message = InboundMessage(Channel.WHATSAPP, "w1", "+4915999999999", text, sent, "+4915999999999")
    who = Correspondent.of(message, language)
    return Question(language, enter, message, Person(who, None, Assurance.ANONYMOUS, message.key))
