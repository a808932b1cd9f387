"""``arni-edge bench …``: the figures that the product is held to, measured on this machine."""

from typing import Annotated

import typer

from arni_edge.cli.options import Json

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
