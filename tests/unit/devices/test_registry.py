"""Adopt, ignore, rename; adopted devices as settings; what is refused and why. On a real database."""

import tomllib
from datetime import timedelta

import pytest
from support.clock import ManualClock

from arni_edge.devices.adopted import adopted, with_adopted
from arni_edge.devices.picture import Owned, Picture
from arni_edge.devices.ports import Sighting
from arni_edge.devices.registry import Registry, Wish, clean_name
from arni_edge.domain.devices import Availability
from arni_edge.domain.errors import InvalidInput, Refused
from arni_edge.domain.readings import Identity
from arni_edge.settings import Settings
from arni_edge.storage import Database
from arni_edge.storage.devices import MOST_SEEN

PREFIX = "shellyplus1-a8032abe54dc"
KEY = "shelly:A8032ABE54DC"
SETTINGS = Settings.model_validate(
    {
        "site": {"id": "studio", "name": "Studio", "capacity": 10},
        "shellies": [{"id": "light", "prefix": "gym/light", "role": "light"}],
    }
)
SIREN = Wish("siren", "siren", "Halle", "Sirene")


def a_shelly(key: str = KEY, prefix: str = PREFIX, generation: int | None = 2) -> Picture:
    return Picture(key, None, Identity("shelly", generation, "SNSW-001X16EU", "1.7.5", prefix=prefix))


async def adopt(
    database: Database,
    wish: Wish = SIREN,
    picture: Picture | None = None,
    state: Availability = Availability.LIVE,
) -> None:
    await Registry(database, ManualClock()).adopt(picture or a_shelly(), state, wish, SETTINGS)


async def test_an_adopted_device_is_in_the_settings(database: Database) -> None:
    await adopt(database)
    (siren,) = await adopted(database)
    assert (siren.id, siren.prefix, siren.role, siren.room, siren.name) == (
        "siren",
        PREFIX,
        "siren",
        "Halle",
        "Sirene",
    )
    assert [one.id for one in with_adopted(SETTINGS, [siren]).shellies] == ["light", "siren"]


@pytest.mark.parametrize("change", [{"id": "light"}, {"prefix": "gym/light"}])
async def test_the_file_wins(database: Database, change: dict[str, str]) -> None:
    await adopt(database)
    (siren,) = await adopted(database)
    assert with_adopted(SETTINGS, [siren.model_copy(update=change)]) == SETTINGS


@pytest.mark.parametrize("state", [Availability.UNKNOWN, Availability.OFFLINE, Availability.SILENT])
async def test_a_device_that_is_only_remembered_is_adopted_by_force_only(
    database: Database, state: Availability
) -> None:
    with pytest.raises(Refused, match="--force"):
        await adopt(database, state=state)
    await adopt(database, Wish("siren", "siren", force=True), state=state)
    assert len(await adopted(database)) == 1


async def test_a_sleeper_can_be_adopted(database: Database) -> None:
    await adopt(database, Wish("leak", "sensor"), state=Availability.ASLEEP)
    assert [one.id for one in await adopted(database)] == ["leak"]


@pytest.mark.parametrize("name", ["Light", "a/b", "", "x" * 33, "ä", "a+", "../x", "a\nb"])
async def test_an_id_is_a_plain_word(database: Database, name: str) -> None:
    with pytest.raises(InvalidInput, match="id must be"):
        await adopt(database, Wish(name, "siren"))


@pytest.mark.parametrize(
    "wish",
    [
        Wish("a", "robot"),
        Wish("a", "siren", component="laser"),
        Wish("a", "siren", switch=9),
        Wish("light", "siren"),
        Wish("a", "siren", name="a/b"),
        Wish("a", "siren", room="\x1b[31m"),
    ],
)
async def test_an_impossible_wish_is_refused(database: Database, wish: Wish) -> None:
    with pytest.raises(InvalidInput):
        await adopt(database, wish)
    assert await adopted(database) == []


async def test_a_strike_needs_a_door_in_the_file_and_gets_its_tables(database: Database) -> None:
    with pytest.raises(Refused) as refused:
        await adopt(database, Wish("opener", "strike"))
    text = str(refused.value)
    tables = text[text.index("[[") :]

    values = {"site": SETTINGS.site.model_dump(), **tomllib.loads(tables)}
    settings = Settings.model_validate(values)
    assert settings.shellies[0].role == "strike"
    assert settings.doors[0].lock.kind == "strike"


async def test_a_lock_gets_its_table(database: Database) -> None:

    lock = Picture("nuki:2BB28570", None, Identity("nuki", name='Tür "vorn"', prefix="nuki/2BB28570"))
    with pytest.raises(Refused) as refused:
        await adopt(database, Wish("front", "sensor"), lock)
    text = str(refused.value)
    settings = Settings.model_validate(
        {"site": SETTINGS.site.model_dump(), **tomllib.loads(text[text.index("[[") :])}
    )
    assert settings.doors[0].name == 'Tür "vorn"'
    assert settings.doors[0].lock.kind == "nuki"


async def test_a_contested_identity_is_not_adopted(database: Database) -> None:
    picture = a_shelly()
    picture.claimed = {PREFIX, "evil"}
    with pytest.raises(Refused, match="several devices"):
        await adopt(database, picture=picture)


async def test_what_belongs_to_the_house_is_not_adopted_twice(database: Database) -> None:
    owned = a_shelly()
    owned.owned = Owned("light", "shelly/light", ("gym/light",), "shelly", SETTINGS.shellies[0])
    with pytest.raises(Refused, match="belongs to the house"):
        await adopt(database, picture=owned)
    await adopt(database)
    with pytest.raises(Refused, match="adopted already"):
        await adopt(database, Wish("other", "siren"))


async def test_nobody_takes_the_place_of_an_adopted_device(database: Database) -> None:
    await adopt(database)
    clock = ManualClock()
    registry = Registry(database, clock)
    evil = Identity("shelly", 4, "EVIL", "6.6.6", prefix="evil")
    await registry.note([Sighting(KEY, evil, "evil", clock.now() + timedelta(days=1))])
    (siren,) = await adopted(database)
    assert siren.prefix == PREFIX
    row = await registry.find("siren")
    assert row is not None
    assert (row["model"], row["state"]) == ("SNSW-001X16EU", "adopted")


async def test_ignored_leaves_the_house_and_may_be_adopted_again(database: Database) -> None:
    await adopt(database)
    registry = Registry(database, ManualClock())
    await registry.ignore("siren", known=False)
    assert await adopted(database) == []
    await adopt(database)
    assert len(await adopted(database)) == 1
    with pytest.raises(InvalidInput, match="ever heard"):
        await registry.ignore("shelly:\x1b[31m", known=False)


async def test_renaming(database: Database) -> None:
    await adopt(database)
    registry = Registry(database, ManualClock())
    await registry.rename("siren", " Große Sirene ")
    assert [one.name for one in await adopted(database)] == ["Große Sirene"]
    with pytest.raises(InvalidInput):
        await registry.rename("nobody", "x")


@pytest.mark.parametrize("name", ["a/b", "+", "x#", "\x1b]0;x\x07", "a\nb", "\u202egnp", "x" * 65, 5])
def test_a_name_that_is_not_safe_is_refused(name: object) -> None:
    with pytest.raises(InvalidInput):
        clean_name("name", name)


async def test_strangers_on_file_are_bounded_and_adopted_ones_stay(database: Database) -> None:
    await adopt(database)
    clock = ManualClock()
    registry = Registry(database, clock)
    for batch in range(3):
        clock.advance(60)
        await registry.note(
            [
                Sighting(f"shelly:{batch}-{n}", Identity("shelly"), f"h{n}", clock.now())
                for n in range(MOST_SEEN)
            ]
        )
    rows = await registry.everything()
    assert sum(row["state"] == "seen" for row in rows) == MOST_SEEN
    assert [row["id"] for row in rows if row["state"] == "adopted"] == ["siren"]
    assert await registry.find("shelly:2-0") is not None
    assert await registry.find("shelly:0-0") is None
