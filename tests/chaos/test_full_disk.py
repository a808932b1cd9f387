"""Alarms on a disk that is full: the cases of ``full_disk.py``, where one may be mounted."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.disks import in_a_namespace

CASES = Path(__file__).with_name("full_disk.py")


def test_an_alarm_reaches_people_whatever_the_disk_does() -> None:
    probe = subprocess.run(in_a_namespace("true"), check=False, capture_output=True, timeout=30)
    if probe.returncode:
        pytest.skip(f"nobody may mount a disk here: {probe.stderr.decode().strip()}")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(CASES)]
    played = subprocess.run(
        in_a_namespace(*command), cwd=CASES.parents[2], check=False, capture_output=True, timeout=110
    )
    assert played.returncode == 0, played.stdout.decode()[-8000:]
    assert b" passed" in played.stdout
