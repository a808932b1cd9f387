"""Never says anything."""

import time


def main() -> None:
    time.sleep(3600)
