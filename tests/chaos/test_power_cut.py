"""A power cut at any moment of a house's life: what was acknowledged is there, nothing is there half.

A house lives under ``strace``. From what it wrote and synced, and when, follows what a disk may hold after a
power cut at any moment (:mod:`support.power_cut`), and each of these is opened and lived on with.
``ARNI_POWER_CUTS`` says how many are tried, beside the one at every sync that keeps nothing else.
"""

import hashlib
import os
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from support.power_cut import ALL, LOSSES, Loss, Remains, before_syncs, cuts, is_true_to
from support.power_files import BOXES, ENGINE
from support.power_remains import Inspection, history
from support.strace import Call, said, trace

from arni_edge.relay import Papers
from arni_edge.relay.errors import ShutOut
from arni_edge.vision.engines import EngineStore

_CUTS = int(os.environ.get("ARNI_POWER_CUTS", "40"))
_SEED = 112

pytestmark = pytest.mark.timeout(240 + _CUTS)


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder where a sync costs nothing: here only the model of a disk may lose anything."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)


async def test_nothing_acknowledged_is_lost_whenever_the_power_fails(memory: Path, tmp_path: Path) -> None:
    box = memory / "box"
    box.mkdir()
    calls = trace("support.power_lives", str(box), log=tmp_path / "trace")
    assert is_true_to(calls, box)
    inspection = Inspection(await history(calls, box, memory / "history"))
    wanted = _somewhere(calls)
    for remains in cuts(calls, box, wanted, _SEED):
        with remains.laid(memory / "remains") as folder:
            await inspection.inspect(remains, folder)
    acknowledged = [line for _, line in said(calls)]
    print(
        f"\n{len(wanted)} power cuts at {len({moment for moment, _ in wanted})} of {len(calls)} moments:"
        f" {acknowledged.count('committed')} commits and {len(acknowledged)} acknowledgements, none lost"
    )


def _somewhere(calls: Sequence[Call]) -> set[tuple[int, Loss]]:
    """All at every sync, and anything at any moment."""
    dice = random.Random(_SEED)
    syncs = before_syncs(calls)
    moments = [*syncs, *(dice.randint(syncs[0], len(calls)) for _ in syncs)]
    some = {(dice.choice(moments), dice.choice(LOSSES)) for _ in range(_CUTS)}
    return some | {(moment, ALL) for moment in syncs}


# --- files --------------------------------------------------------------------------------------------------


def test_files_are_old_or_new_and_what_was_kept_stays(memory: Path, tmp_path: Path) -> None:
    """Keys, passwords, the box's identity, configuration, models: one helper writes them all."""
    root = memory / "root"
    root.mkdir()
    calls = trace("support.power_files", str(root), log=tmp_path / "trace")
    assert is_true_to(calls, root)
    versions: dict[str, list[str]] = {}
    for _, line in said(calls):
        if line.startswith("kept "):
            _, name, digest = line.split()
            versions.setdefault(name, []).append(digest)
    assert len(versions) == 6
    wrong: list[str] = []
    for remains in cuts(calls, root, _everywhere(calls), _SEED):
        with remains.laid(memory / "remains") as folder:
            wrong += [f"{remains}: {what}" for what in _wrong(remains, folder, versions)]
    assert not wrong, "\n".join(wrong[:20])
    print(f"\n{len(_everywhere(calls))} power cuts while {sum(map(len, versions.values()))} files were kept")


def _everywhere(calls: Sequence[Call]) -> set[tuple[int, Loss]]:
    """Every loss at every moment at which there is something to lose."""
    return {(moment, loss) for moment in range(before_syncs(calls)[0], len(calls) + 1) for loss in LOSSES}


def _wrong(remains: Remains, folder: Path, versions: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What must not be so after a power cut, each as a sentence."""
    for name, kept in versions.items():
        done = sum(word.startswith(f"kept {name} ") for word in remains.said)
        found = remains.files.get(name)
        if found is None:
            if done:
                yield f"{name} is not there any more"
        elif hashlib.sha256(found).hexdigest() not in kept[max(0, done - 1) : done + 1]:
            yield f"{name} is neither what it was nor what it was to be"
    enrolled = sum(word.startswith("enrolled ") for word in remains.said)
    if _who(folder) not in ["", *BOXES][enrolled : enrolled + 2]:
        yield f"enrolled {enrolled} times, and the box thinks that it is {_who(folder)!r}"
    engine = EngineStore(folder / "engines").find("engine")
    if engine is None:
        if "built engine" in remains.said:
            yield "the engine is not there any more"
    elif {name: (engine / name).read_bytes() for name in ENGINE} != ENGINE:
        yield "a damaged engine is taken for a whole one"


def _who(folder: Path) -> str:
    """Who the box believes to be; empty: nobody yet."""
    try:
        return Papers(folder / "state" / "relay").load().box
    except ShutOut as error:
        return "" if error.reason == "not enrolled" else str(error)
