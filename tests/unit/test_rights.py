"""The accounts of a whole house."""

from arni_edge.access.sentry import command_topics
from arni_edge.broker.filters import covers, matches
from arni_edge.daemon.rights import doors_read_by_cameras, house_rights, owners_acl
from arni_edge.devices.listening import book_filters
from arni_edge.settings import Settings


def a_house(*, newcomers: bool = False, mode: str = "managed") -> Settings:
    return Settings.model_validate(
        {
            "site": {"id": "site1", "name": "Gym", "capacity": 40},
            "broker": {"mode": mode, "username": "gym-box", "newcomers": newcomers},
            "doors": [
                {"id": "front", "name": "Front", "lock": {"nuki_id": "2BB28570"}, "reader": True},
                {"id": "street", "name": "Street", "lock": {"kind": "nuki_hub", "prefix": "hub"}},
                {"id": "side", "name": "Side", "lock": {"kind": "strike", "device": "strike"}},
            ],
            "shellies": [
                {"id": "strike", "prefix": "shelly-strike", "role": "strike"},
                {"id": "lamp", "prefix": "shellies/shelly1-AA", "role": "light", "generation": 1},
            ],
        }
    )


def test_everybody_has_an_account_of_their_own() -> None:
    assert set(house_rights(a_house())) == {
        "arni-edge",
        "arni-vision",
        "nuki-front",
        "reader-front",
        "hub-street",
        "shelly-strike",
        "shelly-lamp",
    }
    assert "arni-newcomer" in house_rights(a_house(newcomers=True))


def test_a_home_assistant_sees_what_it_is_shown_and_commands_nothing() -> None:
    house = a_house()
    assert "home-assistant" not in house_rights(house)
    shown = house.model_copy(update={"broker": house.broker.model_copy(update={"home_assistant": True})})
    rules = house_rights(shown)["home-assistant"]
    read = [rule.topic for rule in rules if rule.access == "read"]
    for topic in (
        "arni/site1/online",
        "arni/site1/state/people",
        "arni/site1/people",
        "arni/site1/people/floor",
        "arni/site1/camera/door",
        "homeassistant/sensor/arni_site1/people/config",
    ):
        assert any(matches(one, topic) for one in read), topic
    assert [rule.topic for rule in rules if rule.access != "read"] == ["homeassistant/status"]
    for topic in ("nuki/2BB28570/state", "arni/site1/reader/front", "shelly-strike/rpc"):
        assert not any(matches(one, topic) for one in read), topic


def test_only_the_daemon_may_write_a_command_topic() -> None:
    house = a_house(newcomers=True)
    commands = set(command_topics(house.doors, house.shellies))
    for username, rules in house_rights(house).items():
        written = [rule.topic for rule in rules if rule.access in {"write", "readwrite"}]
        denied = [rule.topic for rule in rules if rule.access == "deny"]
        reached = {
            command
            for command in commands
            if any(covers(one, command) for one in written) and not any(covers(no, command) for no in denied)
        }
        assert reached == (commands if username == "arni-edge" else set()), username


def test_looks_for_retained_commands_wherever_a_device_obeys() -> None:
    house = a_house()
    topics = command_topics(house.doors, house.shellies)
    assert {
        "shellies/command",
        "nuki/2BB28570/lockAction",
        "nuki/2BB28570/lock",
        "nuki/2BB28570/unlock",
        "hub/opener/action",
        "shelly-strike/rpc",
        "shelly-strike/command/#",
        "shellies/shelly1-AA/command",
        "shellies/shelly1-AA/relay/+/command",
    } <= set(topics)


def test_an_owner_with_a_broker_of_his_own_gets_an_acl_for_it() -> None:
    text = owners_acl(a_house(mode="external"))
    accounts = [line.removeprefix("user ") for line in text.splitlines() if line.startswith("user ")]
    assert accounts == ["gym-box", "nuki-front", "reader-front", "hub-street", "shelly-strike", "shelly-lamp"]
    ours = text.split("\n\n")[0].splitlines()
    assert {"topic write nuki/2BB28570/lockAction", "topic write arni/site1/vision/#"} <= set(ours)


def test_to_home_assistant_the_daemon_says_its_own_figures_only() -> None:
    settings = a_house().model_copy(
        update={"broker": a_house().broker.model_copy(update={"home_assistant_prefix": "ha/x"})}
    )
    written = {rule.topic for rule in house_rights(settings)["arni-edge"] if rule.access == "write"}
    assert {one for one in written if "arni_" in one} == {
        "ha/x/sensor/arni_site1/+/config",
        "ha/x/binary_sensor/arni_site1/+/config",
    }
    assert not any(one.startswith("homeassistant") for one in written)
    # A lock or a button of ours would be a handle of the door.
    assert not any(covers(one, "ha/x/lock/arni_site1/front/config") for one in written)


def test_nothing_that_the_house_listens_to_hides_that_a_device_is_away() -> None:
    """A filter of ours that matched a command would take away the broker's "nobody listens"."""
    house = a_house(newcomers=True)
    commands = [
        one.replace("#", "switch:0").replace("+", "0") for one in command_topics(house.doors, house.shellies)
    ]
    filters = book_filters(house)
    assert [(one, topic) for one in filters for topic in commands if matches(one, topic)] == []


def test_the_vision_worker_is_the_reader_of_the_doors_that_a_camera_reads_and_of_no_other() -> None:
    region = [[0.1, 0.1], [0.3, 0.1], [0.3, 0.3]]
    cameras = [
        {"id": "door", "url": "rtsp://10.0.0.9/1", "qr": {"door": "street", "region": region}},
        {"id": "hall", "url": "rtsp://10.0.0.8/1"},
    ]
    house = Settings.model_validate(
        {**a_house().model_dump(), "cameras": cameras, "vision": {"enabled": False}}
    )
    rules = house_rights(house)["arni-vision"]
    assert {(rule.access, rule.topic) for rule in rules} == {
        ("write", "arni/site1/vision/#"),
        ("write", "arni/site1/reader/street"),
    }
    assert doors_read_by_cameras(house) == ["street"]
    # No account for a reader that there is not.
    assert "reader-street" not in house_rights(house)
