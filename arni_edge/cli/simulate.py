"""``arni-edge simulate``: the simulated gym, and the services of others that a gym needs."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Run a gym that does not exist, or one of the services that it needs, on real protocols.",
    invoke_without_command=True,
)

_Port = Annotated[int, typer.Option(help="Where it is served on 127.0.0.1; 0: where there is room.")]


@app.callback()
def simulate(
    context: typer.Context,
    scenario: Annotated[
        str | None,
        typer.Option(
            help="Play this scenario and stop: evening, emergency. Without it the gym keeps running."
        ),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the scenario's report here, as JSON.")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Keep the box's files here instead of in a folder that is removed.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No live picture.")] = False,
) -> None:
    """Run a gym that does not exist, on real protocols: cameras, lock, relay, WhatsApp and the daemon."""
    if context.invoked_subcommand is not None:
        return
    from arni_edge.simulator.gym import run_simulation  # noqa: PLC0415 - needs the simulator extra

    raise typer.Exit(run_simulation(scenario=scenario, report=report, folder=folder, quiet=quiet))


@app.command("magicline")
def magicline(
    port: _Port = 8081,
    seed: Annotated[int, typer.Option(help="Of everything that is left to chance.")] = 1,
    members: Annotated[int, typer.Option(min=0, help="How many, besides one of each special kind.")] = 40,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="[operationId:]fault[*times], such as bookClassSlot:drop-after*1. Repeatable."),
    ] = None,
    quirk: Annotated[
        list[str] | None,
        typer.Option(help="live, name, no-name or name=number; see above. Repeatable."),
    ] = None,
    webhooks: Annotated[str | None, typer.Option(help="Where events are posted.")] = None,
) -> None:
    """Serve Magicline's Open API, Device API and webhooks for a studio that does not exist.

    Every answer is what the official openapi.json allows. Real studios differ: --quirk live is how they are.

    Faults: unavailable (503 in HTML), crash (500), each also as ...-after; bare (400 without a code),
    conflict (409), locked (429, also the whole next minute), drop-before, drop-after, slow, hang, garbled,
    cut-short ("after": it was done all the same). Operations: an operationId, or probe (HEAD).

    \b
    Quirks of real studios that their description contradicts ("live" is all of them):
      zone-suffix           moments of slots and bookings end in [Europe/Berlin]
      bare-closing-hours    closing hours without an offset
      bare-status           no cancelationStatus where nobody has cancelled
    Further ones; on: bank-data, lists-cancelled, promotes; off:
      hours-as-text         opening hours as 06:00:00, as since 1.11
      loose-scalars         a house number is a number
      nulls                 what has no value is null
      unknown-fields        every object has a field that nobody knows
      new-enums             values that nobody knows
      instructors-hidden    no instructors anywhere
      unknown-parameters-refused   400 instead of ignoring them
      phone-search          the search takes phoneNumber
      allows-doubles        one slot can be booked twice
      retry-after           429 and 503 say how long to wait
      appointment-days=6, class-days=14   how many days a list of slots reaches at most
    Always: 1000 requests a minute for each operation, then none until the next minute is over.

    While it runs, JSON to these paths changes it:

    \b
    POST /simulator/faults    {"fault", "operation"="*", "times"=1|null, "after"=0, "seconds"=1, "chance"=1}
    DELETE /simulator/faults  nothing goes wrong any more
    POST /simulator/quirks    ["no-zone-suffix", "appointment-days=3"]
    POST /simulator/webhooks  {"url", "copies"=[1], "spread"=0, "repeats"=0, "repeat_seconds"=600}
                              copies [0, 1, 4]: some are lost, some come four times; spread: in any order
    POST /simulator/clock     {"seconds"}: the server's clock goes on
    POST /simulator/vanish    {"customer"}: a member is in no list any more, and nobody is told
    GET /simulator            what was asked, who is who, who is booked twice
    """  # noqa: D301 - \b keeps the lines in the help
    from arni_edge.simulator.magicline.alone import run_alone  # noqa: PLC0415 - needs the simulator extra

    code = run_alone(
        port=port, seed=seed, members=members, faults=fault or (), quirks=quirk or (), webhooks=webhooks
    )
    raise typer.Exit(code)


@app.command("graph")
def graph(
    port: _Port = 8082,
    phone_number_id: Annotated[str, typer.Option(help="Of the gym's number.")] = "106540352242922",
    token: Annotated[str, typer.Option(help="With which the Graph API is asked.")] = "sim-access-token",  # noqa: S107 - opens nothing real
    app_secret: Annotated[str, typer.Option(help="Signs the webhooks.")] = "sim-app-secret",  # noqa: S107
    webhooks: Annotated[
        str | None, typer.Option(help="Where webhooks are posted, once it has answered the challenge.")
    ] = None,
    verify_token: Annotated[str, typer.Option(help="What that address has to know.")] = "sim-verify-token",  # noqa: S107
    seed: Annotated[int, typer.Option(help="Of everything that is left to chance.")] = 1,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="[operation:]fault[=number][*times], such as code=131056*3. Repeatable."),
    ] = None,
) -> None:
    """Serve Meta's Graph API for a WhatsApp number that does not exist, with people who write to it.

    Faults: code, html, html-after, drop-before, drop-after, slow, garbled, late (accepted, then reported as
    failed); "after": it was done all the same. The number is a code, a status or seconds. Operations:
    messages (without another word), marks, upload, media, download, delete, *.

    While it runs, JSON to these paths changes it:

    \b
    POST /simulator/say       {"from": "+49…", "kind", …}; gives the id. By kind:
                                text {text, quoting, times}     voice {content}
                                audio, document, image, sticker, video {content, mime, caption, filename}
                                tap {title}                     location {latitude, longitude, name}
                                number {}                       contact {name, number}
                                reaction {message_id, emoji}    edit {message_id, text}
                                revoke {message_id}             new-number {number}
                                unsupported {what}              (content is base64)
                                raw {content: {"type", ...}}    anything else that Meta may write
    GET /simulator/phones/N   what has arrived at a number
    POST /simulator/phones    {"number", "name", "user_id", "hidden", "reads"}
    POST /simulator/faults    {"fault", "times"=1|null, "operation", "code", "status", "seconds", "chance"}
    DELETE /simulator/faults  nothing goes wrong any more
    POST /simulator/answers   {"error_data"="object"|"text"|"none", "refuses_late", "window", "limits",
                               "silence", "down", "delay", "answer_delay"}
    POST /simulator/clock     {"seconds"}: windows close, addresses and media expire
    POST /simulator/statuses  {"latency", "spread", "doubled", "silent", "undelivered", "version", "category"}
    POST /simulator/webhooks  {"url", "copies", "spread", "batch", "linger"}
    POST /simulator/templates {"name", "languages", "category", "parameters", "approval", "held"}
    POST /simulator/held      {"good"}: what was held back is delivered, or is not
    POST /simulator/account   {"field", "value"}: a webhook about the account
    GET /simulator            what was asked and what was delivered
    """  # noqa: D301 - \b keeps the lines in the help
    from arni_edge.simulator.graph.alone import run_alone  # noqa: PLC0415 - needs the simulator extra

    code = run_alone(
        port=port, phone_number_id=phone_number_id, token=token, app_secret=app_secret, webhooks=webhooks,
        verify_token=verify_token, seed=seed, faults=fault or (),
    )  # fmt: skip
    raise typer.Exit(code)
