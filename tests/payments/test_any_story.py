"""Many random deeds, their events shuffled, repeated and lost, answers dropped: in the end every cent is where Stripe says."""

from __future__ import annotations

import random
from contextlib import suppress

from simplane.core import clock
from simplane.core.errors import Refusal
from simplane.ledger.chart import Kind
from simplane.payments import actions, matching, payouts, refunds, step
from simplane.payments.models import Dispute, Payout, TopUp, TopUpRefund
from tests.payments.desk import Desk, Json

METHODS = ("pm_card_visa", "pm_card_refundFail", "pm_card_pendingRefund", "pm_sepa_debit_success", "pm_sepa_debit_fail")
DEEDS = 22


class Story:
    """One walk through what payers, banks, Stripe and we may do."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk, self.dice = desk, random.Random(seed)
        self.deeds = (self.top_up, self.top_up, self.refund, self.refund_there, self.dispute, self.decide, self.pay_out)

    def one(self) -> None:
        self.desk.standin.control("faults", "DELETE")
        if self.dice.random() < 0.3:
            operation = self.dice.choice(("refund.create", "checkout.create", "customer.create"))
            kind = self.dice.choice(("drop_after", "drop_before", "internal_error_after"))
            self.desk.standin.fault(operation, kind, times=1)
        with suppress(Refusal, AssertionError, IndexError):
            self.dice.choice(self.deeds)()
        self.desk.standin.control("clock", advance_seconds=self.dice.choice((0, 5, 60)))
        news = [one for one in self.desk.news() if self.dice.random() > 0.2]
        news += [one for one in news if self.dice.random() < 0.2]
        self.dice.shuffle(news)
        self.desk.tell(news)

    def top_up(self) -> None:
        row = self.desk.checkout(self.dice.randint(5_00, 90_00))
        if row.session_id:
            self.desk.pay(row, self.dice.choice(METHODS))

    def refund(self) -> None:
        row = self.dice.choice(list(TopUp.objects.all()))
        minor = self.dice.randint(1, row.amount_minor)
        actions.refund_top_up(self.desk.organization.pk, row.public_id, minor, reason="asked")

    def refund_there(self) -> None:
        self.desk.standin.control("refunds", charge=self._charge(), amount=self.dice.randint(1, 20_00))

    def dispute(self) -> None:
        self.desk.standin.control("disputes", charge=self._charge(), reason="fraudulent")

    def decide(self) -> None:
        found: Json = self.desk.api.v1.disputes.list({"limit": 100}).to_dict()
        number = self.dice.choice([one["id"] for one in found["data"]] or ["none"])
        self.desk.standin.control(f"disputes/{number}", do=self.dice.choice(("won", "lost")))

    def pay_out(self) -> None:
        self.desk.standin.control("payouts/run", everything=True, arrive=self.dice.random() < 0.7)

    def _charge(self) -> str:
        found: Json = self.desk.api.v1.charges.list({"limit": 100}).to_dict()
        return str(self.dice.choice([one["id"] for one in found["data"]] or ["none"]))

    def end(self) -> None:
        """Time passes: what owes a step takes it, what no event told is looked at."""
        self.desk.standin.control("faults", "DELETE")
        self.desk.standin.control("clock", advance_seconds=30 * 86_400)
        for _ in range(2):
            now = {"due_at": clock.now(), "lease_until": None}
            TopUp.objects.update(**now)
            TopUpRefund.objects.filter(state="wanted").update(**now)
            for pk in TopUpRefund.objects.values_list("pk", flat=True):
                refunds.send(pk)
            for pk in TopUp.objects.values_list("pk", flat=True):
                step.step(pk)
        self.desk.tell()
        for payout in self.desk.api.v1.payouts.list({"limit": 100}).data:
            payouts.read(self.desk.account.pk, payout.id)
        matching.match_open()


def test_whatever_happens_wallet_and_clearing_say_what_stripes_books_say(desk: Desk) -> None:
    story = Story(desk, seed=10)
    for _ in range(DEEDS):
        story.one()
    story.end()

    books = desk.standin.books()
    back = sum(one["refunded_minor"] for one in books["orders"])
    taken = sum(one.taken_minor for one in Dispute.objects.all())
    desk.add_up()
    assert desk.wallet() == sum(one["charged_minor"] for one in books["orders"]) - back - taken
    assert desk.booked(Kind.FEES) == books["fees_minor"].get("eur", 0)
    assert desk.booked(Kind.BANK) == books["paid_out_minor"].get("eur", 0)
    assert not Payout.objects.exclude(differences=0).exists()
    assert not TopUpRefund.objects.filter(state="wanted").exists()
    assert TopUp.objects.filter(credited_at__isnull=False).count() == len(books["orders"])
