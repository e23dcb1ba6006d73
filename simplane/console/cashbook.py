"""Bank and fees: what people read on statements, recorded one by one or from a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.channels.models import Shop
from simplane.console import uploads
from simplane.console.cash_forms import PayoutForm, SupplierTopUpForm
from simplane.console.shell import page
from simplane.core.errors import BadInput, Refusal
from simplane.core.money import Money, parse
from simplane.ledger import books
from simplane.ledger.actions.cashbook import BY_HAND, Payout, record_payouts, record_supplier_top_up
from simplane.ledger.chart import Kind
from simplane.ledger.models import Account, Ledger, Transaction
from simplane.suppliers.models import Supplier
from simplane.ui.outcomes import attempt, refused

COLUMNS = ("service", "date", "reference", "gross", "fee", "currency")


@dataclass(frozen=True, slots=True)
class Float:
    """Our money at a supplier: as our books say, and as the supplier says."""

    supplier: Supplier
    account: Account | None
    ours: Money | None
    theirs: Money | None

    @property
    def off(self) -> Money | None:
        """By how much the supplier's word differs from our books."""
        if self.ours is None or self.theirs is None or self.ours.currency != self.theirs.currency:
            return None
        return self.theirs - self.ours if self.theirs != self.ours else None


@dataclass(frozen=True, slots=True)
class Read:
    """A row of an uploaded table: a payout, or why it is none."""

    number: int
    cells: dict[str, str]
    payout: Payout | None
    wrong: str


@require_safe
def cashbook(request: HttpRequest) -> HttpResponse:
    """Supplier floats, what shops and services owe us, and what was recorded last."""
    return _page(request, SupplierTopUpForm(suppliers=_suppliers()), PayoutForm(services=services()))


@require_POST
def supplier_top_up(request: HttpRequest) -> HttpResponse:
    """Record money sent to a supplier."""
    form = SupplierTopUpForm(request.POST, suppliers=_suppliers())
    if not form.is_valid():
        return _page(request, form, PayoutForm(services=services()), status=422)
    wanted = form.wanted()
    done = attempt(request, f"{wanted.credited.shown()} recorded.", lambda: _once(record_supplier_top_up(wanted)))
    return redirect("console:cashbook") if done else _page(request, form, PayoutForm(services=services()), status=422)


@require_POST
def payout(request: HttpRequest) -> HttpResponse:
    """Record a payout or a fee."""
    form = PayoutForm(request.POST, services=services())
    if not form.is_valid():
        return _page(request, SupplierTopUpForm(suppliers=_suppliers()), form, status=422)
    done = attempt(request, "Recorded.", lambda: _once(bool(record_payouts([form.wanted()]))))
    if done:
        return redirect("console:cashbook")
    return _page(request, SupplierTopUpForm(suppliers=_suppliers()), form, status=422)


@require_POST
def payouts_preview(request: HttpRequest) -> HttpResponse:
    """Show what a table would record."""
    try:
        content = uploads.uploaded(request)
        read = read_payouts(content)
    except BadInput as refusal:
        refused(request, refusal)
        return redirect("console:cashbook")
    return _preview(request, content, read)


@require_POST
def payouts_confirm(request: HttpRequest) -> HttpResponse:
    """Record the table as it was shown, all of it or nothing."""
    content = request.POST.get("content", "")
    try:
        read = read_payouts(content)
        uploads.check(request.POST.get("token", ""), content, read)
        wanted = [one.payout for one in read if one.payout]
        if len(wanted) < len(read):
            raise BadInput("some rows can not be read", fix="correct them and upload the table again")
        done = record_payouts(wanted)
    except Refusal as refusal:
        refused(request, refusal)
    else:
        messages.success(request, f"{done} recorded, {len(wanted) - done} were there already.")
    return redirect("console:cashbook")


def read_payouts(content: str) -> list[Read]:
    """Each row with its payout or its error. Raises BadInput for a table that can not be read."""
    known = {name for name, _ in services()}
    return [_read(row, known) for row in uploads.rows_of(content, COLUMNS, ("reason",))]


def _read(row: uploads.Row, known: set[str]) -> Read:
    cells = row.cells
    try:
        if cells["service"] not in known:
            raise BadInput(
                f"{cells['service']!r} is no shop or payment service of ours", fix=f"one of {', '.join(known)}"
            )
        made = Payout(
            service=cells["service"],
            gross=parse(cells["gross"] or "0", cells["currency"].upper()),
            fee=parse(cells["fee"] or "0", cells["currency"].upper()),
            reference=cells["reference"],
            on=uploads.plain_day(cells["date"]),
            reason=cells.get("reason", ""),
        )
    except Refusal as refusal:
        return Read(row.number, cells, None, str(refusal))
    return Read(row.number, cells, made, "")


def _preview(request: HttpRequest, content: str, read: Sequence[Read]) -> HttpResponse:
    wrong = sum(1 for one in read if one.wrong)
    context = {"read": read, "content": content, "wrong": wrong, "token": uploads.token(content, list(read))}
    return page(request, "payouts_preview", "ledger", context, status=422 if wrong else 200)


def services() -> list[tuple[str, str]]:
    """What collects money for us: shops, and whatever has a clearing account."""
    shops = dict(Shop.objects.order_by("name").values_list("key", "name"))
    others = Account.objects.filter(ledger=Ledger.LIVE, kind=Kind.CLEARING).values_list("subject", flat=True).distinct()
    return list((shops | {name: name for name in others if name not in shops}).items())


def _suppliers() -> list[tuple[str, str]]:
    return list(Supplier.objects.order_by("name").values_list("code", "name"))


def _page(request: HttpRequest, top_up: SupplierTopUpForm, paid: PayoutForm, *, status: int = 200) -> HttpResponse:
    clearing = list(books.accounts(Ledger.LIVE).filter(kind=Kind.CLEARING).order_by("subject", "currency")[:200])
    sums = books.balances(clearing)
    recent = Transaction.objects.filter(kind__in=BY_HAND, ledger=Ledger.LIVE).order_by("-pk")[:30]
    context: dict[str, Any] = {
        "floats": _floats(),
        "clearing": [(one, sums[one.pk]) for one in clearing],
        "recent": recent,
        "top_up_form": top_up,
        "payout_form": paid,
        "columns": ",".join(COLUMNS),
    }
    return page(request, "cashbook", "ledger", context, status=status)


def _floats() -> list[Float]:
    accounts = list(books.accounts(Ledger.LIVE).filter(kind=Kind.SUPPLIER_FLOAT).order_by("subject", "currency"))
    sums = books.balances(accounts)
    made = []
    for supplier in Supplier.objects.defer("credentials").order_by("name"):
        theirs = None
        if supplier.float_minor is not None and supplier.float_currency:
            theirs = Money(supplier.float_minor, supplier.float_currency)
        mine = [one for one in accounts if one.subject == supplier.code]
        made += [Float(supplier, one, Money(sums[one.pk], one.currency), theirs) for one in mine]
        if not mine:
            made.append(Float(supplier, None, None, theirs))
    return made


def _once(fresh: bool) -> None:
    if not fresh:
        raise BadInput("this reference was recorded before", fix="look for it in the list below")
