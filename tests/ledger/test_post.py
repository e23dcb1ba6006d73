"""What is posted adds up, is posted once, and is never changed afterwards."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, IntegrityError, connection

from simplane.core import clock
from simplane.core.db import transaction
from simplane.core.errors import BadMoney, Refusal
from simplane.ledger import queries
from simplane.ledger.actions import close_month, open_wallet, post, post_many, reverse, set_credit_limit
from simplane.ledger.actions.post import Fact
from simplane.ledger.chart import Kind
from simplane.ledger.errors import AlreadyReversed, BadPosting, InsufficientFunds, KeyReused, PeriodClosed
from simplane.ledger.models import Account, Entry, Ledger, Transaction, Wallet
from simplane.ledger.values import AccountRef, Posting
from tests.ledger.money import BANK, SALES, fresh, funded, held_ref, reseller, wallet_ref

pytestmark = pytest.mark.django_db(transaction=True)


def counted() -> tuple[int, int]:
    return Transaction.objects.count(), Entry.objects.count()


def test_a_transaction_moves_money_between_two_accounts() -> None:
    wallet = funded(5_00)

    assert wallet.balance_minor == 5_00
    assert queries.balance(wallet_ref(wallet.organization)) == 5_00
    assert queries.balance(BANK) == 5_00
    assert Entry.objects.values_list("amount_minor", flat=True).order_by("amount_minor")[0] == -5_00


def test_the_same_key_is_posted_once() -> None:
    fact, postings = Fact(kind="sale", key="unit:1:sale"), [Posting(BANK, SALES, 100)]
    with transaction():
        first = post(fact, postings)
    with transaction():
        second = post(fact, postings)

    assert (first.fresh, second.fresh, second.transaction_id) == (True, False, first.transaction_id)
    assert counted() == (1, 2)


def test_several_facts_are_posted_in_one_statement_or_none_of_them() -> None:
    facts = [
        (Fact(kind="sale", key=f"unit:{one}:sale", subject="o"), [Posting(BANK, SALES, 100 * one)]) for one in (1, 2)
    ]
    with transaction():
        post_many(facts)
    assert counted() == (2, 4)
    assert queries.balance(BANK) == 300
    third = Fact(kind="sale", key="unit:3:sale"), [Posting(BANK, SALES, 5)]
    with pytest.raises(KeyReused), transaction():
        post_many([third, facts[0]])
    assert counted() == (2, 4)


def test_what_moves_a_wallet_is_not_posted_among_others() -> None:
    wallet = funded(5_00)
    sale = Fact(kind="sale", key="w"), [Posting(wallet_ref(wallet.organization), SALES, 1)]
    with pytest.raises(BadPosting, match="by itself"), transaction():
        post_many([sale])


@pytest.mark.parametrize(
    ("fact", "minor"),
    [
        (Fact(kind="sale", key="k"), 101),
        (Fact(kind="refund", key="k"), 100),
        (Fact(kind="sale", key="k", subject="x"), 100),
    ],
)
def test_a_key_with_another_content_is_refused(fact: Fact, minor: int) -> None:
    with transaction():
        post(Fact(kind="sale", key="k"), [Posting(BANK, SALES, 100)])

    with pytest.raises(KeyReused), transaction():
        post(fact, [Posting(BANK, SALES, minor)])

    assert counted() == (1, 2)


def test_a_wallet_is_not_overdrawn() -> None:
    wallet = funded(5_00)
    before = counted()

    with pytest.raises(InsufficientFunds, match=r"5.01 EUR needed, 5.00 EUR available"), transaction():
        post(Fact(kind="sale", key="k"), [Posting(wallet_ref(wallet.organization), SALES, 5_01)])

    assert (fresh(wallet).balance_minor, counted()) == (5_00, before)


def test_credit_lets_a_wallet_go_below_zero_up_to_its_limit() -> None:
    wallet = funded(5_00)
    with transaction():
        set_credit_limit(wallet, 10_00, reason="known for years")
    with transaction():
        post(Fact(kind="sale", key="all"), [Posting(wallet_ref(wallet.organization), SALES, 15_00)])

    assert fresh(wallet).balance_minor == -10_00
    with pytest.raises(InsufficientFunds), transaction():
        post(Fact(kind="sale", key="more"), [Posting(wallet_ref(wallet.organization), SALES, 1)])


def test_what_can_not_be_refused_overdraws_and_says_so() -> None:
    wallet = funded(5_00)
    loss = AccountRef(Kind.CLEARING, "EUR", subject="stripe")
    with transaction():
        post(
            Fact(kind="dispute", key="dp_1"), [Posting(wallet_ref(wallet.organization), loss, 9_00)], may_overdraw=True
        )

    assert fresh(wallet).balance_minor == -4_00


@pytest.mark.parametrize(
    ("posting", "problem"),
    [
        (Posting(BANK, SALES, 0), BadPosting),
        (Posting(BANK, SALES, -5), BadPosting),
        (Posting(BANK, SALES, 10**15 + 1), BadPosting),
        (Posting(BANK, AccountRef(Kind.SALES, "USD", subject="retail"), 5), BadPosting),
        (Posting(BANK, AccountRef(Kind.SALES, "EUR"), 5), BadPosting),
        (Posting(BANK, AccountRef(Kind.BANK, "EUR", subject="x"), 5), BadPosting),
        (Posting(BANK, AccountRef(Kind.WALLET, "EUR"), 5), BadPosting),
        (Posting(AccountRef(Kind.BANK, "XXY"), AccountRef(Kind.FEES, "XXY", subject="bank"), 5), BadMoney),
    ],
)
def test_a_bad_posting_is_refused_and_changes_nothing(posting: Posting, problem: type[Refusal]) -> None:
    with pytest.raises(problem), transaction():
        post(Fact(kind="sale", key="k"), [posting])

    assert counted() == (0, 0)
    assert not Account.objects.exists()


def test_a_transaction_without_postings_is_refused() -> None:
    with pytest.raises(BadPosting), transaction():
        post(Fact(kind="sale", key="k"), [])


def test_the_database_refuses_entries_that_do_not_sum_to_zero() -> None:
    funded(5_00)
    account = Account.objects.get(kind="bank")
    made = Transaction.objects.create(ledger="live", kind="x", key="k", at=clock.now(), actor="me")

    with pytest.raises(IntegrityError, match="off by 7 EUR"):
        Entry.objects.create(transaction=made, account=account, amount_minor=7, currency="EUR", at=made.at)

    assert Entry.objects.count() == 2


def test_the_database_refuses_an_entry_in_another_currency_than_its_account() -> None:
    funded(5_00)
    bank, wallet = Account.objects.get(kind="bank"), Account.objects.get(kind="wallet")
    made = Transaction.objects.get()

    rows = [
        Entry(transaction=made, account=one, amount_minor=sign * 7, currency="USD", at=made.at)
        for one, sign in ((bank, 1), (wallet, -1))
    ]

    with pytest.raises(IntegrityError, match=f"entry of transaction {made.pk} names no account in USD"):
        Entry.objects.bulk_create(rows)


def test_the_database_refuses_entries_of_no_transaction_and_keeps_what_holds_and_entries_name() -> None:
    funded(5_00)
    bank, wallet = Account.objects.get(kind="bank"), Account.objects.get(kind="wallet")
    rows = [
        Entry(transaction_id=10**9, account=one, amount_minor=sign * 7, currency="EUR", at=clock.now())
        for one, sign in ((bank, 1), (wallet, -1))
    ]

    with pytest.raises(IntegrityError, match="there is no transaction 1000000000"):
        Entry.objects.bulk_create(rows)
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="a wallet is never removed"):
        cursor.execute("DELETE FROM ledger_wallet WHERE account_id = %s", [wallet.pk])

    assert (Entry.objects.count(), Wallet.objects.count()) == (2, 1)


@pytest.mark.parametrize("table", ["ledger_account", "ledger_transaction", "ledger_entry", "ledger_seal"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET ledger_id = 1", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_nothing_is_changed_or_removed_whoever_asks(table: str, verb: str) -> None:
    from simplane.ledger.seal import seal_all

    funded(5_00)
    seal_all()
    before = counted()
    column = {"ledger_entry": "amount_minor = amount_minor", "ledger_seal": "number = number"}.get(
        table, "ledger = ledger"
    )
    statement = verb.replace("ledger_id = 1", column).format(table)

    with pytest.raises(DatabaseError, match="append-only"):
        as_in_any_other_database(statement)

    assert counted() == before


def as_in_any_other_database(statement: str) -> None:
    """The test database alone lets itself be emptied between tests."""
    with transaction(), connection.cursor() as cursor:
        for name in ("account", "transaction", "entry", "seal"):
            cursor.execute(f"ALTER TABLE ledger_{name} ENABLE TRIGGER never_truncated")
        cursor.execute(statement)


def test_a_reversal_is_the_mirror_image_and_points_at_what_it_undoes() -> None:
    wallet = funded(5_00)
    old = Transaction.objects.get()
    with transaction():
        done = reverse(old.pk, key="mistake:1", reason="paid in twice")

    made = Transaction.objects.get(pk=done.transaction_id)
    assert (made.kind, made.reverses_id, made.reason) == ("reversal", old.pk, "paid in twice")
    assert fresh(wallet).balance_minor == 0
    assert queries.balance(BANK) == 0


def test_nothing_is_reversed_twice() -> None:
    wallet = funded(5_00)
    old = Transaction.objects.get()
    with transaction():
        reverse(old.pk, key="mistake:1", reason="paid in twice")
    with transaction():
        again = reverse(old.pk, key="mistake:1", reason="paid in twice")
    with pytest.raises(AlreadyReversed), transaction():
        reverse(old.pk, key="mistake:2", reason="paid in twice")
    with pytest.raises(BadPosting), transaction():
        reverse(again.transaction_id, key="mistake:3", reason="was right after all")

    assert again.fresh is False
    assert fresh(wallet).balance_minor == 0


def test_nothing_posts_into_a_closed_month(monkeypatch: pytest.MonkeyPatch) -> None:
    october = datetime(2026, 10, 15, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 20, tzinfo=UTC))
    close_month(date(2026, 10, 9))
    close_month(date(2026, 10, 1))

    with pytest.raises(PeriodClosed), transaction():
        post(Fact(kind="sale", key="k", at=october), [Posting(BANK, SALES, 1)])
    with transaction():
        post(
            Fact(kind="sale", key="before", at=datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC)), [Posting(BANK, SALES, 1)]
        )
        post(Fact(kind="sale", key="after", at=datetime(2026, 11, 1, tzinfo=UTC)), [Posting(BANK, SALES, 1)])
        post(Fact(kind="play", key="k", at=october, ledger=Ledger.TEST), [Posting(BANK, SALES, 1)])

    assert set(Transaction.objects.values_list("key", flat=True)) == {"before", "after", "k"}


def test_a_month_that_is_not_over_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 30, 23, 59, tzinfo=UTC))

    with pytest.raises(BadPosting, match="2026-11 is not over"):
        close_month(date(2026, 11, 1))


def test_play_money_and_real_money_never_meet() -> None:
    twin = reseller(is_test=True)
    with transaction():
        wallet = open_wallet(twin, "EUR")
        post(Fact(kind="top_up", key="k", ledger=Ledger.TEST), [Posting(BANK, wallet_ref(twin), 100)])

    assert fresh(wallet).balance_minor == 100
    assert queries.balance(BANK) == 0
    assert queries.balance(BANK, ledger=Ledger.TEST) == 100


@pytest.mark.parametrize(("currency", "shown"), [("JPY", "1900 JPY"), ("EUR", "19.00 EUR"), ("KWD", "1.900 KWD")])
def test_currencies_have_the_decimals_they_have(currency: str, shown: str) -> None:
    wallet = funded(1900, currency=currency)

    (state,) = queries.wallets(wallet.organization_id)
    assert str(state.available) == shown


def test_an_account_of_a_transaction_that_was_undone_is_not_remembered() -> None:
    owner = reseller()

    def undone() -> None:
        with transaction():
            open_wallet(owner, "EUR")
            post(Fact(kind="top_up", key="k"), [Posting(BANK, wallet_ref(owner), 100)])
            post(Fact(kind="hold", key="h"), [Posting(wallet_ref(owner), held_ref(owner), 10)])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    with transaction():
        post(Fact(kind="top_up", key="k"), [Posting(BANK, wallet_ref(owner), 100)])
        post(Fact(kind="hold", key="h"), [Posting(wallet_ref(owner), held_ref(owner), 10)])

    assert (queries.balance(wallet_ref(owner)), queries.balance(held_ref(owner))) == (90, 10)


def test_a_balance_is_told_as_it_was_then() -> None:
    owner = reseller()
    for day, minor in ((1, 100), (10, 20)):
        with transaction():
            open_wallet(owner, "EUR")
            fact = Fact(kind="top_up", key=str(day), at=datetime(2026, 10, day, tzinfo=UTC))
            post(fact, [Posting(BANK, wallet_ref(owner), minor)])
    assert queries.balance(wallet_ref(owner), before=datetime(2026, 10, 10, tzinfo=UTC)) == 100
    assert queries.balance(wallet_ref(owner)) == 120
