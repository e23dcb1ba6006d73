"""Drafting: the invoices of a month from its facts. The same facts make the same draft, however often it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from simplane.billing import places, reading
from simplane.billing.actions.vat import ask_soon
from simplane.billing.actions.writing import unwatched, writing
from simplane.billing.errors import NotInvoiceable
from simplane.billing.facts import unbilled
from simplane.billing.grouping import first_moment, lines_of
from simplane.billing.models import BilledFact, BillingProfile, Invoice, InvoiceLine
from simplane.billing.totals import totals
from simplane.billing.values import BillableFact, DraftLine, InvoiceDraft
from simplane.core import audit, clock
from simplane.core.db import needs_transaction
from simplane.core.errors import Refusal
from simplane.core.ids import new_id
from simplane.core.money import Money
from simplane.core.tenancy import everywhere
from simplane.ledger.statements import following
from simplane.organizations.models import Organization

OPEN = (Invoice.State.DRAFT, Invoice.State.CHECKED)


@dataclass(frozen=True, slots=True)
class Drafted:
    """The invoices of a customer's month, one a currency; `carried`: more credits than purchases, left for the next month."""

    invoices: tuple[Invoice, ...]
    carried: tuple[Money, ...] = ()


@dataclass(frozen=True, slots=True)
class MonthDrafted:
    """Everybody's month. `refused`: slug and reason."""

    invoices: int
    carried: int
    refused: tuple[tuple[str, str], ...]


def draft_month(organization: Organization, month: date) -> Drafted:
    """Write the drafts of a month that is over, or write them again. Locked invoices stay as they are.

    Raises NotInvoiceable, TaxUndecided, BadVatId; then nothing changed.
    """
    month = month.replace(day=1)
    require_over(month)
    with writing():
        profile = _locked_profile(organization, month)
        ask_soon(profile)
        _clear(organization, month)
        facts: dict[str, list[BillableFact]] = {}
        for fact in unbilled(organization, month, profile.since):
            facts.setdefault(fact.currency, []).append(fact)
        locked = set(_of_month(organization, month).exclude(state__in=OPEN).values_list("currency", flat=True))
        made, carried = [], []
        for currency in sorted(set(facts) - locked):
            draft = _draft(profile, month, currency, facts[currency])
            net = sum(line.net_minor for line in draft.lines)
            if draft.lines and net >= 0:
                made.append(_write(profile, draft))
            elif draft.lines:
                carried.append(Money(net, currency))
        _of_month(organization, month).filter(state__in=OPEN).exclude(pk__in=[row.pk for row in made]).delete()
        kept = _of_month(organization, month).exclude(pk__in=[row.pk for row in made]).order_by("currency")
        return Drafted((*made, *kept), tuple(carried))


def draft_all(month: date, goes_on: Callable[[], None] = unwatched) -> MonthDrafted:
    """Draft a month for every customer with a billing profile; who can not be invoiced is named and left out.

    `goes_on` is called before each.
    """
    with everywhere():
        profiles = BillingProfile.objects.filter(since__lte=month).select_related("organization").order_by("pk")
        wanted = [one.organization for one in profiles]
    invoices, carried, refused = 0, 0, []
    for organization in wanted:
        goes_on()
        try:
            found = draft_month(organization, month)
        except Refusal as why:
            refused.append((organization.slug, str(why)))
        else:
            invoices, carried = invoices + len(found.invoices), carried + len(found.carried)
    return MonthDrafted(invoices, carried, tuple(refused))


def require_over(month: date) -> None:
    """Raises NotInvoiceable while something may still be bought in it."""
    if clock.now() < first_moment(following(month)):
        raise NotInvoiceable(f"{month:%Y-%m} is not over", fix="draft it next month")


@needs_transaction
def _locked_profile(organization: Organization, month: date) -> BillingProfile:
    """Its row lock lets one at a time draft, lock or credit for a customer."""
    if organization.is_test:
        raise NotInvoiceable("play money is not invoiced", fix="choose the live side of this account")
    rows = BillingProfile.objects.select_for_update(of=("self",)).select_related("seller")
    found: BillingProfile | None = rows.filter(organization=organization).first()
    if found is None:
        raise NotInvoiceable(f"{organization.name} has no billing profile", fix="enter name, address and VAT id first")
    if month < found.since:
        raise NotInvoiceable(f"{organization.name} is invoiced from {found.since:%Y-%m} on", fix="choose a later month")
    return found


def _of_month(organization: Organization, month: date) -> QuerySet[Invoice]:
    rows: QuerySet[Invoice] = Invoice.objects.filter(
        organization=organization, month=month, kind=Invoice.Kind.INVOICE, replaced=False
    )
    return rows


@needs_transaction
def _clear(organization: Organization, month: date) -> None:
    """Take the facts out of the drafts of the month, so that they are free to be grouped again."""
    drafts = _of_month(organization, month).filter(state__in=OPEN)
    InvoiceLine.objects.filter(invoice__in=drafts).delete()


def _draft(profile: BillingProfile, month: date, currency: str, facts: Sequence[BillableFact]) -> InvoiceDraft:
    seller, buyer = reading.seller_party(profile.seller), reading.buyer_party(profile)
    lines = lines_of(facts, places.taxes(profile))
    return InvoiceDraft(
        seller=seller, buyer=buyer, month=month, currency=currency, lines=lines, language=profile.language
    )


@needs_transaction
def _write(profile: BillingProfile, draft: InvoiceDraft) -> Invoice:
    """Checked stays checked when nothing changed."""
    rows = _of_month(profile.organization, draft.month)
    row = rows.filter(currency=draft.currency).first()
    fingerprint, found = reading.fingerprint(draft), totals(draft.lines)
    if row is None:
        row = Invoice(
            organization=profile.organization,
            public_id=new_id("inv"),
            month=draft.month,
            currency=draft.currency,
            created_at=clock.now(),
        )
    changed = row.fingerprint != fingerprint
    if changed:
        row.state, row.checked_at, row.checked_by = Invoice.State.DRAFT, None, ""
    row.seller, row.language, row.parties = profile.seller, draft.language, reading.parties_of(profile)
    row.net_minor, row.tax_minor, row.gross_minor = found.net_minor, found.tax_minor, found.gross_minor
    row.taxes, row.fingerprint = reading.taxes_of(found), fingerprint
    row.save()
    write_lines(row, draft.lines)
    if changed:
        gross = str(draft.money(found.gross_minor))
        after = {"month": f"{draft.month:%Y-%m}", "gross": gross, "lines": len(draft.lines)}
        audit.note("invoice.drafted", "invoice", row.public_id, after=after, organization_id=row.organization_id)
    return row


@needs_transaction
def write_lines(row: Invoice, lines: Sequence[DraftLine], credits_: Sequence[InvoiceLine | None] = ()) -> None:
    """Lines and facts of an invoice that is not locked. `credits_`: of a credit note, the lines given back."""
    given_back = list(credits_) or [None] * len(lines)
    made = InvoiceLine.objects.bulk_create(
        [
            InvoiceLine(
                organization_id=row.organization_id,
                invoice=row,
                position=position,
                kind=line.kind.value,
                what=line.what[:200],
                sku=line.sku,
                cost_centre=line.cost_centre,
                quantity=line.quantity,
                unit_minor=line.unit_minor,
                net_minor=line.net_minor,
                tax_category=line.tax.category.value,
                tax_basis_points=line.tax.basis_points,
                since=line.since,
                until=line.until,
                credits=old,
            )
            for position, (line, old) in enumerate(zip(lines, given_back, strict=True), start=1)
        ]
    )
    facts = [_fact(line_row, fact) for line_row, line in zip(made, lines, strict=True) for fact in line.facts]
    BilledFact.objects.bulk_create(facts, batch_size=2000)


def _fact(line: InvoiceLine, fact: BillableFact) -> BilledFact:
    return BilledFact(
        organization_id=line.organization_id,
        line=line,
        key=fact.key,
        kind=fact.kind.value,
        minor=fact.minor,
        at=fact.at,
        unit=fact.unit,
        order=fact.order,
        person=fact.person,
        transaction_id=fact.transaction_id,
    )
