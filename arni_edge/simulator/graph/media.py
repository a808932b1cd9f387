"""Media at the simulated Graph API: handed in, asked for, fetched, forgotten."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from arni_edge.simulator.graph.errors import GraphError
from arni_edge.simulator.graph.faults import Plan
from arni_edge.simulator.graph.uploads import uploaded
from arni_edge.simulator.media_shelf import UPLOADED, MediaShelf


class Media:
    """Answers what is asked about files.

    Attributes:
        uploads: Media by id: the bytes of the request in which they came.
    """

    def __init__(self, number_id: str, shelf: MediaShelf) -> None:
        """Nothing was handed in yet.

        Args:
            number_id: Of the gym's number.
            shelf: Where files are kept.
        """
        self.uploads: dict[str, bytes] = {}
        self._number_id = number_id
        self._shelf = shelf

    async def upload(self, request: Request, plan: Plan | None) -> Response:
        """Keep a file; gives its id."""
        del plan
        body = await request.body()
        content, mime = uploaded(request.headers.get("Content-Type", ""), body)
        medium = self._shelf.put(content, mime, UPLOADED)
        self.uploads[medium.media_id] = body
        return JSONResponse({"id": medium.media_id})

    async def medium(self, request: Request, plan: Plan | None) -> Response:
        """Where a file can be fetched."""
        del plan
        medium = self._shelf.find(request.path_params["media_id"])
        number_id = request.query_params.get("phone_number_id", self._number_id)
        if medium is None or number_id != self._number_id:
            raise GraphError(100, "Object with this ID does not exist, or cannot be loaded")
        return JSONResponse(
            {
                "messaging_product": "whatsapp",
                "url": self._shelf.address(medium, str(request.base_url)),
                "mime_type": medium.mime,
                "sha256": medium.digest.hex(),
                "file_size": len(medium.content),
                "id": medium.media_id,
            }
        )

    async def download(self, request: Request, plan: Plan | None) -> Response:
        """The file, while its address is good."""
        del plan
        medium = self._shelf.at(request.query_params.get("hash", ""))
        if medium is None or medium.media_id != request.query_params.get("mid"):
            return Response(status_code=404)
        return Response(medium.content, media_type=medium.mime)

    async def delete(self, request: Request, plan: Plan | None) -> Response:
        """Forget a file."""
        del plan
        media_id = request.path_params["media_id"]
        if not self._shelf.remove(media_id):
            raise GraphError(100, "Object with this ID does not exist, or cannot be loaded")
        self.uploads.pop(media_id, None)
        return JSONResponse({"success": True})
