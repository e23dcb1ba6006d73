"""A document as XML: UN/CEFACT Cross Industry Invoice, profile EN 16931 of Factur-X 1.0 (ZUGFeRD 2)."""

from __future__ import annotations

from decimal import Decimal

from drafthorse.models.accounting import ApplicableTradeTax
from drafthorse.models.document import Document as Tree
from drafthorse.models.note import IncludedNote
from drafthorse.models.party import TaxRegistration, TradeParty
from drafthorse.models.payment import PaymentMeans, PaymentTerms
from drafthorse.models.tradelines import LineItem
from lxml import etree  # type: ignore[import-untyped]

from simplane.billing import words
from simplane.billing.errors import BadDocument
from simplane.billing.tax import REASON_CODES
from simplane.billing.values import Category, Document, DraftLine, Party, TaxLine, Treatment

PROFILE = "urn:cen.eu:en16931:2017"
ONE = "C62"
"""UN/ECE recommendation 20: one piece."""
CREDIT_TRANSFER = "58"
"""UNTDID 4461: SEPA credit transfer."""


def to_xml(document: Document) -> bytes:
    """The XML of a document; the same bytes every time. `proof.problems` says whether it keeps the rules.

    Raises BadDocument for a character that XML does not know.
    """
    tree = Tree()
    tree.context.guideline_parameter.id = PROFILE
    _head(tree, document)
    agreement = tree.trade.agreement
    outside = any(one.tax.category is Category.OUTSIDE_SCOPE for one in document.totals.taxes)
    _party(agreement.seller, document.draft.seller, hide_vat=outside)
    _party(agreement.buyer, document.draft.buyer, hide_vat=outside)
    if document.draft.buyer.reference:
        agreement.buyer_reference = document.draft.buyer.reference
    for position, line in enumerate(document.draft.lines, start=1):
        tree.trade.items.add(_line(position, line, document))
    tree.trade.delivery.event.occurrence = max(line.until for line in document.draft.lines)
    _settle(tree, document)
    try:
        made: bytes = tree.serialize(schema=None)
    except etree.XMLSyntaxError as error:
        raise BadDocument(f"{document.number} can not be XML: {error.msg}", fix="take that character out") from error
    return made


def _head(tree: Tree, document: Document) -> None:
    head = tree.header
    head.id = document.number
    head.type_code = document.kind.value
    head.issue_date_time = document.issued_on
    spoken = words.words(document.draft.language)
    notes = [spoken.notes[one.tax.category] for one in document.totals.taxes]
    for text in dict.fromkeys([document.reason, *notes]):
        if text:
            note = IncludedNote()
            note.content = text
            head.notes.add(note)


def _party(node: TradeParty, party: Party, *, hide_vat: bool) -> None:
    """`hide_vat`: what is outside the scope of VAT must show nobody's VAT id (BR-O-02)."""
    node.name = party.name
    if party.register:
        node.legal_organization.id = party.register
    address = node.address
    for name, value in (("postcode", party.postcode), ("line_one", party.street), ("city_name", party.city)):
        if value:
            setattr(address, name, value)
    address.country_id = party.country
    if party.email:
        node.electronic_address.uri_ID = ("EM", party.email)
    for scheme, value in (("VA", "" if hide_vat else party.vat_id), ("FC", party.tax_number)):
        if value:
            node.tax_registrations.add(TaxRegistration(id=(scheme, value)))


def _line(position: int, line: DraftLine, document: Document) -> LineItem:
    item = LineItem()
    item.document.line_id = str(position)
    item.product.name = line.what
    if line.sku:
        item.product.seller_assigned_id = line.sku
    item.product.description = words.words(document.draft.language).kinds[line.kind]
    item.agreement.net.amount = _decimal(document, line.unit_minor)
    item.delivery.billed_quantity = (Decimal(line.quantity), ONE)
    settlement = item.settlement
    _tax(settlement.trade_tax, line.tax)
    settlement.period.start, settlement.period.end = line.since, line.until
    settlement.monetary_summation.total_amount = _decimal(document, line.net_minor)
    if line.cost_centre:
        settlement.accounting_account.id = line.cost_centre
    return item


def _settle(tree: Tree, document: Document) -> None:
    draft, settlement = document.draft, tree.trade.settlement
    settlement.payment_reference = document.number
    settlement.currency_code = draft.currency
    if draft.seller.iban:
        means = PaymentMeans()
        means.type_code = CREDIT_TRANSFER
        means.payee_account.iban = draft.seller.iban
        if draft.seller.bic:
            means.payee_institution.bic = draft.seller.bic
        settlement.payment_means.add(means)
    for one in document.totals.taxes:
        settlement.trade_tax.add(_tax_sum(one, document))
    settlement.period.start = min(line.since for line in draft.lines)
    settlement.period.end = max(line.until for line in draft.lines)
    terms = PaymentTerms()
    terms.due = document.due_on
    settlement.terms.add(terms)
    _sums(tree, document)
    if document.corrects:
        reference = settlement.invoice_referenced_document
        reference.issuer_assigned_id = document.corrects.number
        reference.issue_date_time = document.corrects.issued_on


def _tax_sum(one: TaxLine, document: Document) -> ApplicableTradeTax:
    made = ApplicableTradeTax()
    made.calculated_amount = _decimal(document, one.tax_minor)
    made.basis_amount = _decimal(document, one.net_minor)
    _tax(made, one.tax)
    note = words.words(document.draft.language).notes[one.tax.category]
    if note:
        made.exemption_reason = note
        made.exemption_reason_code = REASON_CODES[one.tax.category]
    return made


def _tax(node: ApplicableTradeTax, tax: Treatment) -> None:
    node.type_code = "VAT"
    node.category_code = tax.category.value
    if tax.category is not Category.OUTSIDE_SCOPE:  # BR-O-05: then there is no rate, not even 0
        node.rate_applicable_percent = Decimal(tax.basis_points).scaleb(-2)


def _sums(tree: Tree, document: Document) -> None:
    sums, found = tree.trade.settlement.monetary_summation, document.totals
    sums.line_total = _decimal(document, found.net_minor)
    sums.tax_basis_total = _decimal(document, found.net_minor)
    sums.tax_total = (_decimal(document, found.tax_minor), document.draft.currency)
    sums.grand_total = _decimal(document, found.gross_minor)
    if document.paid_minor:
        sums.prepaid_total = _decimal(document, document.paid_minor)
    sums.due_amount = _decimal(document, document.due_minor)


def _decimal(document: Document, minor: int) -> Decimal:
    return document.draft.money(minor).decimal()
