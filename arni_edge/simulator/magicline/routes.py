"""Which operation a method and a path mean."""

import re
from typing import Final

from arni_edge.simulator.magicline.api import OPERATIONS
from arni_edge.simulator.magicline.asking import ApiError, Operation
from arni_edge.simulator.magicline.unsimulated import UNSIMULATED

_NAME: Final = re.compile(r"\\{(\w+)\\}")


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(_NAME.sub(r"(?P<\1>[^/]+)", re.escape(template)))


def _by_rank(template: str) -> tuple[int, str]:
    """Templates with fewer parameters win, so ``/customers/by`` is not a customer whose id is "by"."""
    return template.count("{"), template


class Unsimulated(ApiError):
    """An operation that exists and is not simulated: as if the key had not its scope."""

    def __init__(self) -> None:
        super().__init__(403, "Authorization failed", code="errormessage.scope.missing")


class Routes:
    """All operations of the descriptions."""

    def __init__(self) -> None:
        """Simulated or not."""
        self.operations = {(one.method, one.path): one for one in OPERATIONS}
        known = set(self.operations) | {(method, path) for method, path in UNSIMULATED}
        templates = sorted({path for _, path in known}, key=_by_rank)
        self._known = known
        self._templates = [(template, _pattern(template)) for template in templates]

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]]:
        """The operation, and the parameters in the path.

        Raises:
            ApiError: There is none, or it is not simulated.
        """
        for template, pattern in self._templates:
            if (match := pattern.fullmatch(path)) is None:
                continue
            if (operation := self.operations.get((method, template))) is not None:
                return operation, match.groupdict()
            if (method, template) in self._known:
                raise Unsimulated
            allowed = sorted(verb for verb, known in self._known if known == template)
            raise ApiError(405, "Method not allowed", headers={"Allow": ", ".join(allowed)})
        raise ApiError(404, "Not found")
