"""``install.sh``: what it does without touching the machine."""

import os
import subprocess
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[2] / "install.sh"


def _run(*arguments: str, script: Path = _SCRIPT, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | environment
    return subprocess.run(
        [str(script), *arguments], env=env, cwd="/", capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def bare(tmp_path: Path) -> str:
    """A path on which Debian's tools say that nothing is installed, and on which installing fails."""
    for name, body in {
        "dpkg-query": "exit 1",
        "apt-get": 'echo "apt-get was called" >&2; exit 99',
        "sudo": 'while [ "${1#-}" != "$1" ]; do shift; done; exec "$@"',
    }.items():
        tool = tmp_path / name
        tool.write_text(f"#!/bin/sh\n{body}\n")
        tool.chmod(0o755)
    return f"{tmp_path}:{os.environ['PATH']}"


@pytest.mark.parametrize("arguments", [[], ["install"], ["--demo"]])
def test_anything_else_is_wrong_usage(arguments: list[str]) -> None:
    ended = _run(*arguments)
    assert ended.returncode == 2
    assert "Usage: ./install.sh" in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize("argument", ["help", "-h", "--help"])
def test_help_names_both_commands(argument: str) -> None:
    ended = _run(argument)
    assert ended.returncode == 0
    assert "demo [OPTION…]" in ended.stdout
    assert "test [OPTION…]" in ended.stdout


@pytest.mark.parametrize("command", ["demo", "test"])
def test_what_may_not_be_installed_is_named_in_one_command(bare: str, command: str) -> None:
    ended = _run(command, PATH=bare, ARNI_NO_APT="1")
    assert ended.returncode == 3
    (line,) = [line for line in ended.stderr.splitlines() if "apt-get" in line]
    assert line.strip().startswith("apt-get update && apt-get install --no-install-recommends mosquitto ")
    assert "apt-get was called" not in ended.stderr


@pytest.mark.parametrize(("command", "there"), [("test", False), ("test", True), ("demo", False)])
def test_what_only_the_tests_need_is_brought_for_them_if_it_is_not_there(
    bare: str, tmp_path: Path, command: str, there: bool
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for folder in os.environ["PATH"].split(os.pathsep):
        for program in Path(folder).iterdir() if Path(folder).is_dir() else ():
            if program.name != "strace" and not (tools / program.name).is_symlink():
                (tools / program.name).symlink_to(program)
    if there:
        (tools / "strace").symlink_to("/bin/true")
    ended = _run(command, PATH=f"{bare.partition(os.pathsep)[0]}:{tools}", ARNI_NO_APT="1")
    assert ended.returncode == 3
    (line,) = [line for line in ended.stderr.splitlines() if "apt-get" in line]
    assert ("strace" in line.split()) == (command == "test" and not there)


def test_a_failing_step_is_named_and_its_exit_code_kept(bare: str) -> None:
    ended = _run("demo", PATH=bare)
    assert ended.returncode == 99
    assert ended.stderr.splitlines()[-1].startswith("install.sh: FAILED (exit code 99) while installing")


def test_it_knows_its_folder_through_a_link_with_spaces(tmp_path: Path, bare: str) -> None:
    link = tmp_path / "a link"
    link.symlink_to(_SCRIPT)
    assert _run("demo", script=link, PATH=bare, ARNI_NO_APT="1").returncode == 3
