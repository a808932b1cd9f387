"""Which zones of several cameras show the same floor, so that nobody is counted twice.

The owner says so (``same_as`` of a zone in the settings); nobody is recognised from one camera to the next.
Of such zones the one that sees most people is right, as far as its camera sees: what hides somebody from a
camera (a pillar, a machine, another person) never adds one. ``Headcount`` counts by these groups.
"""

from collections.abc import Mapping


def same_floor(zones: Mapping[str, str | None]) -> tuple[frozenset[str], ...]:
    """Groups of two zones or more that show the same floor.

    Args:
        zones: Every zone by its id, with the id of the zone that it shows the same floor as; None: none. One
            that does not exist counts as none.

    Returns:
        In the order of ``zones``. Zones that point to each other in a ring are one group like any other.
    """
    groups: dict[str, set[str]] = {zone: {zone} for zone in zones}
    for zone, same_as in zones.items():
        if same_as not in groups:
            continue
        together = groups[zone] | groups[same_as]
        for member in together:
            groups[member] = together
    found = dict.fromkeys(frozenset(group) for group in groups.values() if len(group) > 1)
    return tuple(found)
