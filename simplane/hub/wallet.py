"""The wallet: what may be spent, what is held, and every entry that explains it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.db.models import Q, Sum
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from simplane.catalog.wholesale import terms_of
from simplane.hub.shell import HubRequest, page, show
from simplane.ledger.actions.wallet import ledger_of
from simplane.ledger.chart import Kind
from simplane.ledger.models import Entry
from simplane.ledger.queries import entries, wallets
from simplane.ledger.values import AccountRef, WalletState
from simplane.payments.queries import takes_cards
from simplane.ui.paging import page_of

WORDS = {
    "hold": "set aside for an order",
    "release": "given back: not delivered",
    "expiry": "given back: not used in time",
    "refund": "refund",
    "top_up": "top-up",
    "top_up_refund": "top-up paid back",
    "play_money": "play money",
    "reversal": "correction",
    "adjustment": "correction by us",
}
"""Kinds of transactions as a reseller reads them; others are shown as they are called."""


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry with the balance after it, in minor units."""

    entry: Entry
    word: str
    balance_minor: int

    @property
    def order(self) -> str:
        """The order it is about; empty: none."""
        subject = self.entry.transaction.subject
        return subject if subject.startswith("ord_") else ""

    @property
    def top_up(self) -> str:
        """The top-up it is about; empty: none."""
        subject = self.entry.transaction.subject
        return subject if subject.startswith("top_") else ""


@require_safe
@page("wallet:read")
def wallet(request: HubRequest) -> HttpResponse:
    """Balance, held, credit, available; then the entries, newest first."""
    states = wallets(request.hub.organization.pk)
    state = chosen(request, states)
    context: dict[str, Any] = {"wallets": states, "wallet": state, "cards": takes_cards(request.hub.organization)}
    context["request_key"] = uuid4().hex
    if state is None:
        return show(request, "wallet", "wallet", context)
    rows = entries(ref_of(state), ledger=ledger_of(request.hub.organization))
    found = page_of(rows, request.GET, by="at")
    running = state.balance_minor
    if request.GET.get("after") or request.GET.get("before"):
        running = _up_to(found.rows, state, request)
    context |= {"page": found, "rows": with_balances(found.rows, running)}
    return show(request, "wallet", "wallet", context)


def chosen(request: HubRequest, states: list[WalletState]) -> WalletState | None:
    """The wallet that `currency` names, else that of the terms; None: there is none yet."""
    terms = terms_of(request.hub.organization)
    wanted = request.GET.get("currency") or (terms.currency if terms else "")
    return next((one for one in states if one.currency == wanted), states[0] if states else None)


def ref_of(state: WalletState) -> AccountRef:
    """The wallet's account."""
    return AccountRef(Kind.WALLET, state.currency, state.organization_id)


def with_balances(rows: list[Entry], running: int) -> list[EntryRow]:
    """Entries, newest first, of which the first left `running` behind it."""
    shown = []
    for row in rows:
        kind = row.transaction.kind
        shown.append(EntryRow(row, WORDS.get(kind, kind.replace("_", " ")), running))
        running -= row.amount_minor
    return shown


def _up_to(rows: list[Entry], state: WalletState, request: HubRequest) -> int:
    """The balance after the newest of these rows: the sum of all entries up to it."""
    if not rows:
        return 0
    newest = rows[0]
    before = Q(at__lt=newest.at) | Q(at=newest.at, pk__lte=newest.pk)
    found = entries(ref_of(state), ledger=ledger_of(request.hub.organization)).filter(before)
    return int(found.aggregate(total=Sum("amount_minor"))["total"] or 0)
