"""What the relay says no to, in words that tell what to do."""

from typing import Final

from arni_edge.domain.errors import Refused, Unavailable

ENROLL: Final = "arni-edge relay enroll CODE (the code: arni-relay box code GYM, at the relay)"
_SENTENCES: Final = {
    "revoked": f"the relay has shut this box out; to let it in again: {ENROLL}",
    "replaced": f"another box has taken this one's place at the relay: switch one of them off. "
    f"If this is the right one: {ENROLL}",
    "unknown": f"the relay does not know this box; {ENROLL}",
    "token": f"the relay does not accept the key of this box; {ENROLL}",
    "audience": "relay.url names another host than the relay's server.public_url; set it, then enroll again",
    "clock": "the clock of this box is ahead of the relay's; set it right (timedatectl)",
    "expired": "the clock of this box is behind the relay's; set it right (timedatectl)",
    "code": "this code is unknown, used or too old; get another one at the relay: arni-relay box code GYM",
}
_CLOCK: Final = frozenset({"clock", "expired"})

NOT_ENROLLED: Final = f"this box is not enrolled at the relay; {ENROLL}"


class ShutOut(Refused):
    """The relay does not serve this box.

    Attributes:
        reason: In the relay's word.
        patient: Nothing changes by itself: a person has to do something, and asking often is of no use.
    """

    def __init__(self, reason: str, sentence: str | None = None) -> None:
        super().__init__(sentence or _SENTENCES.get(reason, "the relay does not accept this box"))
        self.reason = reason
        self.patient = reason not in _CLOCK


class ComeLater(Unavailable):
    """The relay is there and cannot answer now.

    Attributes:
        seconds: After which it wants to be asked again.
    """

    def __init__(self, sentence: str, seconds: float) -> None:
        super().__init__(sentence)
        self.seconds = seconds
