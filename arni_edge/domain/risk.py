"""How much an act can cost, and so what must come before it."""

from enum import StrEnum


class Risk(StrEnum):
    """Risk class of a tool."""

    READ = "read"
    """Says something and changes nothing."""
    REVERSIBLE = "reversible"
    """Type 1: can be undone, so it runs at once."""
    IRREVERSIBLE = "irreversible"
    """Type 2: stops until it was confirmed."""
    GRAVE = "grave"
    """Type 2 that two different people must confirm; where only one may, that person twice."""

    @property
    def confirmations(self) -> int:
        """How many confirmations it takes, of different people where there are any."""
        return {Risk.IRREVERSIBLE: 1, Risk.GRAVE: 2}.get(self, 0)
