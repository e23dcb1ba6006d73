"""Refusals of billing."""

from __future__ import annotations

from simplane.core.errors import Refusal


class TaxUndecided(Refusal):
    """Nobody can say which tax this invoice carries."""

    code = "tax_undecided"


class BadVatId(Refusal):
    """This VAT id can not be one."""

    code = "bad_vat_id"


class NotInvoiceable(Refusal):
    """This customer or month can not be invoiced as it is."""

    code = "not_invoiceable"
    status = 409


class NotNow(Refusal):
    """The invoice is in another state."""

    code = "invoice_state"
    status = 409


class ChangedSinceCheck(Refusal):
    """What was checked is not what would be locked."""

    code = "changed_since_check"
    status = 409


class BadDocument(Refusal):
    """The document can not be made: it would break a rule of its format."""

    code = "bad_document"


class BadPayment(Refusal):
    """This payment does not fit the invoice."""

    code = "bad_payment"
