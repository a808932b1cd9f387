"""Looking at a camera from the command line: a report, a picture in the terminal or for one browser."""

from collections.abc import Mapping
from typing import Any, Literal

import typer

from arni_edge.cli.drawing import OneTimePage, Save
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import Unavailable
from arni_edge.settings import Camera, Settings
from arni_edge.vision.glance import GlanceOrder, GlanceReport, glance
from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder, DetectorOrder
from arni_edge.vision.worker.hours import WatchHours


def look(
    camera: Camera,
    settings: Settings | None,
    *,
    picture: Literal["no", "jpeg", "rgb"] = "no",
    width: int = 1280,
    drawn: bool = False,
) -> tuple[dict[str, Any], bytes]:
    """A look by a process of its own; outside the camera's hours nobody looks.

    Returns:
        The report (see :class:`arni_edge.vision.glance.GlanceReport`), and the picture that was wanted.

    Raises:
        Unavailable: It could not look, or there is no picture.
    """
    if settings and not WatchHours(camera.hours, settings.site.timezone).watching(SystemClock().now()):
        off = GlanceReport(state=CameraState.OFF, reason="by its hours nobody may look now")
        return _answered(camera, off, None, wanted=picture != "no")
    detector = DetectorOrder.of(settings) if settings and settings.vision.model else None
    order = GlanceOrder(
        camera=CameraOrder.of(camera), detector=detector, picture=picture, width=width, drawn=drawn
    )
    return _answered(camera, *glance(order), wanted=picture != "no")


def _answered(
    camera: Camera, report: GlanceReport, content: bytes | None, *, wanted: bool
) -> tuple[dict[str, Any], bytes]:
    if wanted and content is None:
        raise Unavailable(f"camera '{camera.id}' gives no picture: {report.state}, {report.reason}")
    return report.model_dump(mode="json"), content or b""


def blocks(picture: bytes, width: int, height: int) -> str:
    """A picture as text: each character is two pixels, one above the other, in true colours."""
    lines = []
    for row in range(0, height - 1, 2):
        cells = []
        for column in range(width):
            upper, lower = (3 * (line * width + column) for line in (row, row + 1))
            (r, g, b), (s, h, c) = picture[upper : upper + 3], picture[lower : lower + 3]
            cells.append(f"\033[38;2;{r};{g};{b}m\033[48;2;{s};{h};{c}m\u2580")
        lines.append("".join(cells) + "\033[0m\n")
    return "".join(lines)


def serve(
    picture: bytes, host: str, port: int, *, save: Save | None = None, state: Mapping[str, Any] | None = None
) -> None:
    """Serve a picture to one browser, and wait until that is over.

    Raises:
        Unavailable: Nobody came.
    """
    page = OneTimePage(picture, host, port, save=save, state=state or {})
    typer.echo(page.url)
    tunnel = f"ssh -L {page.port}:{host}:{page.port}"
    typer.echo(f"open this address in one browser; from another computer after: {tunnel} …", err=True)
    if not page.serve():
        raise Unavailable("nobody opened it in time; nothing was changed since")


def advice(report: dict[str, Any]) -> list[str]:
    """What an installer would change."""
    said = []
    if report["width"] * report["height"] > 1280 * 720:
        said.append("its picture is larger than counting needs: use the sub-stream, 640x360 is plenty")
    if report["state"] == "ok" and report["pictures_per_second"] < 4:
        said.append("fewer than 4 pictures a second: people at the door may be missed; set it to 10")
    if report["pictures_per_second"] > 16:
        said.append("more than 16 pictures a second cost processor time for nothing: set it to 10")
    if (report["first_picture_seconds"] or 0) > 4:
        said.append("the first picture took long: set its key frame interval to 1 or 2 seconds")
    return said


def print_report(camera: str, report: dict[str, Any]) -> None:
    """Say what a look has shown."""
    if report["state"] != "ok":
        typer.echo(f"{camera}: {report['state']}: {report['reason']}")
        return
    people = "" if report["people"] is None else f", {report['people']} people seen"
    typer.echo(
        f"{camera}: ok, {report['codec']} {report['width']}x{report['height']}, "
        f"{report['pictures_per_second']:g} pictures/s, "
        f"the first after {report['first_picture_seconds']:g} s{people}"
    )
    for line in advice(report):
        typer.echo(f"  advice: {line}")
