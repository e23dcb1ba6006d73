"""A document as PDF/A-3a, tagged (PDF/UA-1), with its XML inside: Factur-X.

Typst sets it with the fonts it carries, so no machine's fonts change a byte, and refuses a character that they do not
have. It knows nothing of Factur-X's own XMP properties: those are appended as an incremental update, which leaves
every byte before it as it was.
"""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

import typst

from simplane.billing.errors import BadDocument
from simplane.billing.values import Document, DocumentKind, DraftLine, Party
from simplane.billing.words import Words, rate_text, words

if TYPE_CHECKING:
    from pypdf.generic import IndirectObject, StreamObject


def to_pdf(document: Document, xml: bytes) -> bytes:
    """The paper with the XML attached; the same bytes every time. Raises BadDocument for what can not be printed."""
    inputs = {"document": json.dumps(_content(document)), "xml": xml.decode()}
    moment = datetime.combine(document.issued_on, time.min, UTC)
    try:
        made = typst.compile(
            _template(),
            format="pdf",
            pdf_standards=["a-3a", "ua-1"],
            sys_inputs=inputs,
            ignore_system_fonts=True,
            timestamp=moment,
        )
    except typst.TypstError as error:
        raise BadDocument(f"{document.number} can not be printed: {error.message}", fix="write it otherwise") from error
    return _named(made)


@cache
def _template() -> bytes:
    return (files("simplane.billing") / "invoice.typ").read_bytes()


def _content(document: Document) -> dict[str, Any]:
    spoken, draft = words(document.draft.language), document.draft
    return {
        "language": draft.language,
        "title": f"{spoken.titles[document.kind]} {document.number}",
        "number": document.number,
        "issued": [document.issued_on.year, document.issued_on.month, document.issued_on.day],
        "seller": {"name": draft.seller.name, "lines": _address(draft.seller)},
        "buyer": {"name": draft.buyer.name, "lines": _address(draft.buyer)},
        "customer": spoken.customer,
        "facts": _facts(document, spoken),
        "above": _above(document, spoken),
        "columns": [spoken.position, spoken.what, spoken.quantity, spoken.unit_price, spoken.tax, spoken.amount],
        "lines": [_line(number, line, document, spoken) for number, line in enumerate(draft.lines, start=1)],
        "sums": _sums(document, spoken),
        "below": _below(document, spoken),
        "footer": _footer(draft.seller, spoken),
    }


def _address(party: Party) -> list[str]:
    return [one for one in (party.street, f"{party.postcode} {party.city}".strip(), party.country) if one]


def _facts(document: Document, spoken: Words) -> list[tuple[str, str]]:
    draft = document.draft
    since, until = min(one.since for one in draft.lines), max(one.until for one in draft.lines)
    rows = [
        (spoken.number, document.number),
        (spoken.date, _day(document.issued_on, spoken)),
        (spoken.period, f"{_day(since, spoken)} – {_day(until, spoken)}"),
        (spoken.due, _day(document.due_on, spoken) if document.kind is DocumentKind.INVOICE else ""),
        (spoken.your_reference, draft.buyer.reference),
        (spoken.vat_id, draft.buyer.vat_id),
    ]
    return [row for row in rows if row[1]]


def _above(document: Document, spoken: Words) -> list[str]:
    if document.corrects is None:
        return []
    told = spoken.corrects.format(number=document.corrects.number, date=_day(document.corrects.issued_on, spoken))
    return [told, f"{spoken.reason}: {document.reason}"]


def _line(number: int, line: DraftLine, document: Document, spoken: Words) -> dict[str, Any]:
    draft = document.draft
    month = f"{spoken.kinds[line.kind]}, {_day(line.since, spoken)} – {_day(line.until, spoken)}"
    cost_centre = spoken.cost_centre.format(name=line.cost_centre) if line.cost_centre else ""
    return {
        "position": str(number),
        "what": line.what,
        "more": [one for one in (month, cost_centre) if one],
        "quantity": str(line.quantity),
        "unit": draft.money(line.unit_minor).shown(draft.language),
        "tax": rate_text(line.tax.basis_points, spoken),
        "net": draft.money(line.net_minor).shown(draft.language),
    }


def _sums(document: Document, spoken: Words) -> list[tuple[str, str, bool]]:
    draft, found = document.draft, document.totals

    def shown(minor: int) -> str:
        return draft.money(minor).shown(draft.language)

    rows = [(spoken.net, shown(found.net_minor), False)]
    for one in found.taxes:
        rate = rate_text(one.tax.basis_points, spoken)
        rows.append((spoken.tax_of.format(rate=rate, net=shown(one.net_minor)), shown(one.tax_minor), False))
    rows.append((spoken.gross, shown(found.gross_minor), True))
    if document.paid_minor:
        rows.append((spoken.from_wallet, shown(-document.paid_minor), False))
        rows.append((spoken.to_pay, shown(document.due_minor), True))
    return rows


def _below(document: Document, spoken: Words) -> list[str]:
    notes = [spoken.notes[one.tax.category] for one in document.totals.taxes]
    return [one for one in (*dict.fromkeys(notes), _request(document, spoken)) if one]


def _request(document: Document, spoken: Words) -> str:
    draft = document.draft
    amount = draft.money(document.due_minor).shown(draft.language)
    if document.kind is DocumentKind.CREDIT_NOTE:
        return spoken.credited.format(amount=amount)
    if document.due_minor == 0:
        return spoken.paid
    due = _day(document.due_on, spoken)
    return spoken.pay.format(amount=amount, due=due, iban=draft.seller.iban, number=document.number)


def _footer(seller: Party, spoken: Words) -> str:
    vat = f"{spoken.vat_id} {seller.vat_id}" if seller.vat_id else ""
    tax = f"{spoken.tax_number} {seller.tax_number}" if seller.tax_number else ""
    return " · ".join(one for one in (seller.name, seller.register, vat, tax, seller.email) if one)


def _day(day: date, spoken: Words) -> str:
    return day.strftime(spoken.date_format)


def _named(pdf: bytes) -> bytes:
    """The same file with Factur-X's properties among its XMP metadata: one object written again at the end (ISO 32000, 7.5.6)."""
    number = _metadata(pdf).idnum
    data = _with_properties(xmp_of(pdf)).encode()
    head, _, tail = pdf.rpartition(b"trailer\n<<")
    trailer, _, end = tail.partition(b">>\nstartxref\n")
    if not head or not end.endswith(b"%%EOF"):
        raise BadDocument("the PDF has another form than expected", fix="see billing/paper.py")
    added = b"\n%d 0 obj\n<</Type/Metadata/Subtype/XML/Length %d>>\nstream\n%b\nendstream\nendobj\n"
    body = pdf + added % (number, len(data), data)
    table = b"xref\n%d 1\n%010d 00000 n\r\ntrailer\n<<%b/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
    return body + table % (number, len(pdf) + 1, trailer, int(end.split()[0]), len(body))


def xmp_of(pdf: bytes) -> str:
    """The XMP metadata of a PDF."""
    stream = cast("StreamObject", _metadata(pdf).get_object())
    return stream.get_data().decode()


def _metadata(pdf: bytes) -> IndirectObject:
    from pypdf import PdfReader  # late: it takes longer to load than all the rest of billing

    return cast("IndirectObject", PdfReader(io.BytesIO(pdf)).root_object.raw_get("/Metadata"))


def _with_properties(xmp: str) -> str:
    opening, closing = "<pdfaExtension:schemas><rdf:Bag>", "</rdf:Description></rdf:RDF>"
    if xmp.count(opening) != 1 or xmp.count(closing) != 1:
        raise BadDocument("the metadata of the PDF have another form than expected", fix="see billing/paper.py")
    return xmp.replace(opening, opening + _SCHEMA).replace(closing, _PROPERTIES + closing)


_URN = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
"""Factur-X 1.0, 6.2.2: the PDF/A extension schema and its four properties."""
_MEANINGS = {
    "DocumentFileName": "name of the embedded XML invoice file",
    "DocumentType": "INVOICE",
    "Version": "The actual version of the Factur-X XML schema",
    "ConformanceLevel": "The conformance level of the embedded Factur-X data",
}
_VALUES = {
    "DocumentFileName": "factur-x.xml",
    "DocumentType": "INVOICE",
    "Version": "1.0",
    "ConformanceLevel": "EN 16931",
}
_SCHEMA = (
    '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>'
    f"<pdfaSchema:namespaceURI>{_URN}</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix>"
    "<pdfaSchema:property><rdf:Seq>"
    + "".join(
        f'<rdf:li rdf:parseType="Resource"><pdfaProperty:category>external</pdfaProperty:category>'
        f"<pdfaProperty:description>{meaning}</pdfaProperty:description><pdfaProperty:name>{name}</pdfaProperty:name>"
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType></rdf:li>"
        for name, meaning in _MEANINGS.items()
    )
    + "</rdf:Seq></pdfaSchema:property></rdf:li>"
)
_PROPERTIES = "".join(f'<fx:{name} xmlns:fx="{_URN}">{value}</fx:{name}>' for name, value in _VALUES.items())
