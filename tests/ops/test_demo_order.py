"""One order from the shop to a phone, as a newcomer tries it."""

from __future__ import annotations

import io
import smtplib
import time
from email.message import EmailMessage
from pathlib import Path

import pytest
import segno

from simplane.ops.demo_order import _mails, read_qr
from simplane.ops.scratch import Failed
from simplane.ops.stage import Ports, Stage
from tests.ops import commands
from tests.standins import free_port, start

BUYER = "ana@traveller.example"


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


def test_a_mail_that_says_it_takes_longer_is_not_taken_for_the_one_with_the_esim(tmp_path: Path) -> None:
    smtp_port = free_port()
    with (
        start("mail", tmp_path, "--smtp-port", str(smtp_port)) as catcher,
        smtplib.SMTP("127.0.0.1", smtp_port) as post,
    ):
        stage = Stage(tmp_path, "", Ports(mail=catcher.port))
        link = f"{stage.url('web')}/e/a-token-of-a-page"
        post.send_message(_mail("It takes a little longer", f"Your order: {stage.url('web')}/e/another-token"))
        with pytest.raises(Failed, match="waited in vain for the mail"):
            _mails(stage, BUYER, 1, until=time.monotonic())
        post.send_message(_mail("Your eSIM", f"Install it: {link}", code="LPA:1$rsp.example.com$ABC-123"))

        (found,) = _mails(stage, BUYER, 1, until=time.monotonic() + 10)

    assert (found.qr_text, found.install_url) == ("LPA:1$rsp.example.com$ABC-123", link)


def _mail(subject: str, text: str, code: str = "") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "esim@simplane.example", BUYER, subject
    made.set_content(text)
    if code:
        picture = io.BytesIO()
        segno.make(code).save(picture, kind="png", scale=6)
        made.add_attachment(picture.getvalue(), maintype="image", subtype="png", filename="esim.png")
    return made


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
