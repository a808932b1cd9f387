"""``python -m arni_edge`` is the ``arni-edge`` command."""

from arni_edge.cli import main

if __name__ == "__main__":
    main()
