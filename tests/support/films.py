"""Films encoded in memory, packet by packet, as a camera would send them."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

import av
import numpy as np

Picture = np.ndarray


def packets(
    pictures: Iterable[Picture],
    *,
    codec: str = "libx264",
    gop: int = 10,
    per_second: int = 10,
    **options: str,
) -> Iterator[Any]:
    """Encode pictures (BGR) and read them back; the packets belong to a film that stays open meanwhile."""
    memory = io.BytesIO()
    with av.open(memory, "w", format="matroska") as film:
        stream: Any = None
        for picture in pictures:
            if stream is None:
                stream = film.add_stream(codec, rate=per_second)
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.codec_context.gop_size = gop
                stream.options = {"preset": "ultrafast", "tune": "zerolatency", "qp": "30", **options}
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        film.mux(stream.encode(None))
    memory.seek(0)
    with av.open(memory) as film:
        for packet in film.demux(video=0):
            if packet.size:
                yield packet
