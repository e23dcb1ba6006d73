"""The chosen offer with its supplier, loaded by one plain query: the ORM takes three times as long to build the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Field, Model

from simplane.suppliers.models import Offer, Supplier

M = TypeVar("M", bound=Model)
_NOT_NEEDED = frozenset({"raw", "networks"})
"""Large, and nobody buys with them; they load themselves when read."""


def load(offer_id: int) -> Offer:
    """The offer, its `supplier` loaded, its large fields deferred."""
    statement, offer_fields, supplier_fields = _plan()
    with connection.cursor() as cursor:
        cursor.execute(statement, [offer_id])
        row = cursor.fetchone()
    assert row is not None
    offer = _made(Offer, offer_fields, row)
    offer.supplier = _made(Supplier, supplier_fields, row[len(offer_fields) :])
    return offer


@lru_cache(maxsize=1)
def _plan() -> tuple[str, Sequence[Field[Any, Any]], Sequence[Field[Any, Any]]]:
    offer_fields = [field for field in Offer._meta.concrete_fields if field.name not in _NOT_NEEDED]
    supplier_fields = list(Supplier._meta.concrete_fields)
    columns = [*_columns("offer", offer_fields), *_columns("supplier", supplier_fields)]
    statement = (
        f"SELECT {', '.join(columns)} FROM suppliers_offer AS offer"  # noqa: S608  names of our own fields
        " JOIN suppliers_supplier AS supplier ON supplier.id = offer.supplier_id WHERE offer.id = %s"
    )
    return statement, offer_fields, supplier_fields


def _columns(table: str, fields: Iterable[Field[Any, Any]]) -> Iterable[str]:
    return (f'{table}."{field.column}"' for field in fields)


def _made(model: type[M], fields: Sequence[Field[Any, Any]], row: Sequence[Any]) -> M:
    values = [_value(field, value) for field, value in zip(fields, row, strict=False)]
    return model.from_db(connection.alias, [field.attname for field in fields], values)


def _value(field: Field[Any, Any], value: Any) -> Any:
    convert = getattr(field, "from_db_value", None)
    return convert(value, None, connection) if convert else value
