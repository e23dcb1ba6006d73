"""What eSIM Go's refusals mean (reference 1.6)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simplane.core.http import Answer
from simplane.suppliers.esimgo.errors import About, refusal
from simplane.suppliers.outcomes import Blocked, NotReady, Permanent, Retryable
from simplane.suppliers.transport import Doubtful


def answered(status: int, body: bytes | str = b"", **headers: str) -> Answer:
    content = body.encode() if isinstance(body, str) else body
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def refused(status: int, body: bytes | str = b"", about: About = "account", **headers: str) -> Any:
    return refusal(answered(status, body, **headers), about, changes=True)


@pytest.mark.parametrize(
    "text",
    ["insufficient balance to complete order", "Insufficient Balance", "not enough credit", "insufficient funds"],
)
def test_a_400_about_money_blocks(text: str) -> None:
    answer = refused(400, text)
    assert isinstance(answer, Blocked)
    assert answer.kind == "funds"


@pytest.mark.parametrize(
    "text",
    ["bundle esim_X not found or not available", "Invalid bundle", "unknown item", "Bundle name does not exist"],
)
def test_a_400_about_a_missing_bundle_is_a_stale_catalogue(text: str) -> None:
    answer = refused(400, json.dumps({"message": text}))
    assert isinstance(answer, Permanent)
    assert answer.stale_catalogue


@pytest.mark.parametrize("text", ["quantity must match", "esim 89 is not active", "", "<html>Bad Request</html>"])
def test_any_other_400_is_permanent(text: str) -> None:
    answer = refused(400, text)
    assert isinstance(answer, Permanent)
    assert not answer.stale_catalogue
    assert "<" not in answer.reason


def test_a_401_is_a_wrong_key() -> None:
    assert refused(401, "Unauthorized").kind == "key"


def test_a_403_is_a_wrong_key_unless_it_is_about_a_line() -> None:
    assert isinstance(refused(403, '{"message":"access denied"}', "account"), Blocked)
    assert isinstance(refused(403, '{"message":"access denied"}', "line"), Blocked)
    assert isinstance(refused(403, '{"message":"esim is not assigned to your organisation"}', "line"), Permanent)
    assert isinstance(refused(403, '{"message":"suspended under the usage policy"}', "line"), Permanent)


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_gone_is_permanent(status: int) -> None:
    answer = refused(status, "", "line")
    assert isinstance(answer, Permanent)
    assert answer.code == str(status)


@pytest.mark.parametrize(
    ("header", "seconds"), [({}, 1.0), ({"retry_after": "4"}, 4.0), ({"retry_after": "soon"}, 1.0)]
)
def test_throttling_says_when(header: Any, seconds: float) -> None:
    answer = refused(
        429, '{"message":"Rate limit exceeded"}', **{name.replace("_", "-"): v for name, v in header.items()}
    )
    assert isinstance(answer, Retryable)
    assert answer.retry_after == seconds


def test_a_503_is_too_early_for_a_read_and_doubtful_for_a_change() -> None:
    early = answered(503, "")
    assert refusal(Answer(503, {"retry-after": "9"}, b""), "account", changes=False) == NotReady(9.0)
    with pytest.raises(Doubtful):
        refusal(early, "account", changes=True)


@pytest.mark.parametrize("status", [500, 502, 504, 408, 302, 204, 599])
def test_anything_else_is_doubtful(status: int) -> None:
    with pytest.raises(Doubtful):
        refused(status)


@pytest.mark.parametrize("body", [b"[" * 100_000, b"\xff\xfe", b'{"message": {"a": 1}}', b"[]", b'"text"', b"null"])
def test_an_error_in_any_body_is_read(body: bytes) -> None:
    assert isinstance(refused(400, body), Permanent)
