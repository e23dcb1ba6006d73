"""A cart from a CSV file: sku, quantity, and if wanted reference and email. Every row is judged before any is taken."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simplane.catalog.models import Terms
from simplane.catalog.shelf import Priced, priced_by_sku
from simplane.core.errors import BadInput
from simplane.delivery.mime import usable
from simplane.hub.cart import CartRow, parse_quantity
from simplane.ordering.models import Order
from simplane.ordering.placing import MOST_LINES
from simplane.organizations.models import Organization

MOST_BYTES = 256 * 1024
COLUMNS = ("sku", "quantity", "reference", "email")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A row of the file: what it says, what it becomes, and what is wrong with it (empty: nothing)."""

    number: int
    """Of the line in the file, the head is 1."""
    cells: tuple[str, ...]
    row: CartRow | None
    product: Priced | None
    wrong: str = ""


def read(raw: bytes, organization: Organization, terms: Terms) -> list[JudgedRow]:
    """Judge a file. Raises BadInput when it is no such file at all."""
    drafts = [_draft(number, cells) for number, cells in _cells(raw)]
    known = priced_by_sku(terms, {one.row.sku for one in drafts if one.row})
    taken = _taken(organization, {one.row.reference for one in drafts if one.row and one.row.reference})
    addresses: dict[str, set[str]] = defaultdict(set)
    for one in drafts:
        if one.row and one.row.reference:
            addresses[one.row.reference].add(one.row.email)
    return [_against_books(one, known, taken, addresses) for one in drafts]


def _cells(raw: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    if len(raw) > MOST_BYTES:
        raise BadInput("this file is too large", fix=f"at most {MOST_BYTES // 1024} KB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput("this file is not UTF-8 text", fix="save it as CSV UTF-8") from None
    head = text.partition("\n")[0]
    table = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=head.count))
    try:
        rows = [(table.line_num, row) for row in table if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise BadInput(f"this is no CSV file: {error}", fix="export it as CSV from your spreadsheet") from None
    if len(rows) > MOST_LINES + 1:
        raise BadInput(f"this file has {len(rows) - 1} rows", fix=f"at most {MOST_LINES} at a time")
    names = _head(rows[0][1] if rows else [])
    for number, row in rows[1:]:
        cells = {name: cell.strip() for name, cell in zip(names, row, strict=False)}
        yield number, cells | {"": "more cells than the head has"} if len(row) > len(names) else cells


def _head(row: Sequence[str]) -> list[str]:
    names = [cell.strip().lower().replace("e-mail", "email") for cell in row]
    if not {"sku", "quantity"} <= set(names):
        raise BadInput("the first line must name the columns", fix="sku,quantity and if wanted reference,email")
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or len(set(names)) < len(names):
        raise BadInput(f"unknown or double columns: {', '.join(unknown) or 'double'}", fix=f"only {', '.join(COLUMNS)}")
    return names


def _draft(number: int, cells: dict[str, str]) -> JudgedRow:
    shown = tuple(cells.get(name, "") for name in COLUMNS)
    sku, quantity, reference, email = shown
    wrong = cells.get("", "") or _wrong_text(sku, reference, email)
    try:
        row = CartRow(sku, parse_quantity(quantity), reference, email.lower())
    except BadInput as refusal:
        return JudgedRow(number, shown, None, None, wrong or str(refusal))
    return JudgedRow(number, shown, None if wrong else row, None, wrong)


def _wrong_text(sku: str, reference: str, email: str) -> str:
    if not sku:
        return "the SKU is missing"
    if len(sku) > 80 or len(reference) > 80 or _CONTROL.search(sku + reference):
        return "SKU and reference are at most 80 characters, without control characters"
    if email and not usable(email):
        return f"{email[:80]!r} is no e-mail address"
    return ""


def _taken(organization: Organization, references: set[str]) -> set[str]:
    mine = Order.objects.filter(book="wholesale", account=organization.slug, external_id__in=references)
    return set(mine.values_list("external_id", flat=True))


def _against_books(
    one: JudgedRow, known: dict[str, Priced], taken: set[str], addresses: dict[str, set[str]]
) -> JudgedRow:
    if one.row is None:
        return one
    product = known.get(one.row.sku)
    if product is None:
        wrong = "there is no such product at your prices"
    elif one.row.reference in taken:
        wrong = f"an order {one.row.reference} exists already"
    elif len(addresses.get(one.row.reference, ())) > 1:
        wrong = f"{one.row.reference} has several e-mail addresses: an order goes to one"
    else:
        return JudgedRow(one.number, one.cells, one.row, product)
    return JudgedRow(one.number, one.cells, None, product, wrong)
