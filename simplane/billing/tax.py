"""Which tax a sale to a business carries: one decision, by where both sit and when it happened.

Telecommunication services between businesses are taxed where the customer sits (directive 2006/112/EC, article 44):
at home with the standard rate, in another member state by the customer itself (article 196, reverse charge), and
outside the Union not by us at all.
"""

from __future__ import annotations

from datetime import date

from stdnum.eu import vat
from stdnum.exceptions import ValidationError

from simplane.billing.errors import BadVatId, TaxUndecided
from simplane.billing.tax_rates import UNION, standard_rate
from simplane.billing.values import Category, Party, Treatment

REASON_CODES = {Category.REVERSE_CHARGE: "VATEX-EU-AE", Category.OUTSIDE_SCOPE: "VATEX-EU-O"}
"""CEF code list of reasons why no tax is charged."""
_PREFIXES = {"GR": "EL"}
"""Countries whose VAT ids begin with other letters."""


def treatment(seller: Party, buyer: Party, on: date, *, vat_unknown: bool = False) -> Treatment:
    """How a service of that day is taxed. Raises TaxUndecided, BadVatId.

    `vat_unknown`: the buyer's VAT id has the right form, but its own member state said that it knows none such.
    """
    if buyer.country == seller.country:
        rate = standard_rate(seller.country, on)
        if rate is None:
            raise TaxUndecided(f"no rate of {seller.country} is known for {on}", fix="add it to the table of rates")
        return Treatment(Category.STANDARD, rate)
    if seller.country in UNION and buyer.country in UNION:
        if not buyer.vat_id:
            raise TaxUndecided(
                f"a customer in {buyer.country} without a VAT id can not be charged in reverse",
                fix="ask the customer for its VAT id",
            )
        if vat_unknown:
            raise TaxUndecided(
                f"{buyer.vat_id} is not known to {buyer.country}: it can not be charged in reverse",
                fix="ask the customer for its VAT id",
            )
        clean_vat_id(buyer.vat_id, buyer.country)
        return Treatment(Category.REVERSE_CHARGE, 0)
    return Treatment(Category.OUTSIDE_SCOPE, 0)


def clean_vat_id(text: str, country: str) -> str:
    """A VAT id without spaces and dots, of this country and with right check digits. Raises BadVatId.

    Outside the Union only its length is looked at: there is no common form.
    """
    if country not in UNION:
        compact = "".join(text.split())
        if not 2 <= len(compact) <= 20:
            raise BadVatId(f"{text!r} is no VAT id", fix="write it as it stands on the customer's own invoices")
        return compact
    try:
        made: str = vat.validate(text)
    except ValidationError as error:
        raise BadVatId(f"{text!r} is no VAT id: {str(error).lower()}", fix="ask the customer for it again") from error
    if not made.startswith(_PREFIXES.get(country, country)):
        raise BadVatId(f"{made} is not of {country}", fix="correct the country or the VAT id")
    return made
