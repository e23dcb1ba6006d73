"""The month of an account as an invoice says it, read from the ledger; and the invoices that are due, written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from django.db.models import CharField, Count, F, Func, OuterRef, Q, QuerySet, Subquery, Sum, Value

from simplane.billing.models import BillingProfile
from simplane.core import clock, tenancy
from simplane.core.log import logger
from simplane.ledger.actions.wallet import ledger_of
from simplane.ledger.chart import Kind
from simplane.ledger.models import Entry, Ledger
from simplane.ledger.queries import find_account
from simplane.ledger.statements import Month, wallet_month
from simplane.ledger.values import AccountRef
from simplane.ordering.models import Unit
from simplane.organizations.models import Organization
from simplane.organizations.queries import operator
from simplane.payments.invoice_models import MonthlyInvoice
from simplane.payments.invoice_values import Content, Line, Movement, Party
from simplane.payments.invoices import issue

log = logger(__name__)
BACK = 3
"""Months that are looked at again, should nobody have been there to write them."""
_ASIDE = ("hold", "release", "expiry")
"""Between the wallet and what is set aside: no money comes or goes."""


def content(organization: Organization, currency: str, month: date) -> Content:
    """What the invoice of a month says; of a month that runs, as far as it is."""
    found = wallet_month(organization, currency, month)
    held = find_account(AccountRef(Kind.HELD, currency, organization.pk), ledger=ledger_of(organization))
    wallet = find_account(found.ref, ledger=ledger_of(organization))
    mine = [one for one in (wallet, held) if one is not None]
    inside = Entry.objects.filter(account__in=mine, at__gte=found.since, at__lt=found.until)
    lines = (
        *_lines(inside.filter(account=held, transaction__kind="sale"), back=False),
        *_lines(inside.filter(account=wallet, transaction__kind="refund"), back=True),
    )
    others = inside.exclude(transaction__kind__in=("sale", "refund", *_ASIDE))
    moved = others.values_list("transaction__kind").annotate(total=Sum("amount_minor")).order_by("transaction__kind")
    aside = Entry.objects.filter(account=held)
    return Content(
        seller=_party(operator()),
        buyer=_party(organization.twin_of or organization),
        lines=lines,
        movements=tuple(Movement(kind, total) for kind, total in moved if total),
        opening_minor=found.opening_minor + _sum(aside, Q(at__lt=found.since)),
        closing_minor=found.closing_minor + _sum(aside, Q(at__lt=found.until)),
        held_minor=_sum(aside, Q(at__lt=found.until)),
    )


def write_due() -> dict[str, int]:
    """Write every invoice of the last months that is not written. One that can not be does not stop the others."""
    written = broken = 0
    for owner, currency, month in _due():
        try:
            issue(owner, currency, month, content(owner, currency, month))
            written += 1
        except Exception:
            log.exception("invoice.not_written", organization=owner.slug, month=f"{month:%Y-%m}")
            broken += 1
    return {"written": written, "broken": broken}


def _due() -> Iterator[tuple[Organization, str, date]]:
    with tenancy.everywhere():
        elsewhere = dict(BillingProfile.objects.values_list("organization_id", "since"))
    for month in _months_over():
        there = Month(AccountRef(Kind.WALLET, ""), month, None, 0, 0)
        bought = Entry.objects.filter(
            at__gte=there.since,
            at__lt=there.until,
            account__ledger=Ledger.LIVE,
            account__organization__kind=Organization.Kind.RESELLER,
            account__kind__in=(Kind.HELD, Kind.WALLET),
            transaction__kind__in=("sale", "refund"),
        )
        done = set(MonthlyInvoice.objects.filter(month=month).values_list("organization_id", "currency"))
        wanted = set(bought.values_list("account__organization_id", "currency").distinct()) - done
        owners = Organization.objects.in_bulk({pk for pk, _ in wanted})
        for pk, currency in sorted(wanted):
            # Who is invoiced with tax gets those invoices only.
            if pk not in elsewhere or elsewhere[pk] > month:
                yield owners[pk], currency, month


def _months_over() -> list[date]:
    """The first of the last months, the oldest first."""
    found = [clock.now().date().replace(day=1)]
    for _ in range(BACK):
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found[:0:-1]


def _lines(rows: QuerySet[Entry], *, back: bool) -> Iterator[Line]:
    """By plan and price. The ledger names a fact by its unit."""
    unit = Func(F("transaction__key"), Value("unt_[0-9a-z]+"), function="substring", output_field=CharField())
    units = Unit.objects.filter(public_id=OuterRef("unit"))
    grouped = (
        rows.annotate(unit=unit)
        .annotate(sku=Subquery(units.values("product__sku")[:1]), name=Subquery(units.values("product__name")[:1]))
        .values_list("sku", "name", "amount_minor")
        .annotate(count=Count("pk"))
        .order_by("name", "sku", "amount_minor")
    )
    for sku, name, minor, count in grouped:
        yield Line(sku or "", name or "eSIM", count, abs(minor), back)


def _sum(rows: QuerySet[Entry], when: Q) -> int:
    return int(rows.filter(when).aggregate(total=Sum("amount_minor"))["total"] or 0)


def _party(organization: Organization) -> Party:
    return Party(organization.name, organization.country, organization.vat_id)
