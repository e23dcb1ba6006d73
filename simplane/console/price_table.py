"""Prices as a table: read from CSV, judged row by row, written back as CSV to be edited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from simplane.catalog.models import Product
from simplane.catalog.prices import NewPrice, check
from simplane.catalog.scopes import Scope, find_scope
from simplane.console import uploads
from simplane.core.errors import BadInput, Refusal
from simplane.core.money import parse
from simplane.routing.pricing import Judged, judge

COLUMNS = ("sku", "for", "currency", "price")
OPTIONAL = ("valid_from", "valid_until", "reason")
SHOWN = ("name", "cost", "left")
"""Of a downloaded table; not read."""


@dataclass(frozen=True, slots=True)
class ReadPrice:
    """A row: a price with its margin, or what is wrong with it."""

    number: int
    cells: dict[str, str]
    judged: Judged | None
    wrong: str

    @property
    def facts(self) -> tuple[object, ...]:
        """What a person was shown of it."""
        one = self.judged
        if one is None:
            return (self.number, self.wrong)
        new = one.new
        named = (
            self.number,
            new.product.pk,
            new.scope.key,
            str(new.price),
            new.valid_from,
            new.valid_until,
            new.reason,
        )
        return (*named, str(one.before), str(one.cost), one.needs_approval)


def read_prices(content: str) -> list[ReadPrice]:
    """Every row that names a price. Raises BadInput for a table that can not be read."""
    rows = [one for one in uploads.rows_of(content, COLUMNS, (*OPTIONAL, *SHOWN)) if one.cells["price"]]
    if not rows:
        raise BadInput("no row has a price", fix="fill in the column price; rows without one are left as they are")
    products = {one.sku: one for one in Product.objects.filter(sku__in={row.cells["sku"] for row in rows})}
    scopes = _scopes(rows)
    read = [_read(row, products, scopes) for row in rows]
    return _judged(rows, read)


def _scopes(rows: Iterable[uploads.Row]) -> dict[str, Scope | Refusal]:
    made: dict[str, Scope | Refusal] = {}
    for text in dict.fromkeys(row.cells["for"] for row in rows):
        try:
            made[text] = find_scope(text)
        except Refusal as refusal:
            made[text] = refusal
    return made


def _read(row: uploads.Row, products: dict[str, Product], scopes: dict[str, Scope | Refusal]) -> NewPrice | Refusal:
    cells = row.cells
    try:
        scope, product = scopes[cells["for"]], products.get(cells["sku"])
        if isinstance(scope, Refusal):
            return scope
        if product is None:
            raise BadInput(f"there is no product {cells['sku']!r}")
        new = NewPrice(
            product=product,
            scope=scope,
            price=parse(cells["price"], cells["currency"].upper()),
            valid_from=uploads.day(cells.get("valid_from", "")),
            valid_until=uploads.day(cells.get("valid_until", "")),
            reason=cells.get("reason", ""),
        )
        check(new)
    except Refusal as refusal:
        return refusal
    return new


def _judged(rows: Sequence[uploads.Row], read: Sequence[NewPrice | Refusal]) -> list[ReadPrice]:
    good = iter(judge([one for one in read if isinstance(one, NewPrice)]))
    seen: set[tuple[object, ...]] = set()
    made = []
    for row, one in zip(rows, read, strict=True):
        if isinstance(one, Refusal):
            made.append(ReadPrice(row.number, row.cells, None, str(one)))
            continue
        judged = next(good)
        key = (one.product.pk, one.scope, one.price.currency, one.valid_from)
        wrong = "this price stands in the table twice" if key in seen else ""
        if judged.needs_approval and not one.reason:
            wrong = wrong or "it leaves less than the least margin: give a reason, a colleague then decides"
        seen.add(key)
        made.append(ReadPrice(row.number, row.cells, None if wrong else judged, wrong))
    return made


def table(rows: Iterable[Judged]) -> Iterator[tuple[object, ...]]:
    """Rows in the order of COLUMNS, OPTIONAL and SHOWN, to be written as CSV."""
    for one in rows:
        new = one.new
        begins, ends = (moment.isoformat() if moment else "" for moment in (new.valid_from, new.valid_until))
        yield (
            new.product.sku, new.scope.key, new.price.currency, new.price.decimal(), begins, ends, new.reason,
            new.product.name, one.cost.decimal() if one.cost else "", one.left.decimal() if one.left else "",
        )  # fmt: skip
