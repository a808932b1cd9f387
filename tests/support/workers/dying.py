"""Ends at once, with a traceback."""


def main() -> None:
    raise RuntimeError("no camera library here")
