"""When a press at a Shelly of generation 1 is one, and when it is history."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.gen1 import DEVICE, Listener, recorded

from arni_edge.devices.shelly.gen1 import Gen1Reader


def event(press: str, count: int) -> bytes:
    return json.dumps({"event": press, "event_cnt": count}).encode()


@pytest.fixture
def listener() -> Listener:
    """Of a device that has connected and said that nothing was pressed yet."""
    one = Listener()
    one.hear("input_event/0", event("", 0))
    return one


@pytest.mark.parametrize(
    ("press", "name"),
    [
        ("S", "single_push"),
        ("L", "long_push"),
        ("SS", "double_push"),
        ("SSS", "triple_push"),
        ("SL", "short_long_push"),
        ("LS", "long_short_push"),
    ],
)
def test_a_press_is_an_event_once(listener: Listener, press: str, name: str) -> None:
    listener.hear("input_event/0", event(press, 1))
    listener.hear("input_event/0", event(press, 1))  # published again every 30 s
    assert listener.events == [(name, "input:0")]
    assert listener.values == {"input:0.event_cnt": 1}


def test_the_first_message_is_only_the_baseline() -> None:
    listener = Listener()
    (payload,) = [payload for _, payload in recorded("gen1_input_event")]
    listener.hear("input_event/0", payload)
    assert listener.events == []
    listener.hear("input_event/0", event("S", 58))
    assert listener.events == [("single_push", "input:0")]


def test_info_is_a_baseline_and_never_a_press() -> None:
    listener = Listener()
    listener.hear("info", {"uptime": 9, "inputs": [{"input": 0, "event": "S", "event_cnt": 6}]})
    listener.hear("input_event/0", event("S", 6))
    assert listener.events == []
    listener.hear("info", {"uptime": 10, "inputs": [{"input": 0, "event": "S", "event_cnt": 7}]})
    assert listener.events == []
    listener.hear("input_event/0", event("S", 7))  # its own message follows
    assert listener.events == [("single_push", "input:0")]


def test_inputs_count_for_themselves(listener: Listener) -> None:
    listener.hear("input_event/1", event("S", 7))
    listener.hear("input_event/0", event("L", 1))
    listener.hear("input_event/1", event("S", 8))
    assert listener.events == [("long_push", "input:0"), ("single_push", "input:1")]


def test_history_is_no_press_and_no_baseline(listener: Listener) -> None:
    listener.hear("input_event/0", event("S", 1), retained=True)
    assert listener.events == []
    listener.hear("input_event/0", event("S", 1))
    assert listener.events == [("single_push", "input:0")]


@pytest.mark.parametrize("press", ["", "X", "s", 7, None])
def test_only_known_words_are_presses(listener: Listener, press: object) -> None:
    listener.hear("input_event/0", {"event": press, "event_cnt": 1})
    assert listener.events == []


@pytest.mark.parametrize("count", [-1, 70_000, True, 1.5, "1", None])
def test_what_is_no_counter_proves_no_press(listener: Listener, count: object) -> None:
    listener.hear("input_event/0", {"event": "S", "event_cnt": count})
    assert listener.events == []


def test_the_counter_wraps_around(listener: Listener) -> None:
    listener.hear("input_event/0", event("", 65535))
    listener.hear("input_event/0", event("S", 0))
    assert listener.events == [("single_push", "input:0")]


def test_after_a_reboot_the_baseline_is_new(listener: Listener) -> None:
    listener.hear("info", {"uptime": 500})
    listener.hear("input_event/0", event("S", 3))
    listener.events.clear()
    listener.hear("info", {"uptime": 2, "inputs": []})
    assert listener.events == [("rebooted", "")]
    listener.hear("input_event/0", event("S", 1))  # pressed while nobody listened
    assert listener.events == [("rebooted", "")]
    listener.hear("input_event/0", event("S", 2))
    assert listener.events[-1] == ("single_push", "input:0")


def test_a_device_that_comes_online_sets_a_new_baseline(listener: Listener) -> None:
    listener.hear("online", "true")
    listener.hear("input_event/0", event("S", 5))
    assert listener.events == [("online", "")]


def test_a_retained_online_changes_nothing(listener: Listener) -> None:
    listener.hear("online", "true", retained=True)
    listener.hear("input_event/0", event("S", 1))
    assert listener.events == [("single_push", "input:0")]


def test_a_new_session_of_ours_forgets(listener: Listener) -> None:
    listener.reader.forget(DEVICE)
    listener.reader.forget("shelly:nobody")
    listener.hear("input_event/0", event("S", 1))
    assert listener.events == []


def test_a_device_keeps_its_baseline_under_another_name(listener: Listener) -> None:
    listener.reader.rename(DEVICE, "shelly:ABCDEF012345")
    listener.reader.rename("shelly:nobody", "shelly:somebody")
    said = listener.reader.read("shelly:ABCDEF012345", "input_event/0", event("S", 1), retained=False)
    assert [one.name for one in said.events] == ["single_push"]


# --- Button1: its counter survives sleep ------------------------------------------------------------------


def wake(listener: Listener, reason: str, press: str, count: int) -> None:
    """One burst of a Button1, in the order of the wire."""
    listener.hear("online", "true")
    said = {
        "uptime": 3,
        "act_reasons": [reason],
        "inputs": [{"input": 0, "event": press, "event_cnt": count}],
    }
    listener.hear("info", said)
    listener.hear("input_event/0", event(press, count))
    listener.hear("online", "false")
    listener.events = [one for one in listener.events if one[0] not in ("online", "offline")]


def test_a_woken_button_shows_its_last_press_again() -> None:
    listener = Listener()
    for leaf, payload in recorded("dump_gen1_shellybutton1-485519F31EA3"):
        listener.hear(leaf, payload)
    assert listener.events == []


def test_a_press_wakes_a_button() -> None:
    listener = Listener()
    wake(listener, "periodic", "S", 304)
    assert listener.events == []
    wake(listener, "button", "S", 305)
    assert listener.events == [("single_push", "input:0")]
    wake(listener, "periodic", "S", 305)
    assert listener.events == [("single_push", "input:0")]


def test_a_press_that_was_lost_does_not_count_hours_later() -> None:
    listener = Listener()
    wake(listener, "button", "S", 304)
    wake(listener, "periodic", "S", 305)
    assert listener.events == []


def test_a_button_that_does_not_say_why_it_woke_only_sets_the_baseline() -> None:
    listener = Listener()
    wake(listener, "button", "S", 304)
    listener.hear("online", "true")
    listener.hear("input_event/0", event("S", 305))
    assert listener.events == [("online", "")]


@given(st.lists(st.tuples(st.sampled_from(["", "S", "L"]), st.integers(0, 3), st.booleans()), max_size=12))
def test_no_press_without_a_new_counter(stream: list[tuple[str, int, bool]]) -> None:
    reader, last = Gen1Reader(), None
    for press, count, retained in stream:
        said = reader.read(DEVICE, "input_event/0", event(press, count), retained=retained)
        new = not retained and bool(press) and last is not None and count != last
        assert bool(said.events) == new
        last = last if retained else count


def test_made_up_devices_do_not_fill_the_memory() -> None:
    reader = Gen1Reader()
    for number in range(3000):
        reader.read(f"shelly:{number}", "input_event/0", event("", 0), retained=False)
    assert len(reader._memories) <= 1024
