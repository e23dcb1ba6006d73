"""OAuth2 client credentials: a token has no more rights than its key, lives an hour, and ends with its key."""

from __future__ import annotations

import base64
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from simplane.core import clock
from simplane.core.models import AuditEntry
from simplane.organizations.keys import create_key, revoke_key, rotate_key
from simplane.organizations.models import ApiKey
from tests.api.v1.calls import Answer, Program, program, sold

pytestmark = pytest.mark.django_db
FORM = {"Content_Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def caller() -> Program:
    return program()


def asked(caller: Program, **given: str) -> Answer:
    key = ApiKey.objects.filter(parent__isnull=True).latest("pk")
    fields = {"grant_type": "client_credentials", "client_id": key.public_id, "client_secret": caller.secret}
    wanted = {name: value for name, value in (fields | given).items() if value}
    return caller.post("/oauth/token", urlencode(wanted).encode(), Authorization="", **FORM)


def test_a_token_acts_as_its_key_with_the_scopes_asked_for(caller: Program) -> None:
    sold("EU-5")
    told = asked(caller, scope="orders:write catalogue:read").told
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 3600, "catalogue:read orders:write")
    token = Program(caller.organization, told["access_token"])
    assert token.secret.startswith("at_live_")
    assert token.get("/products").status == 200
    assert token.get("/wallet").code == "missing_scope"
    assert token.post("/quotes", {"sku": "EU-5"}).status == 201
    assert token.secret not in str(list(AuditEntry.objects.values()) + list(ApiKey.objects.values()))


def test_the_client_may_come_by_basic_and_ask_for_all_scopes(caller: Program) -> None:
    key = ApiKey.objects.get()
    basic = base64.b64encode(f"{key.public_id}:{caller.secret}".encode()).decode()
    answer = caller.post("/oauth/token", b"grant_type=client_credentials", Authorization=f"Basic {basic}", **FORM)
    assert answer.told["scope"].split() == sorted(key.scopes)
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")


@pytest.mark.parametrize(
    ("given", "status", "error"),
    [
        ({"client_secret": "sk_live_wrong"}, 401, "invalid_client"),
        ({"client_id": "key_unknown"}, 401, "invalid_client"),
        ({"client_id": ""}, 401, "invalid_client"),
        ({"client_id": "\0"}, 400, "invalid_request"),
        ({"scope": "everything"}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "unsupported_grant_type"),
        ({"scope": "x" * 2000}, 400, "invalid_request"),
    ],
)
def test_refusals_have_the_form_of_the_rfc(caller: Program, given: dict[str, str], status: int, error: str) -> None:
    answer = asked(caller, **given)
    assert (answer.status, answer.told["error"]) == (status, error)
    assert answer.told["error_description"]
    assert ApiKey.objects.count() == 1


def test_a_token_is_no_client_and_json_is_no_form(caller: Program) -> None:
    token = asked(caller).told["access_token"]
    row = ApiKey.objects.get(parent__isnull=False)
    assert asked(caller, client_id=row.public_id, client_secret=token).told["error"] == "invalid_client"
    answer = caller.post("/oauth/token", {"grant_type": "client_credentials"})
    assert (answer.status, answer.told["error"]) == (400, "invalid_request")


def test_a_token_ends_in_an_hour_and_with_its_key(caller: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    key = ApiKey.objects.get()
    token = Program(caller.organization, asked(caller).told["access_token"])
    rotate_key(caller.organization.pk, key.public_id, overlap=timedelta(minutes=10))
    now = clock.now()
    for minutes, status in ((9, 200), (11, 401)):
        monkeypatch.setattr(clock, "now", lambda minutes=minutes: now + timedelta(minutes=minutes))
        assert token.get("/wallet").status == status
    monkeypatch.setattr(clock, "now", lambda: now)
    assert ApiKey.objects.get(parent=key).expires_at == ApiKey.objects.get(pk=key.pk).expires_at
    revoke_key(caller.organization.pk, key.public_id)
    assert token.get("/wallet").code == "unauthorized"


def test_a_token_shares_the_rate_and_the_networks_of_its_key(caller: Program) -> None:
    slow = create_key(caller.organization, "slow", rate_per_minute=30, allowed_networks=["203.0.113.0/24"])
    owner = Program(caller.organization, slow.secret)
    token = Program(caller.organization, asked(owner).told["access_token"])
    at_home = token.address
    token.address = "198.51.100.1"
    assert token.get("/wallet").code == "wrong_network"
    token.address = at_home
    assert [token.get("/wallet").status, owner.get("/wallet").status, token.get("/wallet").status] == [200, 200, 429]
    owner.address = "198.51.100.1"
    assert asked(owner).told["error"] == "invalid_client"


def test_asking_for_tokens_is_slowed_down(caller: Program) -> None:
    answers = [asked(caller, client_secret="guess") for _ in range(21)]
    assert [one.status for one in answers[:20]] == [401] * 20
    assert (answers[20].status, answers[20].told["error"]) == (429, "temporarily_unavailable")
    assert answers[20].headers["Retry-After"] == "1"
