"""Recognises an emergency in a text: a grammar of phrases, no model, microseconds.

A missed emergency is worse than a false alarm. The grammar is in ``phrases/*.toml``, its notation in
:mod:`~arni_edge.safety.matcher.grammar`.
"""

from functools import cache

from arni_edge.safety.matcher.judge import Cause, Judge

__all__ = ["Cause", "find_emergency"]

_judge = cache(Judge)


def find_emergency(text: str) -> Cause | None:
    """The kind of emergency that a text reports, or None.

    Depends on the text alone, never raises, and takes time in proportion to the text's length.

    Args:
        text: What a person wrote or said, in any spelling; also the beginning of a sentence.
    """
    return _judge().weigh(text)
