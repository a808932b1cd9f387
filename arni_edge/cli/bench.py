"""``arni-edge bench …``: the figures that the product is held to, measured on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from arni_edge.cli.options import Config, Json

app = typer.Typer(help="Measure this machine.", no_args_is_help=True)


@app.command("door")
def door(
    json: Json = False,
    samples: Annotated[int, typer.Option(min=100, max=100_000, help="How often each way is walked.")] = 1000,
) -> None:
    """Time from a request to the bytes at the lock, beside a bare synced commit plus a bare MQTT message.

    Idle, then with every core busy twice over. Needs no daemon and disturbs none. Nothing is asserted:
    compare the ratios, not the milliseconds of two machines.
    """
    from arni_edge.logs import configure_logging  # noqa: PLC0415 - the other commands log nothing
    from arni_edge.simulator.bench.door import bench_door  # noqa: PLC0415 - the whole house

    configure_logging("error", component="bench")
    figures = bench_door(samples).figures()
    if json:
        import orjson  # noqa: PLC0415 - the text output does without

        typer.echo(orjson.dumps(figures).decode())
        return
    for name, value in figures.items():
        typer.echo(f"{name:<20} {value:g}")


@app.command("vision")
def vision(
    cameras: Annotated[int, typer.Option(min=1, max=64, help="Streams at once.")] = 4,
    json: Json = False,
    model: Annotated[
        Path | None, typer.Option(help="The ONNX file. [default: the simulated gym's, which ships]")
    ] = None,
    backend: Annotated[str, typer.Option(help="As vision.backend.")] = "auto",
    threads: Annotated[int, typer.Option(min=1, max=64, help="As vision.threads.")] = 1,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="Of each measurement.")] = 20.0,
    minutes: Annotated[float, typer.Option(min=0, max=1440, help="Of a soak: does memory grow?")] = 0.0,
    idle: Annotated[bool, typer.Option(help="Measure a still scene too.")] = True,
    frames_per_second: Annotated[float, typer.Option(min=0.1, max=30, help="Wanted of each camera.")] = 5.0,
    peer: Annotated[
        Path | None,
        typer.Option(help="Python with Ultralytics. [default: that of `arni-edge models`, if it is there]"),
    ] = None,
    config: Config = None,
) -> None:
    """Pictures a second through the whole vision worker, beside the bare model on as many threads.

    The real worker process, confined as ever, on real RTSP streams; and Ultralytics' own tracking on the same
    streams, where it is installed. Tells how many cameras this box takes. Needs no daemon and disturbs none.
    """
    import orjson  # noqa: PLC0415 - the other commands do without

    from arni_edge.logs import configure_logging  # noqa: PLC0415 - the other commands log nothing
    from arni_edge.simulator.bench.vision import Task, bench_vision, find_peer  # noqa: PLC0415
    from arni_edge.simulator.box import simulation_model  # noqa: PLC0415

    configure_logging("error", component="bench")
    task = Task(
        cameras=cameras,
        model=(model or simulation_model()).absolute(),
        backend=backend,
        threads=threads,
        seconds=seconds,
        soak_minutes=minutes,
        idle=idle,
        peer=find_peer(config) if peer is None else peer,
        frames_per_second=frames_per_second,
    )
    figures = bench_vision(task, lambda line: typer.echo(line, err=True))
    if json:
        typer.echo(orjson.dumps(figures).decode())
        return
    for name, value in figures.items():
        typer.echo(f"{name:<20} {value}")


@app.command("safety")
def safety(
    json: Json = False,
    messages: Annotated[
        int,
        typer.Option(min=1000, max=10_000_000, help="How many are read by each, the matcher and its peer."),
    ] = 200_000,
) -> None:
    """Messages a second through the emergency matcher on one core, mostly ordinary chat.

    The peer, in the same run, does nothing but str.casefold().split(): the least that Python can do.
    """
    from arni_edge.simulator.bench.safety import bench_safety  # noqa: PLC0415 - the other benches do without

    figures = bench_safety(messages)
    if json:
        import orjson  # noqa: PLC0415 - the text output does without

        typer.echo(orjson.dumps(figures).decode())
        return
    for name, value in figures.items():
        typer.echo(f"{name:<20} {value:g}")


@app.command("connector")
def connector(
    json: Json = False,
    events: Annotated[int, typer.Option(min=100, max=1_000_000, help="How many of each kind.")] = 1000,
    postgres: Annotated[
        str | None, typer.Option(help="postgresql://… of an empty database; else the relay on SQLite only.")
    ] = None,
) -> None:
    """Events a second into the relay and out of it into the box, beside rows a second into a bare database.

    Each row and each event is committed and synced. Needs no daemon and disturbs none. Figures of one run
    belong together: compare the ratios, not the events a second of two machines.
    """
    import asyncio  # noqa: PLC0415 - the other commands do without

    from arni_edge.logs import configure_logging  # noqa: PLC0415 - the other commands log nothing
    from arni_edge.simulator.bench.connector import bench_connector  # noqa: PLC0415 - relay and box

    configure_logging("critical", component="bench")
    figures = asyncio.run(bench_connector(events, postgres))
    if postgres is None:
        typer.echo("PostgreSQL was not measured: --postgres names an empty database", err=True)
    if json:
        import orjson  # noqa: PLC0415 - the text output does without

        typer.echo(orjson.dumps(figures).decode())
        return
    for database in ("sqlite", "postgres"):
        for name, value in (figures[database] or {}).items():
            typer.echo(f"{database:<9} {name:<28} {value:g}")
