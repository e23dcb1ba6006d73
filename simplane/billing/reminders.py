"""The words of a reminder, in the customer's language."""

from __future__ import annotations

from dataclasses import dataclass

from simplane.billing.models import BillingProfile, DunningStep, Invoice
from simplane.billing.words import words
from simplane.core.money import Money
from simplane.core.tenancy import everywhere

_SUBJECTS = {
    "en": ("Reminder: invoice {number}", "Second reminder: invoice {number}", "Last reminder: invoice {number}"),
    "de": (
        "Zahlungserinnerung: Rechnung {number}",
        "Zweite Zahlungserinnerung: Rechnung {number}",
        "Letzte Mahnung: Rechnung {number}",
    ),
}
_TEXTS = {
    "en": """Hello,

invoice {number} of {issued} was due on {due}. {amount} is still to be paid.

Please transfer it to {iban}, naming {number}. If something is wrong with the invoice, answer this mail: while you
object to it we send no further reminder. If you have paid meanwhile, thank you; do nothing.

{seller}
""",
    "de": """Guten Tag,

die Rechnung {number} vom {issued} war am {due} fällig. Offen sind noch {amount}.

Bitte überweisen Sie den Betrag auf {iban} und geben Sie {number} an. Stimmt etwas an der Rechnung nicht, antworten Sie
auf diese E-Mail: Bis das geklärt ist, erinnern wir nicht weiter. Haben Sie inzwischen bezahlt, danken wir Ihnen.

{seller}
""",
}


@dataclass(frozen=True, slots=True)
class Reminder:
    """A mail to be sent. `days`: how late it is."""

    to: str
    subject: str
    text: str
    number: str
    step: int
    owed: Money
    days: int


def reminder(dunning_id: int) -> Reminder | None:
    """What is to be sent; None when it was sent, paid or disputed meanwhile."""
    with everywhere():
        found: DunningStep | None = DunningStep.objects.select_related("invoice").filter(pk=dunning_id).first()
        if found is None or found.sent_at is not None:
            return None
        row = found.invoice
        if row.state != Invoice.State.LOCKED or row.disputed_at is not None or row.due_on is None:
            return None
        return _written(found, row)


def _written(found: DunningStep, row: Invoice) -> Reminder:
    assert row.issued_on is not None
    assert row.due_on is not None
    spoken, seller = words(row.language), row.parties["seller"]
    owed = Money(row.outstanding_minor, row.currency)
    subject = _SUBJECTS.get(row.language, _SUBJECTS["en"])[found.step - 1]
    text = _TEXTS.get(row.language, _TEXTS["en"]).format(
        number=row.number,
        issued=row.issued_on.strftime(spoken.date_format),
        due=row.due_on.strftime(spoken.date_format),
        amount=owed.shown(row.language),
        iban=seller["iban"],
        seller=seller["name"],
    )
    days = (found.written_at.date() - row.due_on).days
    to = BillingProfile.objects.get(organization_id=row.organization_id).email
    return Reminder(to, subject.format(number=row.number), text, row.number, found.step, owed, days)
