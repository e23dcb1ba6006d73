"""What never stands in a log line, a trace or an error report, however carelessly it is written."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from simplane.core import redact
from simplane.core.log import redacted
from simplane.core.telecom import ActivationCode


def line(**fields: Any) -> dict[str, Any]:
    """A log line as it is about to be rendered."""
    return dict(redacted(logging.getLogger(), "info", {"event": "test", **fields}))


@pytest.mark.parametrize(
    "name",
    [
        "activation_code",
        "matching_id",
        "matchingId",
        "api_key",
        "apiKey",
        "X-Api-Key",
        "secret",
        "client_secret",
        "access_token",
        "webhook_token",
        "password",
        "Authorization",
        "cookie",
        "credentials",
        "sentry_dsn",
        "slack_webhook_url",
        "puk2",
    ],
)
def test_a_value_under_a_secret_name_is_hidden(name: str) -> None:
    assert line(**{name: "abc"})[name] == "…"
    assert line(detail={name: {"deep": ["abc"]}})["detail"] == {name: "…"}


@pytest.mark.parametrize("name", ["order_id", "iccid", "event", "supplier", "token_type", "idempotency_key", "pinned"])
def test_other_names_are_left_alone(name: str) -> None:
    assert line(**{name: "abc"})[name] == "abc"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("scan LPA:1$rsp.example.com$SECRET-1 now", "scan … now"),
        ("carddata=LPA%3A1%24rsp.example.com%24SECRET-1&x=1", "carddata=…&x=1"),
        ("{'matching_id': 'SECRET-1', 'days': 7}", "{'matching_id': …, 'days': 7}"),
        ('{"accessCode":"SECRET \\" 1","days":7}', '{"accessCode":…,"days":7}'),
        ("ActivationCode(smdp='a', matching_id='SECRET-1')", "ActivationCode(smdp='a', matching_id=…)"),
        ("GET /v2.5/orders?apiKey=SECRET-1&page=2", "GET /v2.5/orders?apiKey=…&page=2"),
        ("Authorization: Bearer SECRET.aaaa.bbbb", "Authorization: Bearer …"),
        ("postgresql://simplane:SECRET1@db/simplane", "postgresql://…@db/simplane"),
        ("POST https://hooks.slack.com/services/T0/B0/SECRET", "POST https://hooks.slack.com/…"),
        ("POST /webhooks/suppliers/esimgo/SECRET-1 503", "POST /webhooks/suppliers/esimgo/… 503"),
        ("POST /webhooks/mail/SECRET-1 503", "POST /webhooks/mail/… 503"),
        ("GET /e/SECRET-TOKEN-1/qr.svg", "GET /e/…/qr.svg"),
        ("GET /hub/invited/SECRET-TOKEN-1/", "GET /hub/invited/…/"),
        ("https://esim.example/o/SECRET-TOKEN-1", "https://esim.example/o/…"),
        ("DETAIL:  Failing row contains (1, SECRET, (2)).", "DETAIL:  Failing row contains (…)"),
        ("Key (email)=(SECRET@example.com) already exists.", "Key (email)=(…) already exists."),
    ],
)
def test_a_secret_is_known_by_its_look(text: str, shown: str) -> None:
    assert redact.text(text) == shown
    assert line(problem=text)["problem"] == shown
    assert line(problem=[{"deep": text}])["problem"] == [{"deep": shown}]


@pytest.mark.parametrize(
    "text",
    [
        "order #1001 of demo: no offer may serve this product",
        "GET /console/orders/ord_01jx8/ 200",
        "esim_1GB_7D_ES_V2",
        "8944501234567890123",
        "https://api.esim-go.com/v2.5/orders",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert redact.text(text) == text


def test_objects_are_shown_without_what_they_hold() -> None:
    code = ActivationCode("rsp.example.com", "SECRET-1")
    assert "SECRET-1" not in str(line(line=code, many=(code, [code])))
    assert line(body=b"SECRET-1")["body"] == "<8 bytes>"


def test_times_stay_times() -> None:
    assert line(at=datetime(2026, 11, 20, tzinfo=UTC))["at"] == "2026-11-20T00:00:00+00:00"


def test_our_own_keys_are_hidden_wherever_they_stand() -> None:
    redact.hide(["our-own-key-1", "short"])
    try:
        assert redact.text("tried our-own-key-1, a short try") == "tried …, a short try"
    finally:
        redact.hide([])


def test_a_long_text_is_read_in_no_time() -> None:
    words = "a.b-c+d" * 20_000
    assert redact.text(words) == words
