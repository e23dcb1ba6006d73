"""A bank transfer needs two people before it is money in a wallet."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError

from simplane.core import clock
from simplane.core.errors import BadInput, NotFound
from simplane.core.money import Money
from simplane.ledger.chart import Kind
from simplane.ledger.verify import verify
from simplane.organizations.models import User
from simplane.payments import actions, queries
from simplane.payments.errors import BadTopUp, FourEyes, NotDecidable, NotRefundable
from simplane.payments.models import BankTopUp, TopUp
from tests import factories
from tests.payments.desk import Desk


def entered(desk: Desk, by: User, reference: str = "RF18 5390 0754", day: date = date(2026, 11, 2)) -> TopUp:
    return actions.propose_bank_top_up(
        desk.organization, Money(500_00, "EUR"), reference=reference, received_on=day, by=by
    )


def test_a_transfer_is_in_the_wallet_when_another_person_approved_it_once(desk: Desk) -> None:
    ana, ben = factories.staff(), factories.staff()
    row = entered(desk, ana)
    assert (row.state, desk.wallet(), queries.bank_top_ups_to_decide().count()) == ("awaiting", 0, 1)

    with pytest.raises(FourEyes):
        actions.decide_bank_top_up(row.public_id, approve=True, by=ana)
    with pytest.raises(IntegrityError):
        BankTopUp.objects.filter(top_up=row).update(approved=True, decided_by=ana)
    done = actions.decide_bank_top_up(row.public_id, approve=True, by=ben, note="seen on the statement")
    with pytest.raises(NotDecidable):
        actions.decide_bank_top_up(row.public_id, approve=False, by=ana)

    assert (done.state, desk.wallet(), desk.booked(Kind.BANK)) == ("succeeded", 500_00, 500_00)
    with pytest.raises(NotRefundable):
        actions.refund_top_up(desk.organization.pk, row.public_id, 1_00, reason="asked")
    assert verify().problems == ()


def test_a_transfer_is_entered_once_and_again_only_when_it_was_rejected(desk: Desk) -> None:
    ana = factories.staff()
    row = entered(desk, ana)
    with pytest.raises(BadTopUp, match="entered before"):
        entered(desk, factories.staff(), reference="  RF18 5390   0754 ")

    actions.decide_bank_top_up(row.public_id, approve=False, by=ana, note="wrong reseller")
    again = entered(desk, ana)

    assert (desk.fresh(row).state, desk.fresh(row).problem, again.state) == ("failed", "wrong reseller", "awaiting")
    assert desk.wallet() == 0


def test_a_transfer_without_reference_from_the_future_or_in_a_foreign_currency_is_refused(desk: Desk) -> None:
    ana = factories.staff()
    with pytest.raises(BadInput, match="reference"):
        entered(desk, ana, reference=" x ")
    with pytest.raises(BadInput, match="not come yet"):
        entered(desk, ana, day=(clock.now() + timedelta(days=1)).date())
    with pytest.raises(BadTopUp, match="no wallet in USD"):
        actions.propose_bank_top_up(
            desk.organization, Money(1_00, "USD"), reference="RF18", received_on=date(2026, 11, 2), by=ana
        )
    with pytest.raises(NotFound):
        actions.decide_bank_top_up("top_nobody", approve=True, by=ana)
    assert not TopUp.objects.exists()
