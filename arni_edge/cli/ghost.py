"""``arni-edge ghost …``: step into a chat from the box, masked as everywhere."""

from typing import Annotated

import typer

from arni_edge.cli.options import Config, Json, ask, print_json, signed

app = typer.Typer(help="Chats: read along, take over, write, hand back.", no_args_is_help=True)

_Handle = Annotated[str, typer.Argument(help="What 'arni-edge ghost list' calls the chat.")]
_HandleOrAll = Annotated[str, typer.Argument(help="What 'arni-edge ghost list' calls the chat, or: all.")]
_Text = Annotated[str, typer.Argument(help="The words.")]
_By = Annotated[str, typer.Option(help="Who you are; it is kept. [default: your login name]")]


@app.command("list")
def list_chats(config: Config = None, by: _By = "", json: Json = False) -> None:
    """List the chats of the last day, newest first: first name and last three digits, no more."""
    chats = ask(config, "ghost.list", by=signed(by))
    if json:
        print_json(chats)
        return
    for chat in chats:
        mode = "" if chat["mode"] == "off" else f"  [{chat['mode']}]"
        typer.echo(f"{chat['handle']:<6} {chat['at'][:16]}  {chat['face']:<20} {chat['state']}{mode}")
    if not chats:
        typer.echo("nobody has written in the last day")


@app.command("read")
def read(handle: _Handle, config: Config = None, by: _By = "", json: Json = False) -> None:
    """Show the last lines of a chat, masked; that you looked is kept."""
    lines = ask(config, "ghost.read", handle=handle, by=signed(by))
    if json:
        print_json(lines)
        return
    for line in lines:
        typer.echo(line)


@app.command("hold")
def hold(handle: _HandleOrAll, config: Config = None, by: _By = "") -> None:
    """Hold risky answers for a while; the others leave at once."""
    typer.echo(ask(config, "ghost.hold", handle=handle, by=signed(by)))


@app.command("off")
def off(handle: _HandleOrAll, config: Config = None, by: _By = "") -> None:
    """Hold answers no longer."""
    typer.echo(ask(config, "ghost.off", handle=handle, by=signed(by)))


@app.command("take")
def take(handle: _Handle, config: Config = None, by: _By = "") -> None:
    """Take a chat over: the assistant says so once and is silent."""
    typer.echo(ask(config, "ghost.take", handle=handle, by=signed(by)))


@app.command("say")
def say(handle: _Handle, text: _Text, config: Config = None, by: _By = "") -> None:
    """Write to the member; a chat that nobody has becomes yours by it."""
    typer.echo(ask(config, "ghost.say", handle=handle, text=text, by=signed(by)))


@app.command("back")
def back(handle: _Handle, config: Config = None, by: _By = "") -> None:
    """Hand a chat back to the assistant; the member is told."""
    typer.echo(ask(config, "ghost.back", handle=handle, by=signed(by)))


@app.command("whisper")
def whisper(handle: _Handle, text: _Text, config: Config = None, by: _By = "") -> None:
    """Tell the assistant something for its next answer; the member never sees it."""
    typer.echo(ask(config, "ghost.whisper", handle=handle, text=text, by=signed(by)))
