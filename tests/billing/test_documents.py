"""Taxes, sums and papers, without a database: what an invoice says is right by the official rules."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.generic import BooleanObject

from simplane.billing import einvoice, paper, proof
from simplane.billing.errors import BadDocument, BadVatId, TaxUndecided
from simplane.billing.grouping import lines_of
from simplane.billing.tax import clean_vat_id, treatment
from simplane.billing.tax_rates import RATES, UNION, standard_rate
from simplane.billing.totals import tax_of, totals
from simplane.billing.values import (
    BillableFact,
    Category,
    Corrected,
    Document,
    DocumentKind,
    InvoiceDraft,
    LineKind,
    Party,
    Treatment,
)

SELLER = Party(
    name="Simplane GmbH", street="Torstraße 1", postcode="10119", city="Berlin", country="DE", vat_id="DE136695976",
    tax_number="37/123/45678", register="HRB 12345", email="billing@simplane.example", iban="DE02120300000000202051",
)  # fmt: skip
ACME = Party(name="ACME & <Söhne>", street="1 rue X", postcode="75001", city="Paris", country="DE", reference="PO-7")
VAT_IDS = {"DE": "", "FR": "FR40303265045", "GR": "EL094259216", "US": "", "GB": ""}


def _buyer(country: str) -> Party:
    return replace(ACME, country=country, vat_id=VAT_IDS[country])


def _fact(number: int, minor: int, day: date = date(2026, 10, 5), **more: Any) -> BillableFact:
    kind = LineKind.PLAN if minor > 0 else LineKind.CREDIT
    at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return BillableFact(
        key=f"ledger:{number}", kind=kind, what="Europe 10 GB", minor=minor, currency="EUR", at=at, **more
    )


def _document(facts: list[BillableFact], country: str = "DE", language: str = "en", currency: str = "EUR") -> Document:
    buyer = _buyer(country)
    lines = lines_of(facts, lambda day: treatment(SELLER, buyer, day))
    draft = InvoiceDraft(
        seller=SELLER, buyer=buyer, month=date(2026, 10, 1), currency=currency, lines=lines, language=language
    )
    return Document(
        kind=DocumentKind.INVOICE, number="R2026-00007", issued_on=date(2026, 11, 2), due_on=date(2026, 11, 16),
        draft=draft, totals=totals(lines),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("country", "category", "points"),
    [("DE", "S", 1900), ("FR", "AE", 0), ("GR", "AE", 0), ("US", "O", 0), ("GB", "O", 0)],
)
def test_where_both_sit_and_when_decides_the_tax(country: str, category: str, points: int) -> None:
    assert treatment(SELLER, _buyer(country), date(2026, 10, 1)) == Treatment(Category(category), points)


def test_rates_are_those_of_the_day_and_every_country_has_one() -> None:
    days = (date(2020, 6, 30), date(2020, 7, 1), date(2020, 12, 31), date(2021, 1, 1))
    assert [standard_rate("DE", day) for day in days] == [1900, 1600, 1600, 1900]
    assert standard_rate("FI", date(2026, 1, 1)) == 2550
    assert standard_rate("DE", date(2010, 1, 1)) is None
    assert len(UNION) == 27
    assert len({(one.country, one.since) for one in RATES}) == len(RATES)
    assert {one.basis_points for one in RATES if not 1500 <= one.basis_points <= 2700} == set()


@pytest.mark.parametrize("wrong", ["FR40303265046", "DE136695977", "FR", "x" * 30])
def test_a_vat_id_that_can_not_be_one_is_refused(wrong: str) -> None:
    with pytest.raises(BadVatId):
        clean_vat_id(wrong, "FR")


def test_a_vat_id_is_of_its_country_and_a_customer_abroad_needs_one() -> None:
    assert clean_vat_id("fr 40 303.265.045", "FR") == "FR40303265045"
    with pytest.raises(BadVatId, match="not of DE"):
        clean_vat_id("FR40303265045", "DE")
    with pytest.raises(TaxUndecided, match="without a VAT id"):
        treatment(SELLER, replace(_buyer("FR"), vat_id=""), date(2026, 10, 1))
    with pytest.raises(TaxUndecided, match="no rate"):
        treatment(SELLER, _buyer("DE"), date(2001, 1, 1))


@given(st.integers(-(10**12), 10**12), st.sampled_from([0, 700, 1900, 2550]))
def test_tax_is_the_nearest_cent_and_a_credit_gives_back_what_was_charged(net: int, points: int) -> None:
    assert abs(tax_of(net, points) * 10_000 - net * points) * 2 <= 10_000
    assert tax_of(-net, points) == -tax_of(net, points)


@given(st.lists(st.tuples(st.integers(-500, 5_000), st.sampled_from(["", "4711", "4712"])), min_size=1), st.randoms())
def test_lines_hold_every_fact_once_however_they_come(amounts: list[tuple[int, str]], chance: object) -> None:
    facts = [_fact(number, minor, cost_centre=cc) for number, (minor, cc) in enumerate(amounts)]
    lines = lines_of(facts, lambda _: Treatment(Category.STANDARD, 1900))
    mixed = sorted(facts, key=lambda one: hash((one.key, repr(chance))))

    assert lines_of(mixed, lambda _: Treatment(Category.STANDARD, 1900)) == lines
    assert sorted(one.key for line in lines for one in line.facts) == sorted(one.key for one in facts if one.minor)
    assert all(sum(one.minor for one in line.facts) == line.net_minor for line in lines)
    assert totals(lines).net_minor == sum(minor for minor, _ in amounts)


@pytest.mark.parametrize("country", ["DE", "FR", "US"])
@pytest.mark.parametrize("credit", [False, True])
def test_every_kind_of_document_keeps_the_official_rules(country: str, credit: bool) -> None:
    old = _fact(9, 7_77, date(2026, 9, 3))
    facts = [_fact(1, 19_99, cost_centre="4711"), _fact(2, 19_99, sku="EU10"), _fact(3, 3_33), _fact(4, -3_33), old]
    made = replace(_document(facts, country), paid_minor=0 if credit else 5_00)
    if credit:
        made = replace(
            made, kind=DocumentKind.CREDIT_NOTE, corrects=Corrected("R2026-00001", date(2026, 10, 1)), reason="x"
        )

    xml = einvoice.to_xml(made)

    assert proof.problems(xml) == []
    assert einvoice.to_xml(made) == xml
    broken = xml.replace(b"<ram:LineTotalAmount>19.99", b"<ram:LineTotalAmount>19.98")
    assert any("BR-CO-10" in one for one in proof.problems(broken))
    assert any("XML schema" in one for one in proof.problems(xml.replace(b"ram:TypeCode", b"ram:Kind")))
    with pytest.raises(BadDocument, match="BR-"):
        proof.require_proper(broken)


@pytest.mark.parametrize(("language", "words"), [("de", "Rechnung"), ("en", "Invoice")])
def test_the_paper_is_tagged_pdf_a_3_with_the_xml_inside(language: str, words: str) -> None:
    made = _document([_fact(number, 19_99 + number, cost_centre="4711") for number in range(60)], "FR", language)
    xml = einvoice.to_xml(made)

    pdf = paper.to_pdf(made, xml)

    assert paper.to_pdf(made, xml) == pdf
    read = PdfReader(io.BytesIO(pdf))
    assert read.attachments["factur-x.xml"] == [xml]
    root: Any = read.root_object
    assert root["/MarkInfo"]["/Marked"] == BooleanObject(True)
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == language
    assert root["/AF"][0]["/AFRelationship"] == "/Alternative"
    xmp = paper.xmp_of(pdf)
    for wanted in (
        "<pdfaid:part>3</pdfaid:part>", "<pdfaid:conformance>A</pdfaid:conformance>", "<pdfuaid:part>1</pdfuaid:part>",
        ">EN 16931</fx:ConformanceLevel>", ">factur-x.xml</fx:DocumentFileName>", "Factur-X PDFA Extension Schema",
    ):  # fmt: skip
        assert wanted in xmp
    text = "\n".join(page.extract_text() for page in read.pages).replace("\xa0", " ")
    for wanted in (f"{words} R2026-00007", "ACME & <Söhne>", "4711", "FR40303265045", "PO-7", "DE02120300000000202051"):
        assert wanted in text
    assert len(read.pages) > 1
    assert all(
        page.extract_text().rstrip().endswith(f"{number}/{len(read.pages)}")
        for number, page in enumerate(read.pages, 1)
    )


def test_a_character_that_no_font_has_is_refused_and_not_left_out() -> None:
    made = _document([_fact(1, 19_99)])
    strange = replace(made, draft=replace(made.draft, buyer=replace(made.draft.buyer, name="株式会社")))
    with pytest.raises(BadDocument, match="could not be displayed"):
        paper.to_pdf(strange, einvoice.to_xml(strange))
    bell = replace(made, draft=replace(made.draft, buyer=replace(made.draft.buyer, name="A\x07B")))
    with pytest.raises(BadDocument, match="can not be XML"):
        einvoice.to_xml(bell)


def test_what_a_customer_is_called_is_never_taken_for_markup() -> None:
    nasty = '#read("/etc/passwd") $x$ *b* @a <b> \\ "q"'
    made = _document([replace(_fact(1, 19_99), what=nasty)])
    text = PdfReader(io.BytesIO(paper.to_pdf(made, einvoice.to_xml(made)))).pages[0].extract_text()
    assert nasty.split(maxsplit=1)[0] in text
