"""The accounts and files of the managed broker, as text; what they mean is tested on a real one."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from arni_edge.broker.accounts import Account, AclRule, accounts, nuki_rights, rights
from arni_edge.broker.config import render_acl, render_config, render_passwords
from arni_edge.domain.errors import ConfigurationError
from arni_edge.settings import Settings

HOUSE = Settings.model_validate(
    {
        "site": {"id": "site1", "name": "Gym", "capacity": 40},
        "doors": [{"id": "front", "name": "Front", "lock": {"nuki_id": "2BB28570"}}],
        "shellies": [{"id": "light", "prefix": "shelly-light", "role": "light"}],
    }
)


def test_everybody_has_an_account_of_their_own() -> None:
    assert set(rights(HOUSE)) == {"arni-edge", "arni-vision", "nuki-front", "shelly-light"}


def test_only_the_daemon_may_write_a_command_topic() -> None:
    commands = ("/lockAction", "/lock", "/unlock", "light/rpc", "/command", "/command/#", "nuki/#")
    for username, rules in rights(HOUSE).items():
        written = [rule.topic for rule in rules if rule.access != "read"]
        if username != "arni-edge":
            assert not [topic for topic in written if topic.endswith(commands)], username


def test_a_lock_may_spell_its_id_with_and_without_leading_zeros() -> None:
    topics = {rule.topic for rule in nuki_rights("bb2") if rule.topic.endswith("/state")}
    assert topics == {"nuki/BB2/state", "nuki/00000BB2/state"}


def test_accounts_carry_their_passwords() -> None:
    passwords = {username: SecretStr(f"secret of {username}") for username in rights(HOUSE)}
    for account in accounts(HOUSE, passwords):
        assert account.password == passwords[account.username]
        assert "secret" not in repr(account)


def test_renders_the_acl_file() -> None:
    account = Account("lock", SecretStr("x"), (AclRule("write", "a/b"), AclRule("read", "c d/#")))
    other = Account("watch", SecretStr("y"), ())
    assert render_acl([account, other]) == "user lock\ntopic write a/b\ntopic read c d/#\n\nuser watch\n"
    assert render_passwords([account, other]) == "lock:x\nwatch:y\n"


@pytest.mark.parametrize("topic", ["a\ntopic readwrite #", "a\rb", "a\0b"])
def test_a_topic_cannot_smuggle_a_right(topic: str) -> None:
    with pytest.raises(ConfigurationError, match="control character"):
        render_acl([Account("lock", SecretStr("x"), (AclRule("write", topic),))])


def test_a_bad_account_name_does_not_show_its_password() -> None:
    with pytest.raises(ConfigurationError) as caught:
        render_passwords([Account("a\tb", SecretStr("hush"), ())])
    assert "hush" not in str(caught.value)


def test_a_socket_path_that_no_socket_can_have_is_reported() -> None:
    with pytest.raises(ConfigurationError, match=r"paths\.runtime"):
        render_config(directory=Path("/d"), socket=Path("/" + "x" * 107), host="h", port=1, as_root=False)


def test_the_settings_that_keep_an_old_command_from_opening_a_door() -> None:
    text = render_config(directory=Path("/d"), socket=Path("/r/s"), host="10.0.0.1", port=1883, as_root=False)
    lines = text.splitlines()
    for line in (
        "allow_anonymous false",
        "persistence false",
        "queue_qos0_messages false",
        "persistent_client_expiration 1h",
        "listener 0 /r/s",
        "listener 1883 10.0.0.1",
    ):
        assert line in lines
    assert "user root" not in lines
