"""The words of a document, one typed table a language."""

from __future__ import annotations

from dataclasses import dataclass

from simplane.billing.values import Category, DocumentKind, LineKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Everything that a document says by itself. `{…}` is filled in."""

    titles: dict[DocumentKind, str]
    number: str
    date: str
    period: str
    due: str
    customer: str
    your_reference: str
    vat_id: str
    tax_number: str
    corrects: str
    reason: str
    position: str
    what: str
    quantity: str
    unit_price: str
    tax: str
    amount: str
    net: str
    tax_of: str
    gross: str
    from_wallet: str
    to_pay: str
    pay: str
    paid: str
    credited: str
    cost_centre: str
    kinds: dict[LineKind, str]
    notes: dict[Category, str]
    """Why no tax is charged; empty: it is."""
    date_format: str
    decimal_comma: bool
    """In rates of tax."""


EN = Words(
    titles={DocumentKind.INVOICE: "Invoice", DocumentKind.CREDIT_NOTE: "Credit note"},
    number="Number",
    date="Date",
    period="Period of supply",
    due="Due on",
    customer="Customer",
    your_reference="Your reference",
    vat_id="VAT id",
    tax_number="Tax number",
    corrects="Corrects invoice {number} of {date}",
    reason="Reason",
    position="No.",
    what="Description",
    quantity="Quantity",
    unit_price="Unit price",
    tax="Tax",
    amount="Net amount",
    net="Sum, net",
    tax_of="VAT {rate} on {net}",
    gross="Total",
    from_wallet="Paid from your wallet",
    to_pay="Amount due",
    pay="Please transfer {amount} by {due} to {iban}, naming {number}.",
    paid="Nothing is left to be paid.",
    credited="{amount} is credited to your account.",
    cost_centre="Cost centre {name}",
    kinds={
        LineKind.PLAN: "eSIM plan",
        LineKind.USAGE: "Usage beyond the plan",
        LineKind.TOP_UP: "Data added",
        LineKind.CREDIT: "Credit",
        LineKind.FEE: "Fee",
    },
    notes={
        Category.STANDARD: "",
        Category.REVERSE_CHARGE: "Reverse charge: the recipient is liable for the VAT (article 196, directive 2006/112/EC).",
        Category.OUTSIDE_SCOPE: "Not subject to VAT: the place of supply is outside the European Union.",
    },
    date_format="%d %b %Y",
    decimal_comma=False,
)
DE = Words(
    titles={DocumentKind.INVOICE: "Rechnung", DocumentKind.CREDIT_NOTE: "Rechnungskorrektur"},
    number="Nummer",
    date="Datum",
    period="Leistungszeitraum",
    due="Fällig am",
    customer="Kunde",
    your_reference="Ihr Zeichen",
    vat_id="USt-IdNr.",
    tax_number="Steuernummer",
    corrects="Korrigiert die Rechnung {number} vom {date}",
    reason="Grund",
    position="Nr.",
    what="Bezeichnung",
    quantity="Menge",
    unit_price="Einzelpreis",
    tax="USt.",
    amount="Netto",
    net="Summe netto",
    tax_of="USt. {rate} auf {net}",
    gross="Gesamtbetrag",
    from_wallet="Aus Ihrem Guthaben bezahlt",
    to_pay="Zahlbetrag",
    pay="Bitte überweisen Sie {amount} bis zum {due} auf {iban} und geben Sie {number} an.",
    paid="Es ist nichts mehr zu zahlen.",
    credited="{amount} werden Ihrem Konto gutgeschrieben.",
    cost_centre="Kostenstelle {name}",
    kinds={
        LineKind.PLAN: "eSIM-Tarif",
        LineKind.USAGE: "Nutzung über den Tarif hinaus",
        LineKind.TOP_UP: "Datenaufladung",
        LineKind.CREDIT: "Gutschrift",
        LineKind.FEE: "Gebühr",
    },
    notes={
        Category.STANDARD: "",
        Category.REVERSE_CHARGE: "Steuerschuldnerschaft des Leistungsempfängers (Reverse Charge, § 13b UStG).",
        Category.OUTSIDE_SCOPE: "Nicht steuerbar: Der Leistungsort liegt außerhalb der Europäischen Union.",
    },
    date_format="%d.%m.%Y",
    decimal_comma=True,
)
LANGUAGES = {"en": EN, "de": DE}


def words(language: str) -> Words:
    """Of a language we speak, or English."""
    return LANGUAGES.get(language, EN)


def rate_text(basis_points: int, spoken: Words) -> str:
    """`19 %`, `25,5 %`: exact, without needless zeros."""
    whole, rest = divmod(basis_points, 100)
    fraction = f"{rest:02d}".rstrip("0")
    point = "," if spoken.decimal_comma else "."
    return f"{whole}{point + fraction if fraction else ''} %"
