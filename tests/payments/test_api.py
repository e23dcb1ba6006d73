"""Top-ups by the reseller API: a page to pay at, or a saved card, once a key."""

from __future__ import annotations

import pytest

from simplane.catalog.models import Terms
from simplane.organizations.keys import create_key
from simplane.payments.models import StripeAccount, TopUp
from tests.api.v1.calls import Program, program
from tests.payments.desk import Desk


@pytest.fixture
def caller(desk: Desk) -> Program:
    Terms.objects.create(organization=desk.organization, currency="EUR")
    return Program(desk.organization, create_key(desk.organization, "shop", rate_per_minute=6_000).secret)


def test_a_program_gets_a_page_to_pay_at_and_reads_that_the_money_came(desk: Desk, caller: Program) -> None:
    wanted = {"amount_minor": 50_00, "save_card": True, "success_url": "https://shop.example/wallet"}
    made = caller.post("/wallet/top-ups", wanted, key="t-1")
    again = caller.post("/wallet/top-ups", wanted, key="t-1")

    assert (made.status, made.told["state"], made.told["url"].startswith(desk.standin.url)) == (201, "awaiting", True)
    assert (again.raw, again.headers["Idempotent-Replayed"], TopUp.objects.count()) == (made.raw, "true", 1)
    desk.pay(TopUp.objects.get())
    desk.tell()
    read = caller.get(f"/wallet/top-ups/{made.told['id']}").told
    card = caller.get("/wallet/cards").told["data"][0]
    assert (read["state"], read["url"], read["card"], card["last4"]) == ("succeeded", None, card["id"], "4242")

    charged = caller.post("/wallet/top-ups", {"amount_minor": 7_00, "method": "card", "card": card["id"]}, key="t-2")
    listed = caller.get("/wallet/top-ups", limit=1).told
    assert (charged.told["state"], listed["data"], listed["has_more"]) == ("succeeded", [charged.told], True)
    assert caller.get("/wallet").told["balances"][0]["balance_minor"] == 57_00


def test_what_can_not_be_is_refused_and_charges_nothing(desk: Desk, caller: Program) -> None:
    def code(body: dict[str, object], key: str = "k") -> tuple[int, str]:
        answer = caller.post("/wallet/top-ups", body, key=key)
        return answer.status, answer.code

    assert code({"amount_minor": 0}) == (422, "bad_request")
    assert code({"amount_minor": 10**12}) == (422, "bad_request")
    assert code({"amount_minor": 5.5}) == (422, "bad_request")
    assert code({"amount_minor": 500, "fee_minor": 0}) == (422, "bad_request")
    assert code({"amount_minor": 500, "currency": "USD"}) == (422, "bad_top_up")
    assert code({"amount_minor": 500, "method": "card"}) == (422, "bad_request")
    assert code({"amount_minor": 500, "method": "card", "card": "card_another"}) == (404, "not_found")
    assert code({"amount_minor": 500, "success_url": "file:///etc/passwd"}) == (422, "bad_request")
    assert code({"amount_minor": 500, "success_url": "https://a[b"}) == (422, "bad_request")
    for sign in ("\0", "\x07", "\x7f", "\u202e", " "):
        assert code({"amount_minor": 500, "success_url": f"https://a.example/{sign}"}) == (422, "bad_request")
    assert code({"amount_minor": 500}, key="") == (400, "idempotency_key_missing")
    StripeAccount.objects.update(active=False)
    assert code({"amount_minor": 500}) == (409, "no_payment_service")
    assert not TopUp.objects.exists()


def test_a_top_up_of_another_reseller_is_not_there(desk: Desk, caller: Program) -> None:
    theirs = desk.checkout().public_id
    stranger = program(0, is_test=True)

    assert stranger.get(f"/wallet/top-ups/{theirs}").code == "not_found"
    assert stranger.get("/wallet/top-ups").told["data"] == []
    reader = program(0, is_test=True, scopes=("wallet:read",))
    assert reader.post("/wallet/top-ups", {"amount_minor": 5_00}, key="k").code == "missing_scope"
