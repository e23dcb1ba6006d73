"""The ZIP of an order's eSIMs: real pictures that a phone can read, and a table."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
import zxingcpp
from PIL import Image

from simplane.core import clock
from simplane.delivery import links
from simplane.hub.qr_zip import pieces
from simplane.lines.queries import activation_code
from tests import factories

pytestmark = pytest.mark.django_db


def test_it_holds_a_readable_code_for_each_esim_and_a_table() -> None:
    order = factories.order(book="wholesale")
    units = [factories.delivered_unit(order=order) for _ in range(3)]
    token = links.unit_token(unit_id=units[0].pk, order_id=order.pk, line=units[0].line, locale="en")

    made = list(pieces(order, units, clock.now()))

    assert len(made) == len(units) + 1
    archive = zipfile.ZipFile(io.BytesIO(b"".join(made)))
    assert archive.testzip() is None
    lines = [unit.line for unit in units if unit.line]
    assert archive.namelist() == [f"{line.iccid}.png" for line in lines] + ["esims.csv"]
    for line in lines:
        picture = Image.open(io.BytesIO(archive.read(f"{line.iccid}.png")))
        assert zxingcpp.read_barcodes(picture)[0].text == str(activation_code(line))
    table = list(csv.DictReader(io.StringIO(archive.read("esims.csv").decode())))
    assert [(row["iccid"], row["activation code"], row["file"]) for row in table] == [
        (line.iccid, str(activation_code(line)), f"{line.iccid}.png") for line in lines
    ]
    assert [row["install page"] for row in table] == [links.address_of_unit(token), "", ""]
