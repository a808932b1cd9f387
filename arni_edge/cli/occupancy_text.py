"""How people in the gym are shown in the terminal: bars for today, a heat map for the week."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.settings import DAYS

_BAR = 30
_EIGHTHS = " ▏▎▍▌▋▊▉"
# From quiet to full: dark to bright, readable on dark and light terminals, and without colour by the number.
_HEAT = ("grey23", "dark_green", "green4", "gold3", "dark_orange3", "red3")


def now_lines(answer: dict[str, Any], catalogue: Catalogue) -> Iterator[str]:
    """The answer to ``occupancy.now``, line by line."""
    language = Language(answer["language"])

    def say(key: str, **values: object) -> str:
        return catalogue.text(key, language, **values)

    if answer["zone"] is None:
        band = say(f"occupancy_view.band.{answer['band']}")
        if answer["count"] is None:
            yield say("occupancy_view.unknown", why=say(f"occupancy_view.why.{answer['reason']}"))
        else:
            yield say("occupancy_view.people", count=answer["count"], band=band)
            yield say(
                f"occupancy_view.basis.{answer['basis']}",
                confidence=f"{100 * answer['confidence']:.0f} %",
                age=f"{answer['age_seconds']:.0f} s",
            )
            if answer["reason"]:
                yield say("occupancy_view.zones_only", why=say(f"occupancy_view.why.{answer['reason']}"))
        since = answer["since_zero"]
        yield say("occupancy_view.since_zero", entries=since["entries"], exits=since["exits"])
        if answer["drift"]["people"] is not None:
            yield say(
                "occupancy_view.drift",
                people=f"{answer['drift']['people']:+d}",
                at=answer["drift"]["at"][:16],
            )
    for zone in answer["zones"]:
        camera = answer["cameras"][zone["camera"]]
        state = "" if camera["state"] in {None, "ok"} else f"{zone['camera']}: {camera['state']}"
        known = say("occupancy_view.unseen") if zone["count"] is None else str(zone["count"])
        reason = f"  ({' '.join(filter(None, (state, camera['reason'])))})" if state else ""
        yield f"  {zone['name']} ({zone['id']}): {known}{reason}"


def today_text(answer: dict[str, Any], catalogue: Catalogue) -> Text:
    """The answer to ``occupancy.today``: one bar an hour; what is usual is a mark in it."""
    language = Language(answer["language"])

    def say(key: str, **values: object) -> str:
        return catalogue.text(key, language, **values)

    day = catalogue.text(f"day.{DAYS[answer['weekday']]}", language)
    text = Text().append(f"{answer['name']}, {day} {answer['day']}\n", style="bold")
    if answer["holiday"]:
        text.append(say("occupancy_view.holiday") + "\n")
    if not any(hour["people"] is not None or hour["typical"] for hour in answer["hours"]):
        return text.append(say("occupancy_view.no_history") + "\n")
    scale = max(_top(hour) for hour in answer["hours"]) or 1.0
    for hour in answer["hours"]:
        people, typical = hour["people"], hour["typical"]
        ahead = hour["state"] == "ahead"
        shown = typical["expected"] if ahead and typical else people
        text.append(f"{hour['hour']:02d}  ")
        text.append(_bar(shown or 0.0, scale), style="dim cyan" if ahead else "cyan")
        text.append(" ")
        if not ahead:
            unseen = say("occupancy_view.unseen")
            text.append(f"{unseen if people is None else f'{people:.1f}':>{max(6, len(unseen))}}")
        if typical:
            usual = say("occupancy_view.forecast" if ahead else "occupancy_view.usual", **_numbers(typical))
            text.append(f"  {usual}", style="dim")
        text.append("\n")
    return text


def week_text(answer: dict[str, Any], catalogue: Catalogue) -> Text:
    """The answer to ``occupancy.week``: a line a day, a cell an hour."""
    language = Language(answer["language"])
    names = [catalogue.text(f"day.{day}", language) for day in DAYS]
    text = Text().append(f"{answer['name']}\n", style="bold")
    known = [slot for day in answer["days"] for slot in day if slot is not None]
    if not known:
        return text.append(catalogue.text("occupancy_view.no_week", language) + "\n")
    width, scale = max(map(len, names)), max(slot["expected"] for slot in known) or 1.0
    text.append(" " * (width + 1) + "".join(f"{hour:>3}" for hour in range(24)) + "\n", style="dim")
    for name, day in zip(names, answer["days"], strict=True):
        text.append(f"{name:<{width}} ")
        for slot in day:
            if slot is None:
                text.append("  ·", style="dim")
                continue
            heat = _HEAT[min(len(_HEAT) - 1, int(slot["expected"] / scale * len(_HEAT)))]
            text.append(f"{slot['expected']:>3.0f}", style=f"white on {heat}")
        text.append("\n")
    text.append(catalogue.text("occupancy_view.weeks", language, count=answer["weeks"]) + "\n", style="dim")
    if (quiet := answer["quietest"]) is not None:
        day = names[quiet["weekday"]]
        text.append(
            catalogue.text(
                "occupancy_view.quietest", language, day=day, start=quiet["start"], end=quiet["end"]
            )
        )
        text.append("\n")
    return text


def _top(hour: dict[str, Any]) -> float:
    return max(hour["people"] or 0.0, hour["typical"]["expected"] if hour["typical"] else 0.0)


def _bar(value: float, scale: float) -> str:
    eighths = round(value / scale * _BAR * 8)
    full, rest = divmod(eighths, 8)
    return f"{'█' * full}{_EIGHTHS[rest] if rest else ''}".ljust(_BAR)


def _numbers(typical: dict[str, Any]) -> dict[str, str]:
    return {name: f"{typical[name]:.0f}" for name in ("expected", "low", "high")}
