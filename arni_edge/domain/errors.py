"""The few errors of the house, named for what the caller can do.

::

    ArniError
    ├── ConfigurationError   show where in the file, and what would be right
    ├── Unavailable          something outside is away: wait and try again
    ├── Refused              a rule said no: ask a person, never try again by itself
    └── InvalidInput         what came in cannot be understood: say so to whoever sent it

Anything else that is raised is a bug: it ends the component, and the supervisor acts.
"""


class ArniError(Exception):
    """Base of the errors that a caller is expected to handle."""


class ConfigurationError(ArniError):
    """The configuration cannot be used.

    Attributes:
        problems: One sentence each, with the path in the file and what would be right.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Unavailable(ArniError):
    """Something outside this process does not answer now; trying later may help."""


class Refused(ArniError):
    """A rule or a right forbids this; trying again will not help."""


class InvalidInput(ArniError):
    """What came in is not what was asked for."""
