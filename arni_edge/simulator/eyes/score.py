"""How well the day was seen: what was made of it beside what was so, and whether that is good enough.

The daemon's own rules are at work here, driven by the play's time: the headcount by the lines with its
nightly zero, and the watch over tailgating.
"""

from typing import Any

from arni_edge.simulator.eyes.alarmed import intrusions, people_down
from arni_edge.simulator.eyes.counted import crossings, drift, zone_errors
from arni_edge.simulator.eyes.day import Day
from arni_edge.simulator.eyes.suspected import tailgating

MOST_ZONE_ERROR = 0.5
LEAST_CROSSINGS = 0.98
LEAST_TAILGATING = 0.95


def score(day: Day, *, hours: float) -> dict[str, Any]:
    """All figures of a day, JSON-able.

    Args:
        day: What was so and what was seen, by all cameras.
        hours: How long the day was.
    """
    zones = zone_errors(day)
    errors = [zone["mean_error"] for zone in zones.values() if zone["mean_error"] is not None]
    before, after = drift(day)
    return {
        "hours": hours,
        "cameras": len(day.moments),
        "pictures": sum(len(moments) for moments in day.moments.values()),
        "looks": day.looks,
        "people_inside_mean": round(sum(day.diary.inside) / max(1, len(day.diary.inside)), 2),
        "zone_mean_error": round(sum(errors) / len(errors), 4) if errors else None,
        "zones": zones,
        "crossings": crossings(day),
        "drift_before_zero": before,
        "drift_after_zero": after,
        "tailgating": tailgating(day),
        **intrusions(day),
        "person_down": people_down(day),
    }


def missed_targets(figures: dict[str, Any]) -> list[str]:
    """Which targets the figures of :func:`score` miss, in words; empty when all are met."""
    suspected, zone_error = figures["tailgating"], figures["zone_mean_error"]
    intruders = figures["intruders"]
    missed = [
        (zone_error is None or zone_error > MOST_ZONE_ERROR, f"zone mean error > {MOST_ZONE_ERROR}"),
        (_below(figures["crossings"]["rate"], LEAST_CROSSINGS), f"crossings < {LEAST_CROSSINGS:.0%}"),
        (figures["drift_after_zero"] != 0, "the nightly zero left a drift"),
        (_below(suspected["precision"], LEAST_TAILGATING), f"tailgating precision < {LEAST_TAILGATING}"),
        (_below(suspected["recall"], LEAST_TAILGATING), f"tailgating recall < {LEAST_TAILGATING}"),
        (figures["intrusion_alarms"] > 0, "intrusion alarm with nobody there"),
        (intruders["found"] < intruders["truth"], "an intruder was not noticed"),
    ]
    return [words for true, words in missed if true]


def _below(share: float | None, least: float) -> bool:
    """A share of nothing misses nothing."""
    return share is not None and share < least
