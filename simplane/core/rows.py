"""Model rows by plain SQL, for the order hot path: the ORM's compiler costs several times the statement itself.

Same tables, same values, same instances as the ORM gives; only the SQL is put together once a model or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from django.db import connection
from django.db.models import Field, Model
from django.db.models.expressions import Col

M = TypeVar("M", bound=Model)
Converter = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Shape:
    table: str
    fields: tuple[Field[Any, Any], ...]
    attributes: tuple[str, ...]
    columns: tuple[str, ...]
    converters: tuple[tuple[int, Converter], ...]
    """By position, for what the driver does not give as the model wants it (JSON, secrets)."""


@lru_cache
def _shape(model: type[Model]) -> _Shape:
    fields = tuple(model._meta.concrete_fields)
    return _Shape(
        table=connection.ops.quote_name(model._meta.db_table),
        fields=fields,
        attributes=tuple(field.attname for field in fields),
        columns=tuple(connection.ops.quote_name(str(field.column)) for field in fields),
        converters=tuple((place, _converter(field)) for place, field in enumerate(fields) if _converts(field)),
    )


def _converts(field: Field[Any, Any]) -> bool:
    return hasattr(field, "from_db_value")


def _converter(field: Field[Any, Any]) -> Converter:
    column = Col(field.model._meta.db_table, field)
    from_db_value: Callable[..., Any] = field.from_db_value  # type: ignore[attr-defined]
    return lambda value: from_db_value(value, column, connection)


def columns(model: type[Model], alias: str) -> str:
    """All columns of a model behind an alias, in the order `built` wants them."""
    return ", ".join(f"{alias}.{column}" for column in _shape(model).columns)


def names(model: type[Model], *, but: str | tuple[str, ...] = ()) -> str:
    """All columns of a model but its key and those named, for an INSERT."""
    left_out = {"id", *((but,) if isinstance(but, str) else but)}
    return ", ".join(
        quoted
        for quoted, field in zip(_shape(model).columns, _shape(model).fields, strict=True)
        if field.column not in left_out
    )


def plain(instance: Model) -> dict[str, Any]:
    """Columns and values of an instance without its key, for JSON that PostgreSQL reads as a row of its table."""
    return {
        str(field.column): getattr(instance, field.attname)
        for field in _shape(type(instance)).fields
        if not field.primary_key
    }


def width(model: type[Model]) -> int:
    """How many columns that is."""
    return len(_shape(model).columns)


def built(model: type[M], values: Sequence[Any]) -> M:
    """An instance from its columns, as if the ORM had loaded it."""
    shape = _shape(model)
    if shape.converters:
        values = list(values)
        for place, convert in shape.converters:
            values[place] = convert(values[place])
    return model.from_db(connection.alias, shape.attributes, values)


def load(model: type[M], rest: str, params: Sequence[Any]) -> list[M]:
    """Instances of `SELECT … FROM table AS t <rest>`; `rest` is our own SQL with %s for each of `params`."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns(model, 't')} FROM {_shape(model).table} AS t {rest}", params)  # noqa: S608
        return [built(model, row) for row in cursor.fetchall()]


def first(model: type[M], rest: str, params: Sequence[Any]) -> M | None:
    """The first of them, or None."""
    return next(iter(load(model, f"{rest} LIMIT 1", params)), None)


def together(models: Mapping[str, type[Model]], rest: str, params: Sequence[Any]) -> list[dict[str, Any]]:
    """Instances of several models from each row of `SELECT … FROM <rest>`, by alias; None where an outer join found none."""
    wanted = ", ".join(columns(model, alias) for alias, model in models.items())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {wanted} FROM {rest}", params)  # noqa: S608
        return [_split(models, row) for row in cursor.fetchall()]


def _split(models: Mapping[str, type[Model]], row: Sequence[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    place = 0
    for alias, model in models.items():
        end = place + width(model)
        found[alias] = built(model, row[place:end]) if row[place] is not None else None
        place = end
    return found


def change(model: type[Model], where: str, params: Sequence[Any], **values: Any) -> int:
    """`UPDATE table SET values WHERE <where>`; returns how many rows. `where` is our own SQL, `values` are fields."""
    sql, given = _update(model, where, params, values)
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return int(cursor.rowcount)


def change_one(model: type[Model], where: str, params: Sequence[Any], returning: str, **values: Any) -> Any:
    """As `change` of at most one row; gives back its `returning` columns as they are now, or None."""
    sql, given = _update(model, where, params, values)
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} RETURNING {returning}", given)
        return cursor.fetchone()


def _update(model: type[Model], where: str, params: Sequence[Any], values: Mapping[str, Any]) -> tuple[str, list[Any]]:
    shape = _shape(model)
    pairs = [(field, values[field.attname]) for field in shape.fields if field.attname in values]
    if len(pairs) != len(values):
        raise ValueError(f"{model.__name__} has no such column among {', '.join(values)}")
    assignments = ", ".join(f"{connection.ops.quote_name(str(field.column))} = %s" for field, _ in pairs)
    given = [field.get_db_prep_save(value, connection) for field, value in pairs]
    return f"UPDATE {shape.table} SET {assignments} WHERE {where}", [*given, *params]  # noqa: S608


def insert(instance: Model, conflict: str = "") -> bool:
    """Insert one and set its key; with `conflict` (`ON CONFLICT DO NOTHING`) False when it was there already."""
    shape = _shape(type(instance))
    pairs = [
        (column, field.get_db_prep_save(getattr(instance, field.attname), connection))
        for field, column in zip(shape.fields, shape.columns, strict=True)
        if not (field.primary_key and instance.pk is None)
    ]
    names, marks = ", ".join(name for name, _ in pairs), ", ".join(["%s"] * len(pairs))
    sql = f"INSERT INTO {shape.table} ({names}) VALUES ({marks}) {conflict} RETURNING id"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for _, value in pairs])
        row = cursor.fetchone()
    if row is None:
        return False
    instance.pk, instance._state.adding, instance._state.db = row[0], False, connection.alias
    return True


def change_many(
    model: type[Model], given: Sequence[Mapping[str, Any]], returning: str = "t.id"
) -> list[tuple[Any, ...]]:
    """Change many rows in one statement; gives back the `returning` columns of those that were changed.

    Each mapping holds the row's `id` and the same columns. `was_<column>`: the row must still have this value there.
    """
    if not given:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_update_many(model, tuple(given[0]), returning), [as_json(model, given)])
        return list(cursor.fetchall())


@lru_cache(maxsize=256)
def _update_many(model: type[Model], names: tuple[str, ...], returning: str) -> str:
    fields = _by_column(model)
    typed = ", ".join(f'"{name}" {fields[name.removeprefix("was_")].db_type(connection)}' for name in names)
    changed = ", ".join(f'"{name}" = r."{name}"' for name in names if name != "id" and not name.startswith("was_"))
    same = "".join(f' AND t."{name[4:]}" = r."{name}"' for name in names if name.startswith("was_"))
    return (
        f"UPDATE {_shape(model).table} AS t SET {changed} FROM json_to_recordset(%s::json) AS r ({typed})"  # noqa: S608
        f" WHERE t.id = r.id{same} RETURNING {returning}"
    )


def insert_many(instances: Sequence[M], *, key: str, conflict: str = "") -> list[M]:
    """Insert many of one model in one statement and set their keys; `key` names a column that tells them apart.

    With `conflict` (`ON CONFLICT DO NOTHING`) those that were there already are left out of the answer.
    """
    if not instances:
        return []
    model = type(instances[0])
    given = [plain(instance) for instance in instances]
    with connection.cursor() as cursor:
        cursor.execute(_insert_many(model, key, conflict), [as_json(model, given)])
        keys = {found: pk for pk, found in cursor.fetchall()}
    made = []
    for instance, row in zip(instances, given, strict=True):
        if row[key] in keys:
            instance.pk, instance._state.adding, instance._state.db = keys[row[key]], False, connection.alias
            made.append(instance)
    return made


@lru_cache(maxsize=64)
def _insert_many(model: type[Model], key: str, conflict: str) -> str:
    table, columns = _shape(model).table, names(model)
    return (
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s::json)"  # noqa: S608
        f' {conflict} RETURNING id, "{key}"'
    )


def as_json(model: type[Model], given: Sequence[Mapping[str, Any]]) -> str:
    """Rows as the JSON that PostgreSQL reads back; values that stand otherwise in the table (secrets) as they stand there."""
    special = {name for name, field in _by_column(model).items() if hasattr(field, "from_db_value")}
    special -= {name for name in special if _by_column(model)[name].get_internal_type() == "JSONField"}
    if special:
        given = [{name: _stored(model, name, found, special) for name, found in row.items()} for row in given]
    return msgspec.json.encode(given).decode()


def _stored(model: type[Model], name: str, found: Any, special: set[str]) -> Any:
    return _by_column(model)[name].get_db_prep_save(found, connection) if name in special else found


@lru_cache
def _by_column(model: type[Model]) -> dict[str, Field[Any, Any]]:
    return {str(field.column): field for field in _shape(model).fields}
