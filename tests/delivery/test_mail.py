"""What stands in the mails."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from simplane.core.errors import BadInput
from simplane.delivery import mail
from simplane.delivery.mime import wire_address
from simplane.delivery.models import InstallLink, Message
from simplane.lines.models import Line

CODE = "LPA:1$rsp-eu.simlessly.com$K2-1A2B"
LINE = Line(smdp="rsp-eu.simlessly.com", matching_id="K2-1A2B")
CONTEXT = {
    "customer_name": "Jörg Müller",
    "product_name": "Spain 5 GB, 30 days",
    "order_name": "#1001",
    "unit_number": 2,
    "unit_count": 3,
}


def message(kind: str = "esim_ready", *, to: str = "joerg@example.com", locale: str = "en", **context: Any) -> Message:
    return Message(
        kind=kind,
        unit_id=7,
        order_id=3,
        to=to,
        locale=locale,
        context=CONTEXT | context,
        message_id="<esim_ready.u7.1@simplane.example>",
        created_at=datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
    )


def written(one: Message, line: Line = LINE) -> EmailMessage:
    envelope = mail.compose(one, InstallLink(token="t" * 26, unit_id=7, order_id=3, line=line))
    return message_from_bytes(envelope.data, policy=policy.default)


def body(one: EmailMessage, kind: str) -> str:
    part = one.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def pictures(one: EmailMessage) -> list[MIMEPart]:
    return [part for part in one.walk() if part.get_content_type() == "image/png"]


def test_the_picture_in_the_mail_and_the_attached_one_hold_the_activation_code() -> None:
    shown, attached = pictures(written(message()))
    assert [read(part) for part in (shown, attached)] == [CODE, CODE]
    assert shown["Content-ID"] == "<qr>"
    assert attached.get_filename() == "esim-qr-code.png"


def read(part: MIMEPart) -> str:
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(part.get_content())))
    return str(found.text)


def test_the_html_shows_the_picture_that_comes_with_it_and_nothing_from_elsewhere() -> None:
    html = body(written(message()), "html")
    assert html.count("src=") == 1
    assert 'src="cid:qr"' in html


def test_the_parts_are_nested_as_mail_programs_expect() -> None:
    kinds = [part.get_content_type() for part in written(message()).walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "image/png",
    ]


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_says_all_ways_to_install(kind: str) -> None:
    text = body(written(message()), kind)
    carddata = "esim_qrcode_provisioning?carddata=" + CODE
    for expected in (
        "https://esimsetup.apple.com/" + carddata,
        "https://esimsetup.android.com/" + carddata,
        "rsp-eu.simlessly.com",
        "K2-1A2B",
        CODE,
        "/e/" + "t" * 26,
        "#1001",
        "eSIM 2 of 3",
        "SIM manager",
        "Google Pixel",
    ):
        assert expected in text


def test_speaks_german_to_a_german() -> None:
    one = written(message(locale="de-AT"))
    assert one["Subject"] == "Ihre eSIM ist bereit: Spain 5 GB, 30 days"
    assert one["Content-Language"] == "de"
    assert "Guten Tag Jörg Müller," in body(one, "plain")
    assert '<html lang="de">' in body(one, "html")
    assert "eSIM 2 von 3" in body(one, "plain")


def test_the_headers_are_those_of_a_mail_that_can_be_told_from_others() -> None:
    one = written(message())
    assert one["Message-ID"] == "<esim_ready.u7.1@simplane.example>"
    assert one["Date"] == "Fri, 20 Nov 2026 12:00:00 +0000"
    assert one["Auto-Submitted"] == "auto-generated"
    assert one["To"] == "Jörg Müller <joerg@example.com>"


def test_a_repeat_is_the_same_bytes() -> None:
    link = InstallLink(token="t" * 26, unit_id=7, order_id=3, line=LINE)
    assert mail.compose(message(), link) == mail.compose(message(), link)


def test_a_name_can_not_smuggle_headers_in() -> None:
    one = written(message(customer_name="Eve\r\nBcc: all@example.com"))
    assert one["Bcc"] is None
    assert one["To"].addresses[0].display_name == ""


def test_a_name_can_not_smuggle_html_in() -> None:
    html = body(written(message(customer_name="<script>alert(1)</script>")), "html")
    assert "script" not in html
    assert "Eve &amp; Ana" in body(written(message(customer_name="Eve & Ana")), "html")


def test_greets_nobody_when_there_is_no_name() -> None:
    assert body(written(message(customer_name="")), "plain").startswith("Hello,\r\n")


def test_a_lonely_esim_is_not_counted() -> None:
    assert "eSIM 1 of" not in body(written(message(unit_number=1, unit_count=1)), "plain")


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_shows_the_confirmation_code_the_phone_will_ask_for(kind: str) -> None:
    line = Line(smdp="rsp.example.com", matching_id="ABC", confirmation_code_required=True, confirmation_code="CC-4711")
    assert "CC-4711" in body(written(message(), line), kind)
    assert "confirmation" not in body(written(message()), kind).lower()


@pytest.mark.parametrize(("locale", "words"), [("en", "We do not have it yet"), ("de", "liegt uns noch nicht vor")])
def test_says_when_nobody_knows_the_confirmation_code(locale: str, words: str) -> None:
    line = Line(smdp="rsp.example.com", matching_id="ABC", confirmation_code_required=True)
    assert words in body(written(message(locale=locale), line), "plain")


def test_names_the_access_point_when_the_supplier_gives_one() -> None:
    line = Line(smdp="rsp.example.com", matching_id="ABC", apn="plus.4g")
    assert "(APN) to plus.4g." in body(written(message(), line), "html")


@pytest.mark.parametrize("alias", ["a1b2@members.ebay.com", "x9@marketplace.amazon.de", "x9@marketplace.amazon.co.uk"])
def test_a_marketplace_gets_plain_text_alone(alias: str) -> None:
    one = written(message(to=alias))
    assert one.get_content_type() == "text/plain"
    assert CODE in one.get_content()


def test_a_refund_is_told_with_its_amount_and_no_code() -> None:
    one = written(message("order_refunded", locale="de", refund_minor=1900, refund_currency="EUR"))
    assert "19,00\u00a0€" in body(one, "plain")
    assert "LPA:" not in body(one, "plain")
    assert pictures(one) == []


def test_a_late_order_gets_a_link_to_its_page() -> None:
    one = written(message("order_late"))
    assert "/o/" + "t" * 26 in body(one, "plain")
    assert one["Subject"] == "Order #1001 takes a little longer"


def test_a_replaced_esim_comes_with_its_new_code() -> None:
    one = written(message("esim_replaced"))
    assert CODE in body(one, "plain")
    assert "The earlier code no longer works" in body(one, "plain")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ana",
        "@example.com",
        "ana@",
        "a b@example.com",
        "<ana@example.com>",
        "a@b.c, d@e.f",
        "a@b.c\r\nRCPT TO:<x@y.z>",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BadInput):
        wire_address(address)


def test_the_domain_of_an_address_travels_in_ascii() -> None:
    assert wire_address(" jörg@müller.example ") == "jörg@xn--mller-kva.example"
