"""The pages a person reads mail on."""

from html import escape
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.books import JsonObject
from sandbox.mail.mailbox import Filter, Mailbox
from sandbox.mail.parts import Opened, Part, open_mail

STYLE = Path(__file__).with_name("static") / "style.css"
PER_PAGE = 50
PICTURES = ("image/png", "image/jpeg", "image/gif")
SHELL_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'"
# The mail itself: no scripts, nothing from outside, pictures only from the mail.
MAIL_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"


class Page:
    """Plain HTML without scripts."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def routes(self) -> list[BaseRoute]:
        """List, one mail, its HTML, its parts, its source."""
        one = "/messages/{number:int}"
        return [
            Route("/", self.list, methods=["GET"]),
            Route("/style.css", self.style, methods=["GET"]),
            Route(one, self.mail, methods=["GET"]),
            Route(f"{one}/html", self.html, methods=["GET"]),
            Route(f"{one}/source", self.source, methods=["GET"]),
            Route(f"{one}/parts/{{place:int}}", self.part, methods=["GET"]),
        ]

    async def style(self, request: Request) -> Response:
        """The style sheet."""
        del request
        return Response(STYLE.read_bytes(), media_type="text/css")

    async def list(self, request: Request) -> Response:
        """Newest first; `q` looks for an address or, with a blank or no hit, in subjects."""
        wanted = request.query_params.get("q", "").strip()
        text = request.query_params.get("page", "1")
        page = max(int(text), 1) if text.isascii() and text.isdigit() else 1
        offset = (page - 1) * PER_PAGE
        found = self._mailbox.page(Filter(to=wanted), PER_PAGE + 1, offset)
        if not found and wanted:
            found = self._mailbox.page(Filter(subject=wanted), PER_PAGE + 1, offset)
        body = (
            _search(wanted, self._mailbox.summary())
            + (_table(found[:PER_PAGE]) if found else '<p class="empty">No mail here.</p>')
            + _pager(wanted, page, len(found) > PER_PAGE)
        )
        return _shell("Mail", body)

    async def mail(self, request: Request) -> Response:
        """One mail."""
        number = int(request.path_params["number"])
        shown, raw = self._mailbox.get(number), self._mailbox.raw(number)
        if shown is None or raw is None:
            return _shell("No such mail", '<p class="empty">There is no such mail.</p>', 404)
        return _shell(shown["subject"] or "(no subject)", _one(shown, open_mail(raw)))

    async def html(self, request: Request) -> Response:
        """The HTML part, for the frame."""
        mail = self._open(request)
        html = mail.html_with_pictures() if mail else None
        if html is None:
            return PlainTextResponse("no HTML part", 404)
        return HTMLResponse(html, headers={"Content-Security-Policy": MAIL_POLICY})

    async def source(self, request: Request) -> Response:
        """The raw mail as text."""
        raw = self._mailbox.raw(int(request.path_params["number"]))
        if raw is None:
            return PlainTextResponse("no such mail", 404)
        return PlainTextResponse(raw.decode("utf-8", "replace"), headers={"X-Content-Type-Options": "nosniff"})

    async def part(self, request: Request) -> Response:
        """One part: pictures are shown, everything else is downloaded."""
        mail, place = self._open(request), int(request.path_params["place"])
        if mail is None or place >= len(mail.parts):
            return PlainTextResponse("no such part", 404)
        part = mail.parts[place]
        shown = part.content_type in PICTURES
        name = quote(part.filename or f"part-{place}")
        return Response(
            part.content,
            media_type=part.content_type if shown else "application/octet-stream",
            headers={
                "Content-Disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{name}",
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": MAIL_POLICY,
            },
        )

    def _open(self, request: Request) -> Opened | None:
        raw = self._mailbox.raw(int(request.path_params["number"]))
        return open_mail(raw) if raw is not None else None


def _shell(title: str, body: str, status: int = 200) -> Response:
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/style.css"></head><body>'
        f'<header><h1><a href="/">Mail stand-in</a></h1></header><main>{body}</main></body></html>'
    )
    return HTMLResponse(page, status, headers={"Content-Security-Policy": SHELL_POLICY})


def _search(wanted: str, summary: JsonObject) -> str:
    facts = f"{summary['count']} mails, {summary['distinct_message_ids']} different, {summary['refused']} refused"
    return (
        f'<form action="/"><label class="hidden" for="q">Address or subject</label><input id="q" name="q" type="search" '
        f'value="{escape(wanted)}" placeholder="Address or subject"><button>Find</button></form>'
        f'<p class="facts">{facts}</p>'
    )


def _table(found: list[JsonObject]) -> str:
    head = '<tr><th scope="col">Received (UTC)</th><th scope="col">To</th><th scope="col">Subject</th></tr>'
    rows = "".join(
        f"<tr><td>{_moment(entry)}</td><td>{escape(', '.join(entry['to']))}</td>"
        f'<td><a href="/messages/{entry["id"]}">{escape(entry["subject"] or "(no subject)")}</a></td></tr>'
        for entry in found
    )
    return f'<div class="scroll"><table class="list"><thead>{head}</thead><tbody>{rows}</tbody></table></div>'


def _moment(entry: JsonObject) -> str:
    return str(entry["received_at"])[:19].replace("T", " ")


def _pager(wanted: str, page: int, more: bool) -> str:
    base = f"/?q={quote(wanted)}&amp;page="
    newer = f'<a href="{base}{page - 1}">Newer</a>' if page > 1 else ""
    older = f'<a href="{base}{page + 1}">Older</a>' if more else ""
    return f'<p class="pager">{newer}{older}</p>' if newer or older else ""


def _one(shown: JsonObject, mail: Opened) -> str:
    number = shown["id"]
    facts = {
        "From": shown["from"],
        "To": ", ".join(shown["to"]),
        "Received": f"{_moment(shown)} UTC",
        "Message-ID": shown["message_id"] or "–",
        "Size": f"{shown['size']:,} bytes",
    }
    rows = "".join(f"<div><dt>{name}</dt><dd>{escape(str(value))}</dd></div>" for name, value in facts.items())
    text, html = mail.body("text/plain"), mail.body("text/html")
    frame = f'<iframe title="HTML of the mail" sandbox src="/messages/{number}/html"></iframe>'
    headers = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in mail.headers
    )
    return (
        f'<h2>{escape(shown["subject"] or "(no subject)")}</h2><dl class="facts">{rows}</dl>'
        f"{_parts(number, mail.parts)}"
        f"{f'<section><h3>HTML</h3>{frame}</section>' if html is not None else ''}"
        f"{f'<section><h3>Text</h3><pre>{escape(text)}</pre></section>' if text is not None else ''}"
        f'<details><summary>Headers</summary><div class="scroll"><table>{headers}</table></div></details>'
        f'<p class="pager"><a href="/messages/{number}/source">Source</a>'
        f'<a href="/api/messages/{number}">JSON</a></p>'
    )


def _parts(number: int, parts: list[Part]) -> str:
    links = "".join(
        f'<li><a href="/messages/{number}/parts/{place}">{escape(part.filename or part.content_type)}</a> '
        f"<span>{escape(part.content_type)}, {len(part.content):,} bytes"
        f"{', shown in the mail' if part.cid and part.disposition != 'attachment' else ''}</span></li>"
        for place, part in enumerate(parts)
        if part.filename or not part.content_type.startswith("text/")
    )
    return f'<section><h3>Files</h3><ul class="parts">{links}</ul></section>' if links else ""
