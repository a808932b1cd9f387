"""Which message belongs to which device, whatever anybody claims; and how many strangers have room."""

from hypothesis import given
from hypothesis import strategies as st

from arni_edge.devices.picture import Owned
from arni_edge.devices.shelf import MOST_DEVICES, Shelf, owned_devices
from arni_edge.domain.readings import Identity, Interpretation
from arni_edge.settings import Settings

SETTINGS = Settings.model_validate(
    {
        "site": {"id": "studio", "name": "Studio", "capacity": 10},
        "doors": [
            {"id": "front", "name": "Front", "lock": {"nuki_id": "0002BB28"}},
            {"id": "street", "name": "Street", "lock": {"kind": "nuki_hub", "prefix": "hub"}},
        ],
        "shellies": [
            {"id": "light", "prefix": "gym/light", "role": "light"},
            {"id": "spot", "prefix": "gym/light/spot", "role": "light"},
        ],
    }
)


class Room:
    """A shelf, and who had to go."""

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.gone: list[str] = []
        self.shelf = Shelf(owned_devices(settings), self.gone.append)

    def say(
        self,
        topic: str,
        device: str | None,
        *,
        prefix: str | None = None,
        formerly: tuple[str, ...] = (),
        retained: bool = False,
    ) -> str | None:
        """Returns the name of the device that the message was given to."""
        identity = Identity("shelly", prefix=prefix) if prefix else None
        said = Interpretation(device, identity=identity, formerly=formerly)
        pictures = self.shelf.place(topic, said, retained=retained)
        return " and ".join(one.name for one in pictures) or None

    @property
    def strangers(self) -> set[str]:
        return {one.key for one in self.shelf.strangers}


def test_what_a_device_with_two_outputs_says_is_said_by_both_of_its_names() -> None:
    outputs = [{"id": f"out{n}", "prefix": "gym/two", "role": "light", "switch": n} for n in (0, 1)]
    room = Room(Settings.model_validate({"site": SETTINGS.site, "shellies": outputs}))
    assert room.say("gym/two/status/input:0", "shelly:A8032ABE54DC") == "out0 and out1"
    assert room.say("gym/else/status/input:0", "shelly:gym/else") == "shelly:gym/else"


def test_the_settings_devices_have_names_for_events() -> None:
    names = {(one.name, one.part, one.family) for one in owned_devices(SETTINGS)}
    assert names == {
        ("light", "shelly/light", "shelly"),
        ("spot", "shelly/spot", "shelly"),
        ("lock/front", "lock/front", "nuki"),
        ("lock/street", "lock/street", "nuki_hub"),
    }


def test_a_topic_belongs_to_the_longest_prefix() -> None:
    room = Room()
    assert room.say("gym/light/events/rpc", "shelly:A") == "light"
    assert room.say("gym/light/spot/online", "shelly:B") == "spot"
    assert room.say("gym/lighter/online", "shelly:C") == "shelly:C"
    assert room.say("hub/opener/state", "nuki_hub:hub") == "lock/street"


def test_a_lock_is_known_by_every_spelling_of_its_id() -> None:
    room = Room()
    assert room.say("nuki/2BB28/state", "nuki:2BB28") == "lock/front"
    assert room.say("nuki/0002BB28/state", "nuki:2BB28") == "lock/front"
    assert room.shelf.find("nuki:2BB28") is room.shelf.find("lock/front")


def test_whoever_uses_the_key_of_one_of_ours_elsewhere_is_not_listened_to() -> None:
    room = Room()
    room.say("gym/light/online", "shelly:A")
    assert room.say("evil/online", "shelly:A") is None
    assert room.say("shellies/announce", "shelly:EVIL", prefix="gym/light") is None
    assert room.strangers == set()


def test_what_is_retained_gives_nobody_a_name() -> None:
    room = Room()
    room.say("gym/light/online", "shelly:OLD", retained=True)
    assert room.shelf.find("shelly:OLD") is None


def test_a_stranger_keeps_its_picture_when_it_says_who_it_is() -> None:
    room = Room()
    room.say("new/online", "shelly:new")
    picture = room.shelf.find("shelly:new")
    assert room.say("new/events/rpc", "shelly:MAC", formerly=("shelly:new",)) == "shelly:MAC"
    assert room.shelf.find("shelly:MAC") is picture
    assert room.strangers == {"shelly:MAC"}


def test_nobody_takes_the_picture_of_another_one() -> None:
    room = Room()
    room.say("new/online", "shelly:new")
    room.say("evil/online", "shelly:EVIL", formerly=("shelly:new",))
    assert room.strangers == {"shelly:new", "shelly:EVIL"}


def test_two_prefixes_with_one_key_are_noticed() -> None:
    room = Room()
    room.say("one/online", "shelly:M", prefix="one")
    room.say("two/online", "shelly:M", prefix="two")
    picture = room.shelf.find("shelly:M")
    assert picture is not None
    assert picture.claimed == {"one", "two"}


def test_who_spoke_lately_stays_and_ours_always_do() -> None:
    room = Room()
    for number in range(MOST_DEVICES * 2):
        room.say(f"h{number}/online", f"shelly:h{number}")
        room.say("kept/online", "shelly:kept")
    assert len(list(room.shelf)) == MOST_DEVICES
    assert "shelly:kept" in room.strangers
    assert len(room.gone) == MOST_DEVICES * 2 + 1 + len(room.shelf.owned) - MOST_DEVICES
    assert {one.name for one in room.shelf.owned} == {"light", "spot", "lock/front", "lock/street"}


def test_what_is_only_remembered_pushes_nobody_out() -> None:
    room = Room()
    for number in range(MOST_DEVICES):
        room.say(f"h{number}/online", f"shelly:h{number}")
    before = room.strangers
    assert room.say("old/online", "shelly:old", retained=True) is None
    assert room.strangers == before


TOPICS = st.one_of(
    st.text(max_size=40),
    st.builds(
        "/".join, st.lists(st.sampled_from(["gym", "light", "spot", "nuki", "online", "", "x"]), max_size=5)
    ),
)
KEYS = st.one_of(
    st.none(), st.text(max_size=400), st.sampled_from(["shelly:A", "shelly:gym/light", "nuki:2BB28"])
)


@given(
    st.lists(
        st.tuples(TOPICS, KEYS, st.none() | st.text(max_size=20), st.lists(KEYS, max_size=2), st.booleans())
    )
)
def test_only_topics_below_its_prefix_reach_a_device_of_ours(
    said: list[tuple[str, str | None, str | None, list[str | None], bool]],
) -> None:
    room = Room()
    mine: dict[str, Owned] = {one.name: one for one in owned_devices(SETTINGS)}
    for topic, key, prefix, formerly, retained in said:
        former = tuple(one for one in formerly if one is not None)
        name = room.say(topic, key, prefix=prefix, formerly=former, retained=retained)
        if name in mine:
            assert any(topic.startswith(f"{one}/") for one in mine[name].prefixes)
        for one in room.shelf.strangers:
            assert one.owned is None
