"""What operators do about payments: load accounts, ask the doctor, match with Stripe's books, retire stand-ins."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simplane.core.models import AuditEntry
from simplane.ops import payments
from simplane.ops.doctor_payments import payments as doctor
from simplane.ops.load import load
from simplane.ops.setup_file import BadSetup
from simplane.ops.stand_ins import retire
from simplane.payments.gateway import Gateway
from simplane.payments.models import StripeAccount
from tests.payments.desk import Desk

LIVE: dict[str, Any] = {
    "key": "stripe",
    "mode": "live",
    "name": "Stripe",
    "credentials": {"api_key": "sk_live_not_real", "webhook_secret": "whsec_1"},
}


def test_an_account_is_loaded_from_the_setup_file_and_its_secrets_are_in_no_audit_line(transactional_db: None) -> None:
    load({"payments": [LIVE]})
    rolled = {"api_key": "rk_live_not_real", "webhook_secret": "whsec_2", "previous_webhook_secrets": ["whsec_1"]}
    changed = load({"payments": [LIVE | {"credentials": rolled}]}).changes

    account = StripeAccount.objects.get()
    assert (account.key, account.is_test, account.api_url, account.credentials) == ("stripe", False, "", rolled)
    assert [one.after for one in changed] == [{"credentials": "(secret)"}]
    assert "whsec" not in json.dumps(list(AuditEntry.objects.values_list("before", "after")))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"mode": "test"}, "no key of test mode"),
        ({"credentials": {"api_key": "sk_live_x"}}, "webhook_secret: is missing"),
        ({"api_url": "http://stripe.example"}, "without https"),
        ({"key": "second"}, "another account takes the live payments"),
    ],
)
def test_an_account_that_can_not_work_is_refused_by_name(db: None, given: dict[str, Any], problem: str) -> None:
    load({"payments": [LIVE]})
    with pytest.raises(BadSetup, match=problem):
        load({"payments": [LIVE | given] if "mode" not in given else [LIVE | given | {"key": "another"}]})


def test_the_doctor_says_whether_stripe_can_be_used(desk: Desk) -> None:
    desk.paid()
    well = [(state, text) for state, text, _ in doctor()]
    desk.standin.settings(api_key="another")
    ill = [(state, fix) for state, _, fix in doctor()]

    assert [state for state, _ in well] == ["ok", "ok"]
    assert well[0][1] == "stripe-test: our key works"
    assert ill[0] == ("fail", "make a new key at Stripe, put it into the setup file, load it")


def test_matching_compares_payouts_and_the_balance_and_names_what_differs(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.paid(80_00)
    desk.standin.control("payouts/run", everything=True, arrive=True)
    desk.paid(20_00)
    assert payments.main(["match"]) == 0
    assert "1 payouts, 0 differences" in capsys.readouterr().out

    desk.api.v1.payment_intents.create(
        {
            "amount": 12_00,
            "currency": "eur",
            "payment_method": "pm_card_visa",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "confirm": True,
        }
    )
    assert payments.main(["match", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["balances"] == [
        {
            "account": "stripe-test",
            "currency": "EUR",
            "stripe_minor": 19_45 + 11_57,
            "ledger_minor": 19_45,
        }
    ]


def test_a_retired_stand_in_takes_no_money(desk: Desk) -> None:
    assert retire() == ["payments stripe-test"]
    assert retire() == []
    assert AuditEntry.objects.filter(action="stripe_account.retired").count() == 1


def test_a_proxy_in_the_environment_does_not_come_between_us_and_stripe(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")

    assert Gateway(desk.account).balance()["object"] == "balance"
