"""What an instance has done, in numbers: no gym, no box, no address."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_HELP = {
    "arni_relay_webhooks_total": "Webhooks, by source and by what they were answered with.",
    "arni_relay_polls_total": "Polls that were answered, by status.",
    "arni_relay_events_delivered_total": "Events in answers; one may be delivered several times.",
    "arni_relay_enrolments_total": "Boxes that enrolled.",
    "arni_relay_erased_total": "Events that were replaced by tombstones.",
    "arni_relay_expired_total": "Events that were deleted after their time.",
}
_SECONDS = "arni_relay_webhook_seconds"


class Metrics:
    """Counters since the start of this process, in the text format of Prometheus."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._buckets = [0] * (len(_BOUNDS) + 1)
        self._sum = 0.0

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        """Add to a counter of those that are explained above."""
        text = ",".join(f'{label}="{value}"' for label, value in labels.items())
        self._counts[name, f"{{{text}}}" if text else ""] += amount

    def took(self, seconds: float) -> None:
        """A webhook was stored; from its first byte to its answer."""
        self._buckets[bisect_left(_BOUNDS, seconds)] += 1
        self._sum += seconds

    def text(self, waiting: int) -> str:
        """Everything.

        Args:
            waiting: Polls that wait now.
        """
        return "\n".join([*self._lines(waiting), ""])

    def _lines(self, waiting: int) -> Iterator[str]:
        for name, sentence in _HELP.items():
            yield f"# HELP {name} {sentence}"
            yield f"# TYPE {name} counter"
            for (counter, labels), value in sorted(self._counts.items()):
                if counter == name:
                    yield f"{name}{labels} {value}"
        yield "# HELP arni_relay_polls_waiting Polls that wait for events."
        yield "# TYPE arni_relay_polls_waiting gauge"
        yield f"arni_relay_polls_waiting {waiting}"
        yield f"# HELP {_SECONDS} Time in which a webhook was stored."
        yield f"# TYPE {_SECONDS} histogram"
        total = 0
        for bound, count in zip((*_BOUNDS, "+Inf"), self._buckets, strict=True):
            total += count
            yield f'{_SECONDS}_bucket{{le="{bound}"}} {total}'
        yield f"{_SECONDS}_sum {self._sum:.6f}"
        yield f"{_SECONDS}_count {total}"
