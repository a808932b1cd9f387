"""``arni-edge simulate magicline``: the double as a server of its own, until it is interrupted."""

import asyncio
import signal
from collections.abc import Sequence

from arni_edge.domain.errors import InvalidInput
from arni_edge.simulator.magicline.faults import plan_of
from arni_edge.simulator.magicline.quirks import Quirks
from arni_edge.simulator.magicline.server import SimulatedMagicline


def run_alone(
    *, port: int, seed: int, members: int, faults: Sequence[str], quirks: Sequence[str], webhooks: str | None
) -> int:
    """Serve on loopback until Ctrl-C.

    Args:
        port: Where; 0: where there is room.
        seed: Of everything that is left to chance.
        members: How many ordinary ones.
        faults: Each ``[operationId:]fault[*times]``.
        quirks: Each ``live``, ``name``, ``no-name`` or ``name=number``.
        webhooks: Where events go; None: nowhere.

    Returns:
        The exit code.

    Raises:
        InvalidInput: There is no such fault, operation or quirk, or the port is taken.
    """
    return asyncio.run(_serve(port, seed, members, faults, quirks, webhooks))


async def _serve(
    port: int, seed: int, members: int, faults: Sequence[str], quirks: Sequence[str], webhooks: str | None
) -> int:
    # By itself it may be held against the official description; 'live' is the word for how it really is.
    magicline = SimulatedMagicline(port=port, seed=seed, members=members, quirks=Quirks.as_described())
    for word in faults:
        magicline.order(plan_of(word))
    for word in quirks:
        magicline.quirks.set(word)
    magicline.webhooks.url = webhooks or ""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        async with magicline:
            print(f"url           {magicline.url}")
            print(f"api_key       {magicline.api_key}")
            print(f"device_url    {magicline.url}")
            print(f"device_token  {magicline.device_token}")
            print(f"webhook key   {magicline.webhooks.key}", flush=True)
            await stop.wait()
    except OSError as error:
        raise InvalidInput(f"port {port}: {error.strerror}") from None
    return 0
