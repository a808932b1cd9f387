"""One member with something in every table, for erasures and exports."""

import base64
from collections.abc import Callable
from datetime import datetime

from arni_edge.domain.people import Member
from arni_edge.storage import Database, Transaction, members
from arni_edge.storage.audit import AuditLog
from arni_edge.storage.outbound import to_json

KIM = Member("M-77310-X", "Kimberly Öztürk-Planted", "+4915112349876")
OTHER = Member("M2", "Ben Beispiel", "+4915155500002")
_FURTHER = ("+493012349877", "+493055500003")
DIGITS = KIM.phone.removeprefix("+")
BSUID = "DE.98765432109876"
WAMID = "wamid." + base64.b64encode(b"\x1c\x18\x0d" + DIGITS.encode() + b"\x15\x02\x00\x11").decode()
PLANTED = (
    KIM.name,
    "Planted",
    "planted",
    KIM.phone,
    DIGITS,
    "0151 1234 9876",
    "015112349876",
    _FURTHER[0],
    "3012349877",
    BSUID,
    WAMID,
    KIM.member_id,
    "kim.planted@example.org",
    "DE89 3704 0044 0532 0130 00",
    "Bandscheibenvorfall",
)
"""Everything that must be gone afterwards."""


def _mirror(add: Callable[..., None], at: str) -> None:
    """Both of them as Magicline has them."""
    for number, who in enumerate((KIM, OTHER)):
        add(
            "magicline_customers",
            customer_id=1229488490 + number,
            member_id=who.member_id,
            number=f"1-{number}-{who.member_id}",
            first_name=who.name.split()[0],
            last_name=who.name.split()[1],
            phones=f'["{who.phone}", "{_FURTHER[number]}"]',
            status="MEMBER",
            access_refused=0,
            restrictions="[]",
            read_at=at,
        )
        add("member_phones", member_id=who.member_id, phone=_FURTHER[number])
        theirs: dict[str, object] = {"customer_id": 1229488490 + number, "read_at": at}
        add(
            "magicline_contracts",
            **theirs,
            contract_id=7 + number,
            rate_name="Basic",
            rate_codes="[]",
            status="ACTIVE",
            cancelled=0,
            reversed=0,
        )
        add("magicline_pauses", **theirs, contract_id=7 + number, start_on="2026-01-01", unlimited=0)
        add("magicline_checkins", **theirs, checkin_id=7 + number)
        add(
            "magicline_bookings",
            **theirs,
            kind="class",
            booking_id=7 + number,
            status="BOOKED",
            title="",
            takes_place="PLANNED",
            participation="UNSET",
        )


async def fill(database: Database, now: datetime) -> None:
    """Kim in every table, and Ben beside her."""
    at, later = now.isoformat(), "2027-01-01T00:00:00+00:00"
    kim, ben = ("whatsapp", DIGITS), ("whatsapp", OTHER.phone.removeprefix("+"))
    rows: list[tuple[str, dict[str, object]]] = []

    def add(table: str, **values: object) -> None:
        rows.append((table, values))

    for number, (address, phone, text) in enumerate(
        [
            (DIGITS, KIM.phone, "Ich bin Kimberly, kim.planted@example.org, Bandscheibenvorfall"),
            (BSUID, KIM.phone, "DE89 3704 0044 0532 0130 00 ist meine IBAN"),
            (BSUID, None, "ohne Nummer"),
            (ben[1], OTHER.phone, "Hallo, hier ist Ben"),
        ]
    ):
        add(
            "inbound",
            channel="whatsapp",
            message_id=WAMID if number == 0 else f"wamid.x{number}",
            phone=phone,
            conversation=address,
            kind="text",
            text=text,
            sent_at=at,
            received_at=at,
            state="handled",
        )
    for number, (address, state) in enumerate([(DIGITS, "sent"), (BSUID, "queued"), (ben[1], "sent")]):
        add(
            "outbox",
            key=f"k{number}",
            line="whatsapp",
            kind="message",
            order_key=address,
            payload=to_json(
                {
                    "text": "Hallo Kimberly" if number < 2 else "Ben",
                    **({"reply_to": WAMID} if number == 0 else {}),
                }
            ),
            priority=1,
            position=number,
            tracking_id=f"t{number}",
            state=state,
            created_at=at,
            updated_at=at,
        )
    for who in (KIM, OTHER):
        add(
            "outbox",
            key=f"book/{who.member_id}",
            line="magicline",
            kind="book",
            order_key=f"customer/{who.member_id}",
            payload=to_json({"book": {"slot": 41, "customer": who.member_id}}),
            member_id=who.member_id,
            priority=1,
            position=9,
            tracking_id=f"book-{who.member_id}",
            state="sent",
            created_at=at,
            updated_at=at,
        )
    for (channel, address), handle in ((kim, "kqrs"), (ben, "bqrs")):
        add("conversations", channel=channel, address=address, disclosed_at=at, handle=handle)
        add(
            "drafts",
            draft_id=f"draft-{handle}",
            channel=channel,
            address=address,
            message_id=f"m{handle}",
            key=handle,
            text="Entwurf",
            risk="read",
            state="held",
            created_at=at,
            release_at=later,
        )
        add("whispers", channel=channel, address=address, staff="nora", text="nett sein", at=at)
        add(
            "handoffs",
            handoff_id=f"h-{handle}",
            channel=channel,
            address=address,
            reason="will reden",
            language="de",
            state="asked",
            asked_at=at,
            due_at=later,
        )
        add("errands", channel=channel, address=address, language="de", expires_at=later)
        add(
            "alarms",
            alarm_id=f"a-{handle}",
            source_key=f"s-{handle}",
            cause="help",
            source="whatsapp",
            raised_at=at,
            state="closed",
            reporter_channel=channel,
            reporter=address,
            closed_at=at,
            note="Knie verdreht",
        )
        add(
            "alarm_reports",
            source_key=f"s-{handle}",
            alarm_id=f"a-{handle}",
            at=at,
            channel=channel,
            address=address,
        )
        add("alarm_history", alarm_id=f"a-{handle}", at=at, what="raised", detail="help whatsapp")
    for member in (KIM, OTHER):
        key, short = member.member_id, "one" if member is KIM else "two"
        add(
            "addresses",
            channel="whatsapp",
            address=BSUID if member is KIM else "DE.2",
            user_id=BSUID if member is KIM else "DE.2",
            number=member.phone,
            since=at,
        )
        add(
            "identities",
            channel="whatsapp",
            address=BSUID if member is KIM else "DE.2",
            member_id=key,
            proof="p",
            bound_at=at,
            bound_by="code",
        )
        add(
            "assurances",
            channel="whatsapp",
            address=BSUID if member is KIM else "DE.2",
            member_id=key,
            proof="p",
            level=2,
            until=later,
        )
        add(
            "identity_codes",
            code_id=f"ic-{short}",
            counted_as=f"own/{short}",
            member_id=key,
            conversation="c",
            proof="p",
            salt=b"1",
            digest=b"2",
            created_at=at,
            expires_at=later,
        )
        add(
            "entry_codes",
            code_id=f"ec-{short}",
            member_id=key,
            door="front",
            salt=b"1",
            digest=b"2",
            created_at=at,
            expires_at=later,
        )
        add("entry_tallies", subject=f"issued/member/{key}", number=1, began_at=at)
        add(
            "door_audit",
            request_id=f"d-{short}",
            door="front",
            source="whatsapp",
            member_id=key,
            at=at,
            state="ended",
            rule="open",
            credential_id=key,
            outcome="confirmed",
        )
        add(
            "tailgating",
            request_id=f"d-{short}",
            door="front",
            member_id=key,
            at=at,
            entries=2,
            together=2,
            certainty="sure",
            weight=1.0,
        )
        add(
            "consents",
            channel="whatsapp",
            address=BSUID if member is KIM else "DE.2",
            member_id=key,
            purpose="memory",
            granted=1,
            text_version="1",
            at=at,
        )
        add(
            "tickets",
            ticket_id=f"t-{short}",
            kind="note",
            member_id=key,
            text=f"Rückruf {member.phone}",
            state="open",
            created_at=at,
        )
        for state in ("proposed", "done", "executing"):
            add(
                "actions",
                action_id=f"{state}-{short}",
                tool="contract.cancel",
                arguments=f'{{"member_id": "{key}"}}',
                digest="d",
                risk="irreversible",
                assurance=1,
                conversation=f"whatsapp:{member.phone[1:]}",
                proposer_kind="member",
                proposed_by=key,
                proposer_assurance=1,
                language="de",
                member_id=key,
                consequence=f'{{"de": "{member.name} kündigt"}}',
                state=state,
                proposed_at=at,
                expires_at=later,
            )
            add("confirmations", action_id=f"{state}-{short}", who=key, how="word", assurance=1, at=at)
        shown = 7 if member is KIM else 8
        add(
            "staff_posts",
            contact="nora",
            key=f"action/done-{short}",
            text=f"{member.name} will kündigen",
            priority=1,
            chat=1,
            message_id=shown,
            state="shown",
            created_at=at,
            updated_at=at,
        )
        add(
            "staff_buttons",
            token=f"tok-{short}",
            contact="nora",
            key=f"action/done-{short}",
            act="x",
            argument="y",
        )
    add(
        "staff_posts",
        contact="nora",
        key="chat/kqrs",
        text="liest mit",
        priority=1,
        created_at=at,
        updated_at=at,
    )
    add(
        "staff_posts",
        contact="nora",
        key="note/9",
        text="Frau KIMBERLY ÖZTÜRK-PLANTED, 0151 / 1234 9876, ruft an",
        priority=1,
        created_at=at,
        updated_at=at,
    )
    add(
        "incidents",
        kind="door",
        name="front",
        incident="propped",
        evidence="offen wegen +49 151 1234 9876",
        at=at,
        last_at=at,
    )

    _mirror(add, at)
    add(
        "inbound",
        channel="whatsapp",
        message_id="wamid.further",
        phone=_FURTHER[0],
        conversation=_FURTHER[0].removeprefix("+"),
        kind="text",
        text="von meinem anderen Telefon",
        sent_at=at,
        received_at=at,
        state="handled",
    )

    async def unit(tx: Transaction) -> None:
        await members.put_by_hand(tx, [KIM, OTHER], now)
        for table, values in rows:
            names, marks = ", ".join(values), ", ".join("?" * len(values))
            await tx.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))
        await AuditLog(b"k" * 32).note(tx, now, actor="member", act="door.opened", member_id=KIM.member_id)

    await database.write(unit)
