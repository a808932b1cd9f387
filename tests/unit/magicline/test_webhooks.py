"""What a webhook hints at, whatever it is."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.magicline.webhooks import EVENTS, understand
from arni_edge.storage.magicline.hints import Hint

FOLDER = Path(__file__).parents[2] / "fixtures" / "magicline" / "webhooks"
UUID = "53cda15a-5652-4f62-9b97-508f870ff40b"


def body(kind: object, entity_id: object = 7, uuid: object = UUID, **content: object) -> bytes:
    event = {"timestamp": 1, "type": kind, "content": content, "new": 1}
    return json.dumps({"entityId": entity_id, "uuid": uuid, "payload": [event], "new": 1}).encode()


def test_every_documented_type_has_its_meaning() -> None:
    listed = json.loads((FOLDER / "event-types.json").read_text("utf-8"))["events"]
    assert {one["type"] for one in listed} == EVENTS.keys()
    assert len(EVENTS) == 44
    for one in listed:
        said = understand(body(one["type"], checkouts=[{"customerId": 4}], classId=9))
        assert bool(said.hints) != bool(said.ignored), one
        entity = {"bookingId": "booking", "classSlotId": "slot", "employeeId": "employees"}.get(
            one["entityId"]
        )
        assert not said.hints or entity is None or entity in said.hints[0].entity, one


@pytest.mark.parametrize("sample", sorted(FOLDER.glob("webhook_*.json")), ids=lambda path: path.stem)
def test_the_samples_are_understood_or_ignored_with_a_reason(sample: Path) -> None:
    payload = json.loads(sample.read_text("utf-8"))["payload"]
    said = understand(json.dumps(payload).encode())
    assert said.uuid == payload["uuid"]
    assert bool(said.hints) != bool(said.ignored)


def test_what_some_of_them_mean() -> None:
    assert understand(body("CUSTOMER_ACCESS_DISABLED")).hints == (Hint("customer", 7, urgent=True),)
    assert understand(body("CONTRACT_IDLE_PERIOD_CREATED", contractId=1)).hints == (Hint("customer", 7),)
    assert understand(body("CLASS_SLOT_CANCELLED", classId=9)).hints == (Hint("slot", 7, 9),)
    assert understand(body("CLASS_SLOT_UPDATED", classId="9")).hints == (Hint("slot", 7),)
    left = understand(
        body("AUTOMATIC_CUSTOMER_CHECKOUT", checkouts=[{"customerId": 1}, {"customerId": 2}, 3])
    )
    assert left.hints == (Hint("checkins", 1), Hint("checkins", 2))


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        body("CUSTOMER_UPDATED", uuid=None),
        body("CUSTOMER_UPDATED", uuid="x" * 5000),
        body("CUSTOMER_UPDATED", entity_id=-1),
        body("CUSTOMER_UPDATED", entity_id=2**63),
        body("CUSTOMER_UPDATED", entity_id=True),
        body("CUSTOMER_UPDATED", entity_id="7"),
        body("SOMETHING_NEW"),
        body({"a": 1}),
        json.dumps({"entityId": 1, "uuid": UUID, "payload": {}}).encode(),
        json.dumps({"entityId": 1, "uuid": UUID, "payload": [None, 3]}).encode(),
    ],
)
def test_what_is_no_webhook_of_ours_is_ignored_with_a_reason(hostile: bytes) -> None:
    said = understand(hostile)
    assert said.hints == ()
    assert said.ignored


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(sorted(EVENTS)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["uuid", "entityId", "payload", "type", "content", "checkouts"]), inner
        )
    ),
    max_leaves=12,
)


@given(_JSON | st.binary())
def test_nothing_makes_it_raise(anything: object) -> None:
    said = understand(anything if isinstance(anything, bytes) else json.dumps(anything).encode())
    assert said.uuid or not said.hints
