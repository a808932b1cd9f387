"""First code of every worker process: ``python -m arni_edge.supervision.launch LIMITS MODULE``.

Binds the process before the worker's own code, or any library of it, is imported.
"""

import importlib
import json
import sys

from arni_edge.supervision import confine


def main() -> None:
    """Apply the limits, then run ``MODULE.main()``."""
    limits, module = sys.argv[1:3]
    confine.die_with_parent()
    confine.apply(confine.Limits(**json.loads(limits)))
    importlib.import_module(module).main()


if __name__ == "__main__":
    main()
