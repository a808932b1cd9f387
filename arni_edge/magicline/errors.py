"""How a call to Magicline can end badly, named for what the caller can do.

::

    ArniError
    ├── Unavailable
    │   └── Away             nothing was changed; later may work (``retry_after`` says when, if anybody knows)
    │       └── Conflict     409: somebody else changed it at the same time: read again, then decide
    ├── Refused
    │   └── Rejected         4xx: nothing was changed, and repeating it will not help
    │       ├── NotAllowed   401, 403: the owner must mend the key or its scopes
    │       └── Missing      404: there is no such thing (any more)
    └── MaybeDone            a write whose fate nobody knows: read back before anything else

What :func:`str` gives is in our own words and fit for logs. Magicline's own sentence may name people: it is
kept apart, in :attr:`Rejected.sentence`, for the eyes of the member whom it concerns.
"""

from arni_edge.domain.errors import ArniError, Refused, Unavailable


class Away(Unavailable):
    """Magicline did not do it, now; later may work.

    Attributes:
        retry_after: Seconds after which asking again has a chance, or None when nobody knows.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Conflict(Away):
    """Somebody changed the same thing at the same time; nothing of ours was done. Read again, then decide."""


class Rejected(Refused):
    """Magicline refuses this request; nothing was done.

    Attributes:
        status: The HTTP status.
        code: Magicline's key for the reason, for instance ``errormessage.validation.max``, or empty.
        sentence: Its sentence for people, in the language that was asked for, or empty. Never logged.
        trace: What its support asks for, or empty.
    """

    def __init__(
        self, reason: str, *, status: int, code: str = "", sentence: str = "", trace: str = ""
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.code = code
        self.sentence = sentence
        self.trace = trace


class NotAllowed(Rejected):
    """The key is wrong, or lacks a scope: nothing of this kind works until the owner has done something."""


class Missing(Rejected):
    """There is no such thing, or no longer, or not for this studio's key."""


class MaybeDone(ArniError):
    """A write was sent and its fate is unknown: it may have been done, or not.

    Magicline has no idempotency keys: read back first, and only then decide whether to write again.
    """
