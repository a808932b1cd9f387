"""What MQTT topic filters match, and which of them say the same."""

from collections.abc import Iterable

_LONGEST_BYTES = 65535


def is_filter(text: str) -> bool:
    """Whether this can be subscribed to: wildcards stand alone in their level, ``#`` in the last one."""
    levels = text.split("/")
    return (
        0 < len(text.encode(errors="replace")) <= _LONGEST_BYTES
        and "\0" not in text
        and not any(len(level) > 1 and ("+" in level or "#" in level) for level in levels)
        and "#" not in levels[:-1]
    )


def is_topic(text: str) -> bool:
    """Whether this can be published to."""
    return is_filter(text) and "+" not in text and "#" not in text


def matches(pattern: str, topic: str) -> bool:
    """Whether a topic belongs to a filter (MQTT 5.0, 4.7)."""
    if "+" not in pattern and "#" not in pattern:
        return pattern == topic  # nearly all of them: a message is compared with hundreds
    return covers(pattern, topic)


def covers(broad: str, narrow: str) -> bool:
    """Whether every topic of ``narrow``, itself a filter or a topic, belongs to ``broad`` as well."""
    return not _hidden(broad, narrow) and _covers(broad.split("/"), narrow.split("/"))


def minimal(filters: Iterable[str]) -> list[str]:
    """The fewest of these filters that match everything all of them match, in alphabetical order."""
    # Only a filter with a wildcard can cover another one, and there are few of them.
    distinct = sorted(set(filters))
    broad = [one for one in distinct if "+" in one or "#" in one]
    return [one for one in distinct if not any(other != one and covers(other, one) for other in broad)]


def _hidden(pattern: str, topic: str) -> bool:
    """Wildcards at the beginning do not reach topics such as ``$SYS`` (MQTT 5.0, 4.7.2)."""
    return topic.startswith("$") and pattern[:1] in {"+", "#"}


def _covers(broad: list[str], narrow: list[str]) -> bool:
    for level, word in enumerate(broad):
        if word == "#":
            return True  # also without any further level: a/# matches a
        if level >= len(narrow) or narrow[level] == "#":
            return False
        if word not in {"+", narrow[level]}:
            return False
    return len(broad) == len(narrow)
