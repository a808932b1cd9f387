"""Media at the simulated Graph API: there for their time, by its own clock."""

import base64
import hashlib
import io
from collections.abc import AsyncIterator
from datetime import timedelta

import av
import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from support.simulated_graph import Asking, asking, code

from arni_edge.channels.whatsapp import GraphApi, open_client
from arni_edge.channels.whatsapp.media import MediaFetcher, MediaGone
from arni_edge.domain.messages import Media
from arni_edge.settings import WhatsApp
from arni_edge.simulator.graph import VERSION, Fault, Operation, Plan
from arni_edge.simulator.voice_note import voice_note


@pytest_asyncio.fixture
async def ask() -> AsyncIterator[Asking]:
    async with asking() as one:
        yield one


def settings(ask: Asking) -> WhatsApp:
    return WhatsApp(
        phone_number_id=ask.world.phone_number_id,
        graph_url=f"{ask.world.url}/{VERSION}",
        access_token=SecretStr(ask.world.token),
    )


async def get(ask: Asking, url: str) -> httpx.Response:
    return await ask.http.get(url)


def test_a_voice_note_can_be_played() -> None:
    """It is what it says: OGG, Opus, mono, so long."""
    with av.open(io.BytesIO(voice_note(2.5))) as file:
        (stream,) = file.streams.audio
        frames = list(file.decode(stream))
        assert (file.format.name, stream.codec_context.name, stream.codec_context.layout.name) == (
            "ogg",
            "opus",
            "mono",
        )
    assert sum(frame.samples for frame in frames) / frames[0].sample_rate == pytest.approx(2.5, abs=0.05)


async def test_our_fetcher_gets_what_somebody_said(ask: Asking) -> None:
    """By the address of a webhook for five minutes, by the id for seven days."""
    note = voice_note(0.1)
    ask.anna.speak(note)
    (message,) = await ask.callback.messages_soon(1)
    audio = message["audio"]
    assert (audio["voice"], audio["mime_type"]) == (True, "audio/ogg; codecs=opus")
    assert audio["sha256"] == base64.b64encode(hashlib.sha256(note).digest()).decode()
    answer = await get(ask, audio["url"])
    assert (answer.content, answer.headers["content-type"]) == (note, "audio/ogg; codecs=opus")
    assert code(await ask.http.get(audio["url"], headers={"Authorization": "Bearer x"})) == 190
    ask.clock.advance(timedelta(minutes=5).total_seconds())
    assert (await get(ask, audio["url"])).status_code == 404
    media = Media(audio["id"], audio["mime_type"], audio["sha256"], voice=True)
    async with open_client() as client:
        fetcher = MediaFetcher(settings(ask), client)
        assert await fetcher.fetch(media) == note
        ask.clock.advance(timedelta(days=7).total_seconds())
        with pytest.raises(MediaGone):
            await fetcher.fetch(media)


async def test_an_uploaded_file_stays_thirty_days(ask: Asking) -> None:
    async with open_client() as client:
        graph = GraphApi(settings(ask), client)
        media_id = await graph.upload_voice(voice_note(0.1))
        kept = await graph.upload_voice(voice_note(0.2))
        answer = (await get(ask, f"/{VERSION}/{media_id}")).json()
        assert answer["sha256"] == hashlib.sha256(voice_note(0.1)).hexdigest()
        assert answer["file_size"] == len(voice_note(0.1))
        await graph.delete_media(media_id)
        assert code(await get(ask, f"/{VERSION}/{media_id}")) == 100
        assert (await get(ask, answer["url"])).status_code == 404
    ask.clock.advance(timedelta(days=30).total_seconds() - 1)
    assert code(await get(ask, f"/{VERSION}/{kept}?phone_number_id={ask.world.phone_number_id}")) == 0
    assert code(await get(ask, f"/{VERSION}/{kept}?phone_number_id=1")) == 100
    ask.clock.advance(1)
    assert code(await get(ask, f"/{VERSION}/{kept}")) == 100


def _sticker(*, moves: bool, size: int) -> bytes:
    """The beginning of a WebP, and as much as is wanted."""
    head = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0" + (b"\x02" if moves else b"\0")
    return head.ljust(size, b"\0")


async def test_what_can_be_uploaded_and_sent(ask: Asking) -> None:
    """The file has to be what it is said to be, and the kind that is sent."""
    cases: list[tuple[bytes, str, int]] = [
        (b"\x89PNG", "image/png", 0),
        (b"GIF89a", "image/png", 131053),
        (b"GIF89a", "image/gif", 100),
        (b"", "audio/ogg", 131053),
        (b"\x89PNG" + bytes(5 * 1024 * 1024), "image/png", 131053),
        (_sticker(moves=False, size=100 * 1024), "image/webp", 0),
        (_sticker(moves=False, size=100 * 1024 + 1), "image/webp", 131053),
        (_sticker(moves=True, size=500 * 1024), "image/webp", 0),
        (_sticker(moves=True, size=513 * 1024), "image/webp", 131053),
    ]
    assert [code(await ask.upload(content, mime)) for content, mime, _ in cases] == [one[2] for one in cases]
    odd = b"%PDF\r\n--\r\n\x00\xff\n"
    document = (await ask.upload(odd, "application/pdf")).json()["id"]
    where = (await get(ask, f"/{VERSION}/{document}")).json()["url"]
    assert (await get(ask, where)).content == odd
    assert await ask.code({"type": "document", "document": {"id": document, "filename": "Plan.pdf"}}) == 0
    assert await ask.code({"type": "image", "image": {"id": document}}) == 131053
    picture = (await ask.upload(b"\x89PNG", "image/png")).json()["id"]
    assert await ask.code({"type": "image", "image": {"id": picture, "caption": "Plan"}}) == 0
    assert await ask.code({"type": "image", "image": {"id": picture, "filename": "x"}}) == 100
    mp3 = (await ask.upload(b"ID3", "audio/mpeg")).json()["id"]
    assert await ask.code({"type": "audio", "audio": {"id": mp3, "voice": True}}) == 131053
    assert await ask.code({"type": "audio", "audio": {"id": mp3}}) == 0
    assert [(one.kind, one.text) for one in ask.anna.inbox] == [
        ("document", ""),
        ("image", "Plan"),
        ("audio", ""),
    ]
    for body in ({"messaging_product": "whatsapp"}, {}):
        assert code(await ask.http.post(f"{ask.number}/media", data=body)) == 100


async def test_a_voice_message_is_played(ask: Asking) -> None:
    note = (await ask.upload(voice_note(0.1), "audio/ogg")).json()["id"]
    await ask({"type": "audio", "audio": {"id": note, "voice": True}})
    await ask.callback.states_soon("sent", "delivered", "read", "played")


async def test_media_break_like_everything_else(ask: Asking) -> None:
    ask.graph.faults.add(Plan(Fault.HTML, operation=Operation.UPLOAD, status=503))
    assert (await ask.upload(b"\x89PNG", "image/png")).status_code == 503
    ask.anna.send_media("image", b"\xff\xd8\xff", "image/jpeg", caption="Grüße")
    (message,) = await ask.callback.messages_soon(1)
    ask.graph.faults.add(Plan(Fault.DROP_AFTER, operation=Operation.DOWNLOAD))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await get(ask, message["image"]["url"])
    assert (await get(ask, message["image"]["url"])).content == b"\xff\xd8\xff"
    ask.graph.down = True
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await get(ask, message["image"]["url"])
