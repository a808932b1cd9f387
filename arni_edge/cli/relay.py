"""``arni-edge relay …``: this box and its relay in the cloud."""

from typing import Annotated

import typer

from arni_edge.cli.options import Config, Json, ask, print_json, signed

app = typer.Typer(help="The relay in the cloud.", no_args_is_help=True)

_ANSWER_SECONDS = 60.0


@app.command("enroll")
def enroll(
    code: Annotated[str, typer.Argument(help="As 'arni-relay box add' or 'box code' printed it.")],
    config: Config = None,
    by: Annotated[str, typer.Option(help="Who you are; it is kept. [default: your login name]")] = "",
    json: Json = False,
) -> None:
    """Make this box the gym's box at the relay; the one before it is shut out.

    The key is made on the box and never leaves it. When no answer comes, the same code may be tried again.
    """
    answer = ask(config, "relay.enroll", answer_seconds=_ANSWER_SECONDS, code=code, by=signed(by))
    if json:
        print_json(answer)
        return
    typer.echo(f"enrolled: box {answer['box']}, number {answer['epoch']} of this gym")


@app.command("status")
def status(config: Config = None, json: Json = False) -> None:
    """Show who this box is to the relay, what it has read and what was lost; exit code 1 if it cannot."""
    answer = ask(config, "relay.status", answer_seconds=_ANSWER_SECONDS)
    if json:
        print_json(answer)
    else:
        typer.echo(f"relay      {answer['url']}")
        if identity := answer.get("identity"):
            typer.echo(f"box        {identity['box']}, number {identity['epoch']} of this gym")
            typer.echo(f"enrolled   {identity['enrolled_at'][:16]}, key {identity['public_key']}")
        typer.echo(f"read       up to {answer['cursor']}")
        if not answer["problem"]:
            typer.echo(f"log        {answer['oldest']} to {answer['newest']} ({answer['log']})")
        if answer["to_erase"]:
            typer.echo(f"to erase   {answer['to_erase']} events, not yet done by the relay")
        for loss in answer["losses"]:
            what = "its log was set up anew" if loss["oldest"] is None else f"up to {loss['oldest'] - 1}"
            typer.echo(f"lost       {loss['at'][:16]}: after {loss['after']}, {what}")
        if answer["problem"]:
            typer.echo(answer["problem"])
    if answer["problem"]:
        raise typer.Exit(1)
