"""A picture that somebody uploads, taken apart and written anew: only pixels and palette stay.

Written against the PNG specification, third edition (W3C, 2025-06-24), sections 5 and 11.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from simplane.core.errors import BadInput

MOST_BYTES = 256 * 1024
MOST_PIXELS_A_SIDE = 1024
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_KEPT_BEFORE_PIXELS = (b"PLTE", b"tRNS")


def rewritten(data: bytes) -> bytes:
    """The same picture without anything beside it: no texts, no place, no second picture behind the end.

    Raises BadInput for what is no PNG, is damaged, interlaced, larger than 1024 by 1024 pixels or than 256 KB.
    """
    if len(data) > MOST_BYTES:
        raise BadInput("the logo is too large", fix=f"{MOST_BYTES // 1024} KB at most")
    if not data.startswith(_SIGNATURE):
        raise BadInput("the logo is not a PNG", fix="save it as PNG")
    chunks = list(_chunks(data))
    if not chunks or chunks[0][0] != b"IHDR" or chunks[-1][0] != b"IEND":
        raise _damaged()
    head = chunks[0][1]
    pixels = _pixels(head, b"".join(body for kind, body in chunks if kind == b"IDAT"))
    kept = [(kind, body) for kind, body in chunks if kind in _KEPT_BEFORE_PIXELS]
    _check_palette(head[9], dict(kept), len(kept))
    parts = [(b"IHDR", head), *kept, (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b"")]
    made = _SIGNATURE + b"".join(_chunk(kind, body) for kind, body in parts)
    if len(made) > MOST_BYTES:
        raise BadInput("the logo is too large", fix=f"{MOST_BYTES // 1024} KB at most")
    return made


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each chunk up to the end mark, its checksum compared."""
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body, end = data[at + 4 : at + 8], data[at + 8 : at + 8 + length], at + 12 + length
        if end > len(data) or zlib.crc32(kind + body) != struct.unpack_from(">I", data, end - 4)[0]:
            raise _damaged()
        yield kind, body
        if kind == b"IEND":
            return
        at = end


def _pixels(head: bytes, packed: bytes) -> bytes:
    """The filtered rows, exactly as many bytes as the header promises."""
    if len(head) != 13:
        raise _damaged()
    width, height, depth, colour, compression, filtering, interlaced = struct.unpack(">IIBBBBB", head)
    if not (1 <= width <= MOST_PIXELS_A_SIDE and 1 <= height <= MOST_PIXELS_A_SIDE):
        raise BadInput("the logo has too many pixels", fix=f"{MOST_PIXELS_A_SIDE} by {MOST_PIXELS_A_SIDE} at most")
    if interlaced:
        raise BadInput("the logo is interlaced", fix="save it without interlacing")
    if depth not in _DEPTHS.get(colour, ()) or compression or filtering:
        raise _damaged()
    row = (width * _CHANNELS[colour] * depth + 7) // 8 + 1
    unpacking = zlib.decompressobj()
    try:
        found = unpacking.decompress(packed, row * height + 1)
    except zlib.error:
        raise _damaged() from None
    if len(found) != row * height or not unpacking.eof or max(found[::row]) > 4:
        raise _damaged()
    return found


def _check_palette(colour: int, kept: dict[bytes, bytes], count: int) -> None:
    palette = kept.get(b"PLTE", b"")
    wrong = len(palette) % 3 or len(palette) > 768 or len(kept.get(b"tRNS", b"")) > 256 or count != len(kept)
    if wrong or (colour == 3 and not palette) or (colour in (0, 4) and palette):
        raise _damaged()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _damaged() -> BadInput:
    return BadInput("the logo is damaged", fix="save it as PNG again")
