"""The eSIMs of an order as a ZIP: one PNG per eSIM, named by its ICCID, and a table. Written while it is read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime

from simplane.core.cells import csv_lines
from simplane.delivery import links, qr
from simplane.delivery.models import InstallLink
from simplane.lines.models import Line
from simplane.lines.queries import activation_code
from simplane.ordering.models import Order, Unit

COLUMNS = ("number", "unit", "sku", "product", "iccid", "activation code", "confirmation code", "install page", "file")


class _Pipe(io.RawIOBase):
    """What the archive is written to: it can not be rewound, and what it holds is taken away as it comes."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        written = bytes(memoryview(data))  # type: ignore[arg-type]
        self._held += written
        return len(written)

    def taken(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held


def pieces(order: Order, units: list[Unit], at: datetime) -> Iterator[bytes]:
    """The archive of these units (their line and product loaded, in their order), piece by piece."""
    pipe = _Pipe()
    rows = []
    tokens = _tokens(order.pk)
    with zipfile.ZipFile(pipe, "w") as archive:
        for number, unit in enumerate(units, 1):
            line = unit.line
            assert line is not None
            name = f"{line.iccid}.png"
            archive.writestr(_entry(name, at), qr.png(activation_code(line)))
            rows.append(_row(number, unit, line, tokens.get(unit.pk, ""), name))
            yield pipe.taken()
        archive.writestr(_entry("esims.csv", at), "".join(csv_lines(COLUMNS, rows)))
    yield pipe.taken()


def _entry(name: str, at: datetime) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, at.timetuple()[:6])


def _row(number: int, unit: Unit, line: Line, token: str, name: str) -> tuple[object, ...]:
    code, confirmation = str(activation_code(line)), line.confirmation_code or ""
    page = links.address_of_unit(token) if token else ""
    return (number, unit.public_id, unit.product.sku, unit.product.name, line.iccid, code, confirmation, page, name)


def _tokens(order_id: int) -> dict[int, str]:
    rows = InstallLink.objects.filter(order_id=order_id, unit_id__isnull=False, revoked_at__isnull=True)
    return {unit_id: token for unit_id, token in rows.values_list("unit_id", "token") if unit_id is not None}
