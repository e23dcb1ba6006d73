"""Signatures are exactly those of Standard Webhooks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from simplane.webhooks import signing

# Of the specification's own test suite, and of its rotation example.
VECTORS = [
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        '{"test": 2432232314}',
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (
        "whsec_ZXhhbXBsZS1rZXktb25lLTAxMjM0NTY3ODlhYmNkZWY=",
        "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
        1795167015,
        '{"type":"esim.issued","timestamp":"2026-11-20T09:30:15.123456Z",'
        '"data":{"order_id":"ord_01","iccid":"8944500000000000001"}}',
        "v1,snJ79LonM4g91mBiEE/Uuq4tc0Etxpzk+6fkUx+R+iQ=",
    ),
    (
        "whsec_ZXhhbXBsZS1rZXktdHdvLWZlZGNiYTk4NzY1NDMyMTA=",
        "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
        1795167015,
        '{"type":"esim.issued","timestamp":"2026-11-20T09:30:15.123456Z",'
        '"data":{"order_id":"ord_01","iccid":"8944500000000000001"}}',
        "v1,7i/FZB0dQNVeaFoyKoq5vqOEYv47hI9PyT4VJmGyIr4=",
    ),
]


@pytest.mark.parametrize(("secret", "message", "stamp", "body", "signature"), VECTORS)
def test_the_published_vectors_hold(secret: str, message: str, stamp: int, body: str, signature: str) -> None:
    assert signing.sign(secret, message, stamp, body.encode()) == signature


def test_new_secrets_sign_as_the_published_library_does() -> None:
    secret, body = signing.new_secret(), '{"name":"Ana Müller"}'
    at = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    ours = signing.sign(secret, "msg_1", int(at.timestamp()), body.encode())
    assert ours == Webhook(secret).sign("msg_1", at, body)


def test_during_a_rotation_both_signatures_stand_in_one_header_the_new_one_first() -> None:
    new, old = VECTORS[1], VECTORS[2]
    made = signing.headers([new[0], old[0]], new[1], new[2], new[3].encode())
    assert made == {
        "webhook-id": new[1],
        "webhook-timestamp": "1795167015",
        "webhook-signature": f"{new[4]} {old[4]}",
    }


def test_a_secret_that_is_none_signs_nothing() -> None:
    with pytest.raises(ValueError, match="base64"):
        signing.sign("whsec_no base64!", "msg_1", 1, b"{}")
