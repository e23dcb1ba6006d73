"""Checking: every reason why a draft must not be locked, in words. No reason: it may be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date

from simplane.billing import einvoice, paper, places, proof, reading
from simplane.billing.actions.writing import unwatched, writing
from simplane.billing.errors import BadDocument, NotNow
from simplane.billing.models import BillingProfile, Invoice
from simplane.billing.values import Category, DraftLine, InvoiceDraft
from simplane.billing.vat_checks import standing
from simplane.core import audit, clock, context
from simplane.core.errors import NotFound, Refusal
from simplane.core.money import precision
from simplane.core.tenancy import everywhere

MOST_DECIMALS = 2
"""EN 16931 knows no third one (BR-DEC)."""
NUMBER = "00000"
"""Stands for the number that it does not have yet."""


def check(invoice_id: int) -> list[str]:
    """Look at a draft; without a problem it is checked from now on. Raises NotFound, NotNow."""
    with everywhere():
        row = Invoice.objects.select_related("seller").filter(pk=invoice_id).first()
        if row is None:
            raise NotFound("there is no such invoice")
        if row.locked_at is not None:
            raise NotNow(f"{row.number} is locked", fix="what was locked needs no check")
        found = problems(row)
    if found:
        return found
    with writing():
        # What was looked at, or nothing: somebody may have drafted it again meanwhile.
        rows = Invoice.objects.filter(pk=row.pk, fingerprint=row.fingerprint, state=Invoice.State.DRAFT)
        if rows.update(state=Invoice.State.CHECKED, checked_at=clock.now(), checked_by=context.actor()[:120]):
            audit.note("invoice.checked", "invoice", row.public_id, organization_id=row.organization_id)
    return []


def check_all(month: date, goes_on: Callable[[], None] = unwatched) -> dict[str, list[str]]:
    """Every draft of a month; public ids of those with problems, and what these are. `goes_on` is called before each."""
    with everywhere():
        wanted = list(
            Invoice.objects.filter(month=month, state=Invoice.State.DRAFT).order_by("pk").values_list("pk", "public_id")
        )
    found = {}
    for pk, public_id in wanted:
        goes_on()
        if why := check(pk):
            found[public_id] = why
    return found


def problems(row: Invoice) -> list[str]:
    """Of a draft, each a sentence with what to do."""
    profile = BillingProfile.objects.select_related("seller").filter(organization_id=row.organization_id).first()
    if profile is None or reading.parties_of(profile) != row.parties:
        return ["The names or addresses changed since it was drafted: draft the month again."]
    draft = reading.draft_of(row)
    found = [*_sums(row, draft), *_tax(row, draft, profile), *_money(row)]
    return found or _form(row)


def _sums(row: Invoice, draft: InvoiceDraft) -> list[str]:
    found = [
        f"Line {number} is {draft.money(line.net_minor)}, its facts are {draft.money(facts)}: draft the month again."
        for number, line in enumerate(draft.lines, start=1)
        if (facts := sum(one.minor for one in line.facts)) != line.net_minor
    ]
    if not draft.lines:
        found.append("It has no lines: there is nothing to invoice.")
    if reading.fingerprint(draft) != row.fingerprint or not reading.sums_are_right(row, draft):
        found.append("Its lines are not what was drafted: draft the month again.")
    return found


def _tax(row: Invoice, draft: InvoiceDraft, profile: BillingProfile) -> list[str]:
    if waits := places.unconfirmed(profile):
        return waits
    tax_on = places.taxes(profile)
    try:
        wrong = [line for line in draft.lines if line.tax != tax_on(_day(line))]
    except Refusal as why:
        return [str(why)]
    if wrong:
        return [f"The tax of {wrong[0].what} is another one now: draft the month again."]
    if row.tax_minor and row.currency != row.seller.tax_currency:
        owed = row.seller.tax_currency
        return [f"Its tax is in {row.currency} and owed in {owed}: invoice this customer in {owed}."]
    reverse = [_day(line) for line in draft.lines if line.tax.category == Category.REVERSE_CHARGE]
    vat_ids = sorted({places.buyer_on(profile, day).vat_id for day in reverse})
    return [why for one in vat_ids for why in _vat_id(profile, one)]


def _vat_id(profile: BillingProfile, vat_id: str) -> list[str]:
    """Reverse charge needs a VAT id that VIES confirmed; asked again after thirty days, an old yes holds until it answers."""
    known = standing(profile.organization_id, vat_id)
    # One of before a move is nobody's any more: its yes stands for the days of then.
    past = vat_id != profile.vat_id
    if not known.valid:
        why = f": {known.problem}" if known.problem else ""
        return [f"VIES has not confirmed the VAT id {vat_id} yet{why}. It is asked again by itself."]
    if known.due and known.tried_at == known.told_at and not past:
        return [f"The VAT id {vat_id} was confirmed on {known.told_on}: draft the month again, which asks VIES again."]
    return []


def _day(line: DraftLine) -> date:
    """Of what is billed: the rate of that day counts."""
    return line.facts[0].at.astimezone(UTC).date()


def _money(row: Invoice) -> list[str]:
    if precision(row.currency) > MOST_DECIMALS:
        return [f"{row.currency} has {precision(row.currency)} decimals, an electronic invoice two at most."]
    return []


def _form(row: Invoice) -> list[str]:
    """The whole document made and proved, with a number that is none."""
    today: date = clock.now().date()
    document = reading.document_of(row, number=NUMBER, issued_on=today, days=0, paid_minor=0)
    try:
        xml = einvoice.to_xml(document)
        paper.to_pdf(document, xml)
    except BadDocument as why:
        return [str(why)]
    return proof.problems(xml)
