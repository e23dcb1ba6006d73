"""The QR code, read by an independent reader."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from simplane.core.telecom import ActivationCode
from simplane.delivery import qr

CODE = ActivationCode("rsp-eu.simlessly.com", "K2-1A2B3C4D-5E6F70818283")
MATCHING_IDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", min_size=1, max_size=120)


def read(png: bytes) -> list[zxingcpp.Barcode]:
    return zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))


def test_holds_exactly_the_activation_code_and_nothing_else() -> None:
    (found,) = read(qr.png(CODE))
    assert found.text == "LPA:1$rsp-eu.simlessly.com$K2-1A2B3C4D-5E6F70818283"


def test_survives_damage_of_level_m_or_better() -> None:
    (found,) = read(qr.png(CODE))
    assert found.ec_level in ("M", "Q", "H")


def test_is_a_one_bit_picture_large_enough_to_stay_crisp() -> None:
    picture = Image.open(io.BytesIO(qr.png(CODE)))
    assert picture.mode == "1"
    assert picture.size == (328, 328)


def test_keeps_a_quiet_zone_of_four_modules() -> None:
    picture = Image.open(io.BytesIO(qr.png(CODE))).convert("L")
    dark = picture.point(lambda level: 255 - level).getbbox()
    assert dark == (32, 32, 296, 296)


@pytest.mark.parametrize("flags", [{"oid": "1.3.6.1.4"}, {"confirmation_code_required": True}])
def test_carries_the_optional_parts(flags: dict[str, str | bool]) -> None:
    code = ActivationCode("rsp.example.com", "ABC", **flags)  # type: ignore[arg-type]
    (found,) = read(qr.png(code))
    assert found.text == str(code)


@settings(max_examples=60, deadline=None)
@given(MATCHING_IDS)
def test_is_readable_whatever_the_matching_id(matching_id: str) -> None:
    code = ActivationCode("smdp.example.com", matching_id)
    (found,) = read(qr.png(code))
    assert found.text == str(code)


def test_the_drawing_for_the_page_scales_and_keeps_its_white_ground() -> None:
    drawing = ET.fromstring(qr.svg(CODE))
    assert drawing.get("viewBox") == "0 0 41 41"
    assert drawing.get("width") is None
    assert drawing[0].get("fill") == "#fff"
