"""GET /wallet, /wallet/entries, /wallet/statements: what there is, and every entry that explains it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from simplane.api.v1.access import ApiRequest, Scope
from simplane.api.v1.hints import hints
from simplane.api.v1.paging import Paging, page_of, read_cursor, write_cursor
from simplane.api.v1.values import CLEAN, Currency, Minor, Moment, Page, examples
from simplane.catalog.wholesale import terms_of
from simplane.core import clock
from simplane.ledger.actions.wallet import ledger_of
from simplane.ledger.chart import Kind
from simplane.ledger.models import Entry
from simplane.ledger.queries import balances_after, entries, wallets
from simplane.ledger.statements import Month, lines_page, parse_month, place_of, to_csv, wallet_month
from simplane.ledger.values import AccountRef, StatementLine
from simplane.organizations.models import Organization

router = Router(tags=["Wallet"], auth=Scope("wallet:read"))
WhichCurrency = Annotated[
    str | None, Field(pattern="^[A-Z]{3}$", description="Of the wallet; else that of your terms.")
]


class Balance(Schema):
    """A wallet in one currency."""

    currency: Currency
    balance_minor: Minor
    held_minor: Annotated[int, Field(description="Set aside for orders under way; no part of the balance.")]
    credit_limit_minor: Annotated[int, Field(description="So far below zero the balance may go.")]
    available_minor: Annotated[int, Field(description="What an order may cost now: balance and credit.")]


class WalletOut(Schema):
    """All wallets of the account."""

    model_config = examples(
        {
            "object": "wallet",
            "test": False,
            "balances": [
                {
                    "currency": "EUR",
                    "balance_minor": 125000,
                    "held_minor": 1800,
                    "credit_limit_minor": 0,
                    "available_minor": 125000,
                }
            ],
        }
    )
    object: str = "wallet"
    test: bool
    balances: list[Balance]


class EntryOut(Schema):
    """One movement of the wallet."""

    model_config = examples(
        {
            "id": 4711,
            "transaction": 2356,
            "at": "2026-11-20T12:00:00.000Z",
            "kind": "hold",
            "subject": "ord_06b3x8tk1m4q7rznw2v5c9",
            "reason": "",
            "amount_minor": -1800,
            "currency": "EUR",
            "balance_minor": 125000,
        }
    )
    id: int
    transaction: int
    at: Moment
    kind: Annotated[str, Field(description="hold, release, refund, top_up, reversal, …")]
    subject: Annotated[str, Field(description="What it is about: an order's id, a top-up's.")]
    reason: str
    amount_minor: Annotated[int, Field(description="Positive: into the wallet.")]
    currency: Currency
    balance_minor: Annotated[
        int, Field(description="The balance just after it, other entries than those asked for included.")
    ]


class StatementOut(Schema):
    """One month (UTC): opening balance, its entries page by page, closing balance."""

    model_config = examples(
        {
            "object": "statement",
            "month": "2026-11",
            "currency": "EUR",
            "opening_minor": 126800,
            "closing_minor": 125000,
            "closed": False,
            "entries": [
                {
                    "id": 4711,
                    "transaction": 2356,
                    "at": "2026-11-20T12:00:00.000Z",
                    "kind": "hold",
                    "subject": "ord_06b3x8tk1m4q7rznw2v5c9",
                    "reason": "",
                    "amount_minor": -1800,
                    "currency": "EUR",
                    "balance_minor": 125000,
                }
            ],
            "has_more": False,
            "next_cursor": None,
        }
    )
    object: str = "statement"
    month: str
    currency: Currency
    opening_minor: Minor
    closing_minor: Minor
    closed: Annotated[bool, Field(description="The month is over; else more entries may come.")]
    entries: Annotated[list[EntryOut], Field(description="The oldest first.")]
    has_more: bool
    next_cursor: str | None


class EntryFilter(Paging):
    """Which entries."""

    currency: WhichCurrency = None
    kind: Annotated[str | None, Field(max_length=40, pattern=CLEAN)] = None
    subject: Annotated[str | None, Field(max_length=80, pattern=CLEAN, description="An order's id, for example.")] = (
        None
    )


class StatementWanted(Schema):
    """Which month, and how."""

    month: Annotated[str, Field(pattern="^20[0-9]{2}-(0[1-9]|1[0-2])$", description="`2026-11`, in UTC.")]
    currency: WhichCurrency = None
    format: Annotated[
        Literal["json", "csv"],
        Field(description="`csv`: text/csv, the whole month at once, amounts as people write them."),
    ] = "json"
    limit: Annotated[int, Field(ge=1, le=1000, description="Entries of a page.")] = 100
    cursor: Annotated[str | None, Field(max_length=200, description="`next_cursor` of the page before.")] = None


@router.get("/wallet", response=WalletOut, summary="Read your balance")
def read_wallet(request: ApiRequest) -> dict[str, Any]:
    """Balance, what is held for orders under way, credit, and what you may spend, for each currency."""
    return wallet_shown(request.auth.organization)


@router.get("/wallet/entries", response=Page[EntryOut], summary="List entries")
def list_entries(request: ApiRequest, wanted: Query[EntryFilter]) -> dict[str, Any]:
    """Every movement of a wallet, newest first, each with the balance after it. The sum of all entries is the balance."""
    owner = request.auth.organization
    rows = entries(_wallet(owner, wanted.currency), ledger=ledger_of(owner))
    return page_of(_filtered(rows, wanted), wanted, _entries, by="at")


@router.get(
    "/wallet/statements",
    response=StatementOut,
    summary="Read a month's statement",
    openapi_extra=hints(also="text/csv"),
)
def read_statement(request: ApiRequest, wanted: Query[StatementWanted]) -> Any:
    """Opening balance, each entry with the balance after it, and closing balance; as JSON or CSV."""
    owner = request.auth.organization
    month = wallet_month(owner, _wallet(owner, wanted.currency).currency, parse_month(wanted.month))
    if wanted.format == "csv":
        name = f'attachment; filename="{month.file_name("csv")}"'
        return StreamingHttpResponse(
            to_csv(month), content_type="text/csv; charset=utf-8", headers={"Content-Disposition": name}
        )
    return _statement(month, wanted)


def wallet_shown(owner: Organization) -> dict[str, Any]:
    """As WalletOut."""
    balances = [
        {
            "currency": one.currency,
            "balance_minor": one.balance_minor,
            "held_minor": one.held_minor,
            "credit_limit_minor": one.credit_limit_minor,
            "available_minor": one.available.minor,
        }
        for one in wallets(owner.pk)
    ]
    return {"test": owner.is_test, "balances": balances}


def _wallet(owner: Organization, currency: str | None) -> AccountRef:
    if currency is None:
        terms = terms_of(owner)
        currency = terms.currency if terms else "EUR"
    return AccountRef(Kind.WALLET, currency, owner.pk)


def _filtered(rows: QuerySet[Entry], wanted: EntryFilter) -> QuerySet[Entry]:
    if wanted.kind:
        rows = rows.filter(transaction__kind=wanted.kind)
    return rows.filter(transaction__subject=wanted.subject) if wanted.subject else rows


def _entries(found: list[Entry]) -> list[dict[str, Any]]:
    balances = balances_after(found)
    return [_entry(row, balances[row.pk]) for row in found]


def _entry(row: Entry, balance_minor: int) -> dict[str, Any]:
    fact = row.transaction
    return {
        "id": row.pk,
        "transaction": fact.pk,
        "at": row.at,
        "kind": fact.kind,
        "subject": fact.subject,
        "reason": fact.reason,
        "amount_minor": row.amount_minor,
        "currency": row.currency,
        "balance_minor": balance_minor,
    }


def _statement(month: Month, wanted: StatementWanted) -> dict[str, Any]:
    after = place_of(*read_cursor(wanted.cursor, dated=True)) if wanted.cursor else ""
    found = lines_page(month, after=after, size=wanted.limit)
    last = found.lines[-1] if found.after else None
    return {
        "month": wanted.month,
        "currency": month.ref.currency,
        "opening_minor": month.opening_minor,
        "closing_minor": month.closing_minor,
        "closed": month.until <= clock.now(),
        "entries": [_row(line, month.ref.currency) for line in found.lines],
        "has_more": last is not None,
        "next_cursor": write_cursor((last.at, last.entry_id)) if last else None,
    }


def _row(line: StatementLine, currency: str) -> dict[str, Any]:
    return {
        "id": line.entry_id,
        "transaction": line.transaction_id,
        "at": line.at,
        "kind": line.kind,
        "subject": line.subject,
        "reason": line.reason,
        "amount_minor": line.amount_minor,
        "currency": currency,
        "balance_minor": line.balance_minor,
    }
