"""One member with something in every table, for erasures and exports."""

import base64
from datetime import datetime

from arni_edge.domain.people import Member
from arni_edge.storage import Database, Transaction, members
from arni_edge.storage.audit import AuditLog

KIM = Member("M-77310-X", "Kimberly Öztürk-Planted", "+4915112349876")
OTHER = Member("M2", "Ben Beispiel", "+4915155500002")
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
    BSUID,
    WAMID,
    KIM.member_id,
    "kim.planted@example.org",
    "DE89 3704 0044 0532 0130 00",
    "Bandscheibenvorfall",
)
"""Everything that must be gone afterwards."""


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
            channel="whatsapp",
            recipient=address,
            text="Hallo Kimberly" if number < 2 else "Ben",
            priority=1,
            position=number,
            tracking_id=f"t{number}",
            state=state,
            reply_to=WAMID if number == 0 else None,
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

    async def unit(tx: Transaction) -> None:
        await members.put_by_hand(tx, [KIM, OTHER], now)
        for table, values in rows:
            names, marks = ", ".join(values), ", ".join("?" * len(values))
            await tx.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))
        await AuditLog(b"k" * 32).note(tx, now, actor="member", act="door.opened", member_id=KIM.member_id)

    await database.write(unit)
