"""A wrong setting is reported with its path in the file, its value and what would be right."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from arni_edge.domain.errors import ConfigurationError
from arni_edge.settings import Settings, control_socket, load_settings

_MINIMUM = '[site]\nid = "demo"\nname = "Demo"\ncapacity = 40\n'
_REPOSITORY = Path(__file__).parents[3]


def _problems(tmp_path: Path, text: str, environment: dict[str, str] | None = None) -> str:
    path = tmp_path / "arni.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(path, environment or {})
    return str(caught.value)


def _load(tmp_path: Path, text: str, environment: dict[str, str] | None = None) -> Settings:
    path = tmp_path / "arni.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, environment or {})


def test_the_shipped_configuration_is_valid() -> None:
    assert load_settings(_REPOSITORY / "config" / "arni.toml", {}).site.capacity >= 1


def test_a_wrong_value_is_shown_with_its_path(tmp_path: Path) -> None:
    problem = _problems(tmp_path, _MINIMUM.replace("40", '"many"'))
    assert "site.capacity = 'many'" in problem


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    problem = _problems(tmp_path, '[site]\nid = "Not An Id"\nname = "x"\ncapacity = 0\n')
    assert "site.id" in problem
    assert "site.capacity" in problem


def test_an_unknown_key_is_an_error_with_a_suggestion(tmp_path: Path) -> None:
    assert "did you mean 'timezone'" in _problems(tmp_path, _MINIMUM + 'timezon = "Europe/Berlin"\n')


def test_an_unknown_section_is_an_error(tmp_path: Path) -> None:
    assert "visionn: is not a setting; did you mean 'vision'" in _problems(tmp_path, _MINIMUM + "[visionn]\n")


def test_the_place_in_a_list_counts_from_one(tmp_path: Path) -> None:
    door = '[[doors]]\nid = "front"\nname = "F"\n[doors.lock]\nnuki_id = "2BB28570"\n'
    problem = _problems(tmp_path, _MINIMUM + door + door.replace("2BB28570", "xyz").replace("front", "back"))
    assert "doors[2].lock.nuki_id = 'xyz'" in problem


def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    text = _MINIMUM + '[whatsapp]\nphone_number_id = "12345"\naccess_token = "EAAtopsecret"\n'
    problem = _problems(tmp_path, text)
    assert "whatsapp.access_token = ***" in problem
    assert "whatsapp_access_token" in problem
    assert "EAAtopsecret" not in problem


def test_credentials_come_from_their_directory(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "sms_token").write_text("t0ken\n")
    (credentials / "camera_door_password").write_text("pa55\n")
    text = (
        _MINIMUM
        + '[sms]\nurl = "https://sms.example"\n[vision]\nmodel = "m.onnx"\n'
        + '[[cameras]]\nid = "door"\nurl = "rtsp://10.0.0.2/x"\n'
    )
    settings = _load(tmp_path, text, {"CREDENTIALS_DIRECTORY": str(credentials)})
    assert settings.sms is not None
    assert settings.sms.token == SecretStr("t0ken")
    assert settings.cameras[0].password == SecretStr("pa55")
    assert "t0ken" not in repr(settings)


def test_an_id_that_no_credential_can_have_is_explained(tmp_path: Path) -> None:
    text = _MINIMUM + '[[cameras]]\nid = "a\\u0000b"\nurl = "rtsp://10.0.0.2/x"\n'
    with pytest.raises(ConfigurationError, match="cannot be read"):
        _load(tmp_path, text, {"CREDENTIALS_DIRECTORY": str(tmp_path)})


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    assert _load(tmp_path, _MINIMUM, {"ARNI_SITE__CAPACITY": "77"}).site.capacity == 77


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("site = 3\n", "site = 3: must be a table: [site]"),
        ("cameras = {a = 1}\n" + _MINIMUM, "[[cameras]]"),
        (_MINIMUM.replace("40", "4.5"), "must be a whole number"),
        (_MINIMUM.replace("40", "1e400"), "must be a whole number"),
        (_MINIMUM.replace("40", "0"), "must be at least 1"),
        (_MINIMUM.replace('"demo"', '"Über Gym"'), "lower-case letters"),
        (_MINIMUM + '[logging]\nlevel = "loud"\n', "'debug', 'info', 'warning' or 'error'"),
        (_MINIMUM + '[vision]\nenabled = "perhaps"\n', "must be true or false"),
    ],
)
def test_what_would_be_right_is_said_in_plain_words(tmp_path: Path, text: str, expected: str) -> None:
    problem = _problems(tmp_path, text)
    assert expected in problem
    assert "instance of" not in problem


def test_a_secret_in_the_file_does_not_hide_the_other_problems(tmp_path: Path) -> None:
    text = _MINIMUM.replace("40", "0") + '[sms]\nurl = "https://r.example"\ntoken = "geheim"\n'
    problem = _problems(tmp_path, text)
    assert "sms_token" in problem
    assert "site.capacity" in problem
    assert "geheim" not in problem


def test_a_problem_from_the_environment_names_the_variable(tmp_path: Path) -> None:
    problem = _problems(tmp_path, _MINIMUM, {"ARNI_SITE__CAPACITY": "many"})
    assert "environment ARNI_SITE__CAPACITY: site.capacity = 'many'" in problem


def test_a_list_cannot_be_set_from_the_environment(tmp_path: Path) -> None:
    assert "only plain sections" in _problems(tmp_path, _MINIMUM, {"ARNI_CAMERAS__URL": "x"})


def test_a_running_daemon_is_found_with_a_file_that_is_broken_by_now(tmp_path: Path) -> None:
    path = tmp_path / "arni.toml"
    path.write_text('[site]\ncapacity = "many"\n[paths]\nruntime = "/tmp/run"\n')
    assert control_socket(path, {}) == Path("/tmp/run/control.sock")
    assert control_socket(path, {"ARNI_PATHS__RUNTIME": "/x"}) == Path("/x/control.sock")
    path.write_text("[site]\n")
    assert control_socket(path, {}) == Path("/run/arni-edge/control.sock")


def test_a_wrong_secret_is_masked(tmp_path: Path) -> None:
    text = _MINIMUM + '[relay]\nurl = "https://relay.example"\n'
    path = tmp_path / "arni.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_settings(path, {"ARNI_RELAY__TOKENN": "s3cret"})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[site\n", "is not valid TOML"),
        (_MINIMUM + '[[cameras]]\nid = "a"\nurl = "http://x"\n', "rtsp://"),
        (_MINIMUM + '[[cameras]]\nid = "a"\nurl = "rtsp://u:geheim@10.0.0.2/x"\n', "must not carry"),
        (_MINIMUM + '[hours]\nmonday = ["22:00-06:00"]\n', "split a night"),
        (_MINIMUM + '[hours]\nmonday = "always"\n', "must be a list"),
        (_MINIMUM + '[relay]\nurl = "http://relay.example"\n', "https://"),
        (_MINIMUM.replace("name", 'timezone = "Mars/Base"\nname'), "time zone"),
        (_MINIMUM + '[whatsapp]\nphone_number_id = "12345"\n', "relay"),
        (
            _MINIMUM
            + '[[cameras]]\nid = "a"\nurl = "rtsp://10.0.0.2/x"\n[[cameras.zones]]\nid = "z"\nname = "Z"\n'
            'kind = "floor"\npolygon = [[0,0],[1,0],[1,1]]\n',
            "legal_basis",
        ),
        (
            _MINIMUM + '[[doors]]\nid = "a"\nname = "A"\nlock = {nuki_id = "1"}\n' * 2,
            "used twice",
        ),
    ],
)
def test_what_is_wrong_is_explained(tmp_path: Path, text: str, expected: str) -> None:
    problem = _problems(tmp_path, text)
    assert expected in problem
    assert "geheim" not in problem


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"copy config/arni\.toml"):
        load_settings(tmp_path / "none.toml", {})


_DOOR = '[[doors]]\nid = "{0}"\nname = "x"\n[doors.lock]\n{1}\n'
_RELAY = '[[shellies]]\nid = "{0}"\nprefix = "{1}"\nrole = "{2}"\n{3}\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            _DOOR.format("a", 'nuki_id = "0bB2"') + _DOOR.format("b", 'nuki_id = "BB2"'),
            "'b' has the same lock as 'a'",
        ),
        (
            _DOOR.format("a", 'kind = "nuki_hub"') + _DOOR.format("b", 'kind = "nuki_hub"'),
            "'b' has the same lock as 'a'",
        ),
        (
            _RELAY.format("s", "gym/s", "strike", "")
            + "".join(_DOOR.format(name, 'kind = "strike"\ndevice = "s"') for name in "ab"),
            "'b' has the same lock as 'a'",
        ),
        (
            _RELAY.format("s", "gym/s", "strike", "") + _RELAY.format("lamp", "gym/s", "light", ""),
            "'lamp' is the same output as 's'",
        ),
        (_RELAY.format("s", "gym/s", "strike", 'component = "light"'), "a strike is switched by a relay"),
        (_RELAY.format("s", "gym/s", "siren", 'component = "rgb"'), "a siren is switched by a relay"),
        (_RELAY.format("s", "gym/s", "light", 'component = "cover"'), "a cover cannot be a light"),
        (_RELAY.format("s", "gym/status", "light", ""), "must not end in /"),
        (_RELAY.format("s", "gym/", "light", ""), "must not end in /"),
        (_RELAY.format("s", "events", "light", ""), "must not end in /"),
        (_RELAY.format("s", "arni/gym/edge", "light", ""), "topics below arni/"),
        (_RELAY.format("s", "shellies", "light", ""), "those of all devices"),
        (_RELAY.format("s", "gym/\u202ex", "light", ""), "cannot be printed"),
        (
            _DOOR.format("a", 'kind = "nuki_hub"\nprefix = "gym"') + _RELAY.format("s", "gym", "light", ""),
            "'s' has the prefix of the nuki_hub of the door 'a'",
        ),
        (_RELAY.format("s", "nuki/2BB28570", "light", ""), "topics below nuki/"),
        (_DOOR.format("a", 'nuki_id = "BB2"\ngoal_seconds = 49'), "at most 60 s"),
        (_DOOR.format("a", 'kind = "nuki_hub"\nreaction_seconds = 11'), "at most 60 s"),
    ],
)
def test_what_would_give_a_door_two_masters_or_none_is_refused(
    tmp_path: Path, text: str, expected: str
) -> None:
    assert expected in _problems(tmp_path, _MINIMUM + text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[hours]\nmonday = ["06:00+01:00-12:00"]\n', "without a time zone"),
        ('[hours]\nmonday = ["06:00Z-12:00Z"]\n', "without a time zone"),
        ('[hours]\nmonday = ["T06:00-T12:00"]\n', "must look like 06:00-23:00"),
        ("[hours]\nmonday = [{ start = 06:00:00, until = 05:00:00 }]\n", "ends after it begins"),
        ('[hours]\nmonday = ["22:00-06:00"]\n', "split a night into two days"),
        ('[automation]\nquiet_hours = ["06:00+01:00-07:00"]\n', "without a time zone"),
        ("[access]\nmirror_max_age_hours = inf\n", "8760"),
        ('[[access.plans]]\nid = "a"\n[[access.plans]]\nid = "a"\n', "plans: a stands there twice"),
        (
            "[[access.holidays]]\nday = 2026-12-24\n[[access.holidays]]\nday = 2026-12-24\n",
            "holidays: 2026-12-24 stands there twice",
        ),
        ('[[access.plans]]\nid = "a"\ndoors = ["vault"]\n', "names the door 'vault'"),
    ],
)
def test_hours_and_rules_mean_one_thing_or_are_refused(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in _problems(tmp_path, _MINIMUM + text)


def test_one_device_may_have_several_outputs_and_an_old_hub_the_topics_of_locks(tmp_path: Path) -> None:
    text = _RELAY.format("s", "gym/s", "strike", "switch = 0") + _RELAY.format(
        "lamp", "gym/s", "light", "switch = 1"
    )
    hub = _DOOR.format("a", 'kind = "nuki_hub"\nprefix = "nuki"')
    assert len(_load(tmp_path, _MINIMUM + text + hub).shellies) == 2
