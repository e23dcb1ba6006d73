"""Secrets in kept texts."""

from __future__ import annotations

import pytest

from simplane.core.masking import Mask

KEY = "esg_live_0123456789"


@pytest.mark.parametrize(
    "body",
    [
        '{"apiKey":"S3CRET-9"}',
        '{"apiKey" : "S3CRET-9", "name": "Acme"}',
        '{"matchingId":"S3CRET-9"}',
        '{"sim_profile":{"matching_id":"S3CRET-9"}}',
        '{"esims":[{"matchingId":"S3CRET-9","smdpAddress":"h"}]}',
        '{"matchingId":"S3CRET-9',
        '{"pin":"S3CRET-9","puk":"S3CRET-9"}',
        '{"apiKey":"a\\"S3CRET-9"}',
        '{"ac":"LPA:1$rsp.example.com$S3CRET-9"}',
        "LPA:1$rsp.example.com$S3CRET-9$$1",
        "https://x.example/?carddata=LPA%3A1%24rsp.example.com%24S3CRET-9",
        '{"qrCodeUrl":"https://p.example/S3CRET-9.png","shortUrl":"http://p.example/S3CRET-9"}',
        '{"webhook":"https://us.example/webhooks/suppliers/a/S3CRET-9"}',
        '{"emailAddress":"S3CRET-9@example.com"}',
        '{"secret_key":"S3CRET-9"}',
    ],
)
def test_hides_what_opens_doors(body: str) -> None:
    assert "S3CRET-9" not in Mask().body(body.encode())


def test_hides_a_pin_written_as_a_number() -> None:
    assert Mask().body(b'{"pin":1234,"n":5}') == '{"pin":"…","n":5}'


def test_hides_known_secrets_wherever_they_stand() -> None:
    mask = Mask([KEY, "", "short"])
    assert KEY not in mask.text(f"https://x.example/{KEY}?k={KEY} short")
    assert "short" not in mask.text("a short text")


def test_leaves_the_rest_alone() -> None:
    body = '{"iccid":"8944538532008160222","status":"completed","track":"a","back":{"action":1}}'
    assert Mask([KEY]).body(body.encode()) == body


def test_shows_two_thousand_characters_of_a_long_body() -> None:
    shown = Mask().body(b"x" * 100_000)
    assert shown == "x" * 2000 + "…"


def test_a_secret_at_the_edge_of_what_is_read_stays_hidden() -> None:
    mask = Mask([KEY])
    for start in range(16_384 - len(KEY) - 2, 16_384 + 2):
        masked = b'{"matchingId":"' + b"m" * 15_000 + b'","n":"'
        body = masked + b"y" * (start - len(masked)) + KEY.encode()
        assert KEY[:6] not in mask.body(body)


def test_is_ready_for_a_json_column() -> None:
    assert Mask().body(b"a\x00b\xff") == "a�b�"
