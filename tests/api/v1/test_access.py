"""Who may call the API, and what every answer carries."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simplane.core import clock
from simplane.organizations.keys import create_key, revoke_key, rotate_key
from simplane.organizations.models import ApiKey, Organization
from tests.api.v1.calls import Program, program

pytestmark = pytest.mark.django_db


def test_a_key_reads_its_own_wallet_and_is_seen_in_use() -> None:
    caller = program(12_50)
    answer = caller.get("/wallet")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    assert answer.headers["Request-Id"].startswith("req_")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.told["balances"] == [
        {
            "currency": "EUR",
            "balance_minor": 12_50,
            "held_minor": 0,
            "credit_limit_minor": 0,
            "available_minor": 12_50,
        }
    ]
    key = ApiKey.objects.get()
    assert key.last_used_at is not None
    caller.get("/wallet")
    assert ApiKey.objects.get().last_used_at == key.last_used_at


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer sk_live_nobody", "Bearer \xff\x00"])
def test_without_a_good_key_nothing_is_told(header: str) -> None:
    caller = program()
    caller.headers = {"Authorization": header}
    answer = caller.get("/wallet")

    assert (answer.status, answer.code) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.told["request_id"] == answer.headers["Request-Id"]
    assert "Authorization: Bearer" in answer.told["detail"]


def test_a_key_ends_when_it_is_revoked_or_its_overlap_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = program()
    old = ApiKey.objects.get()
    fresh = rotate_key(caller.organization.pk, old.public_id, overlap=timedelta(hours=1))
    assert caller.get("/wallet").status == Program(caller.organization, fresh.secret).get("/wallet").status == 200

    later = clock.now() + timedelta(hours=2)
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: later)
        assert caller.get("/wallet").code == "unauthorized"
    revoke_key(caller.organization.pk, fresh.key.public_id)
    assert Program(caller.organization, fresh.secret).get("/wallet").code == "unauthorized"


def test_networks_scopes_and_the_account_are_looked_at() -> None:
    caller = program()
    near = create_key(caller.organization, "near", allowed_networks=["198.51.100.0/24", "2001:db8::/32"]).secret
    blind = create_key(caller.organization, "blind", scopes=["catalogue:read"]).secret

    assert Program(caller.organization, near).get("/wallet").code == "wrong_network"
    assert Program(caller.organization, near, address="2001:db8::1").get("/wallet").status == 200
    refused = Program(caller.organization, blind).get("/wallet")
    assert (refused.status, refused.code) == (403, "missing_scope")
    assert "wallet:read" in refused.told["detail"]
    Organization.objects.filter(pk=caller.organization.pk).update(state="suspended")
    assert caller.get("/wallet").status == 200
    for call in ("/quotes", "/webhooks", "/wallet/top-ups"):
        assert caller.post(call, {}).code == "account_suspended"
    Organization.objects.filter(pk=caller.organization.pk).update(state="applied")
    assert caller.get("/wallet").code == "account_applied"


def test_what_is_no_address_or_no_method_is_told_as_json() -> None:
    caller = program()
    assert (caller.get("/nothing").status, caller.get("/nothing").code) == (404, "not_found")
    answer = caller.call("DELETE", "/wallet")
    assert (answer.status, answer.code, answer.headers["Allow"]) == (405, "method_not_allowed", "GET")
    typo = caller.get("/orders", refernce="PO-7")
    assert (typo.status, typo.code) == (422, "bad_parameter")
    assert "refernce" in typo.told["detail"]
    nul = caller.get("/wallet/entries", kind="\0")
    assert (nul.status, nul.code) == (400, "not_understood")


def test_calls_that_are_refused_count_against_the_keys_rate() -> None:
    owner = program().organization
    blind = Program(owner, create_key(owner, "blind", scopes=["catalogue:read"], rate_per_minute=20).secret)
    far = Program(owner, create_key(owner, "far", allowed_networks=["198.51.100.0/24"], rate_per_minute=20).secret)
    good = Program(owner, create_key(owner, "good", rate_per_minute=20).secret)
    assert [blind.get("/wallet").status for _ in range(3)] == [403, 403, 429]
    assert [far.get("/wallet").status for _ in range(3)] == [403, 403, 429]
    Organization.objects.filter(pk=owner.pk).update(state="suspended")
    assert [good.post("/quotes", {}).status for _ in range(3)] == [403, 403, 429]


def test_a_key_is_slowed_down_beyond_its_rate() -> None:
    caller = program()
    slow = Program(caller.organization, create_key(caller.organization, "slow", rate_per_minute=20).secret)
    answers = [slow.get("/wallet") for _ in range(3)]

    assert [one.status for one in answers] == [200, 200, 429]
    assert answers[-1].code == "rate_limited"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 3
    assert [one.headers["RateLimit"].split(";")[1] for one in answers] == ["r=1", "r=0", "r=0"]
    assert answers[0].headers["RateLimit-Policy"] == '"key";q=2;w=6'
    assert caller.get("/wallet").status == 200
