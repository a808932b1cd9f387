"""Who is who: the pairs of two groups that fit best together."""

import math
from collections.abc import Mapping, Sequence

from arni_edge.vision.scene.kalman import Sides

Pair = tuple[int, int]


def overlap(a: Sides, b: Sides, grown: tuple[float, float] = (0.0, 0.0)) -> float:
    """Intersection over union of two boxes.

    Args:
        a: Left, top, right, bottom.
        b: Another one.
        grown: So far all sides of both are moved outwards first, across and down: what is not known of where
            they are (Yang et al., Hard to Track Objects with Irregular Motions and Similar Appearances? Make
            It Easier by Buffering the Matching Space, WACV 2023; there it is a fixed share of the box).
    """
    across = min(a[2], b[2]) - max(a[0], b[0]) + 2 * grown[0]
    down = min(a[3], b[3]) - max(a[1], b[1]) + 2 * grown[1]
    if across <= 0 or down <= 0:
        return 0.0
    both = across * down
    one = (a[2] - a[0] + 2 * grown[0]) * (a[3] - a[1] + 2 * grown[1])
    other = (b[2] - b[0] + 2 * grown[0]) * (b[3] - b[1] + 2 * grown[1])
    return both / (one + other - both)


def best_pairs(worth: Mapping[Pair, float]) -> list[Pair]:
    """The pairs of greatest worth together, nobody in two of them.

    Args:
        worth: Of the pairs that are possible, each above zero. Those that are not in it cannot be.

    Returns:
        In order. Among equal choices always the same one.
    """
    chosen: list[Pair] = []
    for rows, columns in _groups(worth):
        gains = [[worth.get((row, column), 0.0) for column in columns] for row in rows]
        if len(rows) <= len(columns):
            pairs = [(rows[i], columns[j]) for i, j in enumerate(_assign(gains))]
        else:
            turned = [list(gain) for gain in zip(*gains, strict=True)]
            pairs = [(rows[i], columns[j]) for j, i in enumerate(_assign(turned))]
        chosen += [pair for pair in pairs if pair in worth]
    return sorted(chosen)


def _groups(worth: Mapping[Pair, float]) -> list[tuple[list[int], list[int]]]:
    """Split into parts that have nothing to do with each other: mostly one person and one box."""
    of_row: dict[int, list[int]] = {}
    of_column: dict[int, list[int]] = {}
    for row, column in sorted(worth):
        of_row.setdefault(row, []).append(column)
        of_column.setdefault(column, []).append(row)
    groups = []
    while of_row:
        rows, columns = {next(iter(of_row))}, set[int]()
        waiting = list(rows)
        while waiting:
            for column in of_row.pop(waiting.pop()):
                columns.add(column)
                fresh = [row for row in of_column.pop(column, ()) if row not in rows]
                rows.update(fresh)
                waiting += fresh
        groups.append((sorted(rows), sorted(columns)))
    return groups


def _assign(gains: Sequence[Sequence[float]]) -> list[int]:
    """The column of every row so that the sum is greatest; not more rows than columns.

    The Hungarian method with potentials: row by row along the cheapest way on which everybody moves over
    (Kuhn 1955, in the form of Jonker and Volgenant 1987).
    """
    rows, columns = len(gains), len(gains[0])
    of_row, of_column = [0.0] * (rows + 1), [0.0] * (columns + 1)
    owner = [0] * (
        columns + 1
    )  # the row of every column, counted from one; zero: free. Column zero: who seeks
    for row in range(1, rows + 1):
        owner[0] = row
        came_from = [0] * (columns + 1)
        least = [math.inf] * (columns + 1)
        seen: list[int] = []
        here = 0
        while owner[here]:
            seen.append(here)
            at = owner[here]
            open_columns = [column for column in range(1, columns + 1) if column not in seen]
            for column in open_columns:
                cost = -gains[at - 1][column - 1] - of_row[at] - of_column[column]
                if cost < least[column]:
                    least[column], came_from[column] = cost, here
            following = min(open_columns, key=lambda column: least[column])
            step = least[following]
            for column in seen:
                of_row[owner[column]] += step
                of_column[column] -= step
            for column in open_columns:
                least[column] -= step
            here = following
        while here:
            owner[here] = owner[came_from[here]]
            here = came_from[here]
    chosen = [0] * rows
    for column in range(1, columns + 1):
        if owner[column]:
            chosen[owner[column] - 1] = column - 1
    return chosen
