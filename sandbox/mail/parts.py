"""What a mail consists of."""

import base64
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from urllib.parse import unquote

from sandbox.kit.books import JsonObject

_parser = BytesParser(policy=policy.default)


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of the MIME tree. `cid` is without angle brackets; `text` only for text/*."""

    content_type: str
    filename: str | None
    cid: str | None
    disposition: str | None
    content: bytes
    text: str | None

    def as_json(self) -> JsonObject:
        """With the content in base64."""
        return {
            "content_type": self.content_type,
            "filename": self.filename,
            "cid": self.cid,
            "disposition": self.disposition,
            "size": len(self.content),
            "content": base64.b64encode(self.content).decode(),
            "text": self.text,
        }

    @property
    def data_uri(self) -> str:
        """For showing a picture inside a sandboxed page."""
        return f"data:{self.content_type};base64,{base64.b64encode(self.content).decode()}"


@dataclass(frozen=True, slots=True)
class Opened:
    """A parsed mail."""

    headers: list[tuple[str, str]]
    parts: list[Part]

    def body(self, content_type: str) -> str | None:
        """The first text of that type that is no attachment."""
        for part in self.parts:
            if part.content_type == content_type and part.disposition != "attachment":
                return part.text
        return None

    def html_with_pictures(self) -> str | None:
        """The HTML with its cid: pictures put in as data."""
        html = self.body("text/html")
        if html is None:
            return None
        for part in self.parts:
            if part.cid:
                html = html.replace(f"cid:{part.cid}", part.data_uri).replace(f"cid:{_quoted(part.cid)}", part.data_uri)
        return html


def open_mail(raw: bytes) -> Opened:
    """Parse; a broken mail gives what could be read."""
    message = _parser.parsebytes(raw)
    leaves = [leaf for leaf in message.walk() if not leaf.is_multipart() and isinstance(leaf, EmailMessage)]
    return Opened([(name, str(value)) for name, value in message.items()], [_part(leaf) for leaf in leaves])


def _part(leaf: EmailMessage) -> Part:
    content = leaf.get_payload(decode=True)
    data = content if isinstance(content, bytes) else b""
    cid = leaf["Content-ID"]
    kind = leaf.get_content_type()
    return Part(
        content_type=kind,
        filename=leaf.get_filename(),
        cid=unquote(str(cid).strip().strip("<>")) if cid else None,
        disposition=leaf.get_content_disposition(),
        content=data,
        text=_text(data, leaf.get_content_charset("utf-8")) if kind.startswith("text/") else None,
    )


def _text(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset, "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


def _quoted(cid: str) -> str:
    return cid.replace("@", "%40")
