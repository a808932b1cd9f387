"""The accounts and files of the managed broker, as text; what they mean is tested on a real one."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from arni_edge.broker.accounts import Account, AclRule, accounts
from arni_edge.broker.config import render_acl, render_config, render_passwords
from arni_edge.domain.errors import ConfigurationError

RULES = {"lock": (AclRule("write", "a/b"), AclRule("read", "c d/#"), AclRule("deny", "e/#")), "watch": ()}


def test_accounts_carry_their_passwords_and_do_not_show_them() -> None:
    passwords = {username: SecretStr(f"secret of {username}") for username in RULES}
    made = accounts(RULES, passwords)
    assert {one.username: one.acl for one in made} == RULES
    for account in made:
        assert account.password == passwords[account.username]
        assert "secret" not in repr(account)


def test_renders_the_files() -> None:
    assert render_acl(RULES) == (
        "user lock\ntopic write a/b\ntopic read c d/#\ntopic deny e/#\n\nuser watch\n"
    )
    some = [Account("lock", SecretStr("x"), ()), Account("watch", SecretStr("y"), ())]
    assert render_passwords(some) == "lock:x\nwatch:y\n"


@pytest.mark.parametrize("topic", ["a\ntopic readwrite #", "a\rb", "a\0b"])
def test_a_topic_cannot_smuggle_a_right(topic: str) -> None:
    with pytest.raises(ConfigurationError, match="control character"):
        render_acl({"lock": (AclRule("write", topic),)})


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
        "acl_file /d/acl",
        "persistence false",
        "queue_qos0_messages false",
        "upgrade_outgoing_qos false",
        "retain_available true",
        "persistent_client_expiration 1h",
        "listener 0 /r/s",
        "listener 1883 10.0.0.1",
    ):
        assert line in lines
    assert "user root" not in lines
    assert not [line for line in lines if line.startswith(("max_inflight", "bridge", "connection", "plugin"))]
