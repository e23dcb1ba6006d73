"""One order from the shop to a phone, as a newcomer tries it."""

from __future__ import annotations

import io

import pytest
import segno

from simplane.ops.demo_order import read_qr
from simplane.ops.scratch import Failed
from tests.ops import commands


@pytest.mark.slow
@pytest.mark.xdist_group("stages")
def test_two_esims_of_one_order_arrive_and_the_shop_knows() -> None:
    done = commands.run("demo-order", "--own", "--quantity", "2", "--locale", "de-DE")

    result = done.result
    assert (done.code, result["ok"], result["state"], result["shop_fulfilled"]) == (0, True, "delivered", True)
    assert [text.startswith("LPA:1$") for text in result["qr_texts"]] == [True, True]
    assert len(set(result["qr_texts"])) == 2
    assert result["receipt_id"] > 0
    assert result["supplier"] in ("esimgo", "esimaccess")
    assert "/e/" in result["install_url"]


def test_a_code_is_read_from_a_picture() -> None:
    picture = io.BytesIO()
    segno.make("LPA:1$rsp.example.com$ABC-123").save(picture, kind="png", scale=6)

    assert read_qr(picture.getvalue()) == "LPA:1$rsp.example.com$ABC-123"


def test_a_picture_without_a_code_is_refused() -> None:
    from PIL import Image

    picture = io.BytesIO()
    Image.new("L", (100, 100), 255).save(picture, "PNG")

    with pytest.raises(Failed, match="0 codes"):
        read_qr(picture.getvalue())
