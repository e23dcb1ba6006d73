"""The JSON API."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.control import BadControlError, control_route
from sandbox.mail.mailbox import Filter, Mailbox
from sandbox.mail.parts import open_mail

DEFAULT_LIMIT = 100
MOST = 10_000


class Api:
    """Mails for tests and tools."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def routes(self) -> list[BaseRoute]:
        """All under /api."""
        return [
            control_route("/api/messages", self.messages, ("GET", "DELETE")),
            control_route("/api/summary", self.summary, ("GET",)),
            Route("/api/messages/{number:int}", self.message, methods=["GET"]),
            Route("/api/messages/{number:int}/raw", self.raw, methods=["GET"]),
        ]

    async def messages(self, request: Request) -> object:
        """`?to=&subject=&limit=&since_id=`, oldest first; DELETE throws all away."""
        if request.method == "DELETE":
            return {"deleted": self._mailbox.clear()}
        query = request.query_params
        limit = whole_number(query.get("limit"), DEFAULT_LIMIT)
        if not 0 < limit <= MOST:
            raise BadControlError(f"limit must be from 1 to {MOST}")
        wanted = Filter(query.get("to", ""), query.get("subject", ""), whole_number(query.get("since_id"), 0))
        return {"messages": self._mailbox.find(wanted, limit)}

    async def summary(self, request: Request) -> object:
        """Totals."""
        del request
        return self._mailbox.summary()

    async def message(self, request: Request) -> Response:
        """One mail with headers and parts."""
        number = int(request.path_params["number"])
        shown, raw = self._mailbox.get(number), self._mailbox.raw(number)
        if shown is None or raw is None:
            return JSONResponse({"error": f"there is no mail {number}"}, 404)
        mail = open_mail(raw)
        return JSONResponse({**shown, "headers": mail.headers, "parts": [part.as_json() for part in mail.parts]})

    async def raw(self, request: Request) -> Response:
        """The bytes as they came."""
        raw = self._mailbox.raw(int(request.path_params["number"]))
        if raw is None:
            return JSONResponse({"error": "there is no such mail"}, 404)
        return Response(raw, media_type="message/rfc822")


def whole_number(text: str | None, default: int) -> int:
    """A query parameter. Raises BadControlError."""
    if text is None or text == "":
        return default
    if not (text.isascii() and text.isdigit()):
        raise BadControlError(f"{text!r} is not a whole number")
    return int(text)
