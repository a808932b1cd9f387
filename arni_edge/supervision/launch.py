"""First code of every worker process: ``python -m arni_edge.supervision.launch LIMITS MODULE``.

Binds the process before the worker's own code, or any library of it, is imported.
"""

import importlib
import json
import sys

from arni_edge.supervision import confine


def main() -> None:
    """Apply the limits, then run ``MODULE.main()``."""
    limits, module = confine.Limits(**json.loads(sys.argv[1])), sys.argv[2]
    confine.die_with_parent()
    if not confine.apply(limits) and not limits.may_write:
        print("this kernel has no Landlock: empty files can be made", file=sys.stderr)  # noqa: T201
    importlib.import_module(module).main()


if __name__ == "__main__":
    main()
