"""One HTTP POST, as lean as it can be: thousands of webhooks must not cost a core."""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

CONNECT_SECONDS = 1.0
TOTAL_SECONDS = 5.0
ANSWER_LIMIT = 65_536


class PostError(Exception):
    """No usable answer: refused, cut, too slow, or not HTTP. The text says which."""


async def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Send and return the status. Redirects are not followed. Raises PostError."""
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            return await _exchange(url, body, headers)
    except TimeoutError as problem:
        raise PostError("time-out") from problem
    except (OSError, ValueError) as problem:
        raise PostError(f"{type(problem).__name__}: {problem}") from problem


async def _exchange(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    async with asyncio.timeout(CONNECT_SECONDS):
        reader, writer = await asyncio.open_connection(
            parts.hostname, port, ssl=ssl.create_default_context() if secure else None
        )
    try:
        writer.write(
            _head(parts.netloc, f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}", body, headers)
        )
        writer.write(body)
        status = _status(await reader.readline())
        # The rest is read so that the receiver never sees a reset; it says nothing we need.
        await reader.read(ANSWER_LIMIT)
        return status
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _head(host: str, target: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    lines = [f"POST {target} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}", "Connection: close"]
    lines.extend(f"{name}: {value}" for name, value in headers.items())
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _status(line: bytes) -> int:
    words = line.split(b" ", 2)
    if not line.startswith(b"HTTP/1.") or len(words) < 2 or not words[1].isdigit():
        raise ValueError("the connection was closed without an HTTP answer")
    return int(words[1])
