"""Words for the cameras."""

from enum import StrEnum


class CameraTrouble(StrEnum):
    """What can be wrong with a camera, or what it sees that somebody must look at."""

    BLIND = "blind"
    """No picture has come for longer than the owner bears: away, refused, or not to be decoded."""
    COVERED = "covered"
    FROZEN = "frozen"
    DARK = "dark"
    """Nothing can be seen although the gym is open."""
    PERSON_DOWN = "person_down"
    """Somebody seems to lie on the floor and not to get up. A candidate for an alarm, no alarm."""
    CROWDED = "crowded"
    """More people are in a zone than the owner wants there."""
