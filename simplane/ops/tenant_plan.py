"""Which rows of which tables are one company's, found from the models (docs/adr/0030).

A company's are: rows that name it (`organization`), rows that hang on such rows, the ledger's transactions that touch its
accounts, and its members' logins. What those rows point at and belongs to nobody (products, suppliers, the operator's
accounts, people who once acted) comes along, for without it they could not stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from django.apps import apps
from django.db import connection, models

from simplane.core.errors import Refusal

STAYS: Mapping[str, str] = {
    "admin.logentry": "what our staff did in the raw tables",
    "auth.group": "rights of our staff",
    "auth.permission": "made by migrations",
    "contenttypes.contenttype": "made by migrations",
    "sessions.session": "people sign in again",
    "account.emailconfirmation": "links under way; asked for again",
    "organizations.user_groups": "rights of our staff",
    "organizations.user_user_permissions": "rights of our staff",
    "core.event": "news is read behind a bookmark; told again elsewhere it would be acted on twice",
    "core.inboxmessage": "raw deliveries of shops and suppliers; one may speak of many",
    "core.deadletter": "our staff's work, done before a move",
    "ledger.seal": "a link of this installation's chain; where the transaction arrives it is chained anew",
    "payments.payoutline": "part of a payout to our bank account",
}
"""Tables that hang on a company's rows and are not moved, and why."""
LOOSE: Mapping[str, str] = {"unit_id": "ordering.unit", "order_id": "ordering.order"}
"""Plain columns that name a row of a table above their own."""
USER = "organizations.user"
MEMBERS = "id IN (SELECT user_id FROM organizations_membership WHERE organization_id = {org})"
POSTED = (
    "SELECT transaction_id FROM ledger_entry WHERE account_id IN"
    " (SELECT id FROM ledger_account WHERE organization_id = {org})"
)
PARTICULAR: Mapping[str, str] = {
    "organizations.organization": "id = {org}",
    USER: MEMBERS,
    "ledger.transaction": f"id IN ({POSTED})",
    "ledger.entry": f"transaction_id IN ({POSTED})",
}
"""Whole transactions, the operator's side too: an entry alone does not sum to zero."""
INSTEAD: Mapping[str, Mapping[str, str]] = {
    "organizations_user": {
        "is_staff": "false",
        "is_superuser": "false",
        "password": f"CASE WHEN {MEMBERS} THEN password ELSE '!' END",
        "is_active": f"is_active AND {MEMBERS}",
    }
}
"""Of people only members can sign in where they arrive, and nobody is staff there."""


class Entangled(Refusal):
    """A row of this company points at something that belongs to another organization."""

    code = "tenant_entangled"
    status = 409


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `key`: its primary key; `uniques`: other sets of columns that name one row."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    uniques: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one table that move: those of `own` (SQL over the table, empty: none) and these `shared` ones."""

    table: Table
    own: str
    shared: tuple[int, ...]

    @property
    def where(self) -> str:
        """SQL over the table that is true for every row that moves."""
        listed = f"{self.table.key[0]} IN ({', '.join(map(str, self.shared))})" if self.shared else ""
        return " OR ".join(filter(None, (self.own and f"({self.own})", listed)))


def parts(organization_id: int) -> list[Part]:
    """What moves, by the name of its table. Raises Entangled."""
    known, shared = tables(), _pointed_at(organization_id)
    found = [
        Part(known[model._meta.db_table], own(model).format(org=organization_id), tuple(sorted(shared[model])))
        for model in _moving()
        if own(model) or shared[model]
    ]
    return sorted(found, key=lambda part: part.table.name)


@cache
def own(model: type[models.Model]) -> str:
    """SQL over the model's table that is true for rows of the company `{org}`; empty where none can be."""
    label = model._meta.label_lower
    if label in STAYS:
        return ""
    if label in PARTICULAR:
        return PARTICULAR[label]
    columns = [str(field.column) for field in model._meta.concrete_fields]
    if "organization_id" in columns:
        return "organization_id = {org}"
    loose: list[tuple[str, type[models.Model]]] = [(one, apps.get_model(LOOSE[one])) for one in columns if one in LOOSE]
    hanging = [one for one in (*loose, *_references(model)) if one[1] is not model and own(one[1])]
    # A person may act for many; only what has no other owner is theirs.
    owners = [one for one in hanging if one[1]._meta.label_lower != USER] or hanging
    return " OR ".join(dict.fromkeys(_within(column, parent) for column, parent in owners))


def _within(column: str, parent: type[models.Model]) -> str:
    return f"{column} IN (SELECT {parent._meta.pk.column} FROM {parent._meta.db_table} WHERE {own(parent)})"  # noqa: S608


def _moving() -> list[type[models.Model]]:
    """All models with a table of ours, those of partitioned tables too; the queue's are the library's."""
    every = apps.get_models(include_auto_created=True)
    return [one for one in every if one._meta.app_label != "procrastinate" and one._meta.label_lower not in STAYS]


def _pointed_at(organization_id: int) -> dict[type[models.Model], set[int]]:
    """Rows that are not the company's own and that its rows point at, and what those point at, and so on."""
    found: dict[type[models.Model], set[int]] = {model: set() for model in _moving()}
    waiting = [(model, own(model).format(org=organization_id)) for model in _moving() if own(model)]
    while waiting:
        model, where = waiting.pop()
        for column, target in _references(model):
            new = _others(model, where, column, target, organization_id) - found[target]
            if new:
                _refuse_strangers(target, new)
                found[target] |= new
                waiting.append((target, f"{target._meta.pk.column} IN ({', '.join(map(str, sorted(new)))})"))
    return found


def _references(model: type[models.Model]) -> Iterator[tuple[str, type[models.Model]]]:
    for field in model._meta.concrete_fields:
        if isinstance(field.related_model, type):
            yield str(field.column), field.related_model


def _others(
    model: type[models.Model], where: str, column: str, target: type[models.Model], organization_id: int
) -> set[int]:
    key = target._meta.pk.column
    ours = own(target).format(org=organization_id)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key} FROM {target._meta.db_table}"  # noqa: S608  names of tables and columns
            f" WHERE {key} IN (SELECT {column} FROM {model._meta.db_table} WHERE {where})"
            + (f" AND ({ours}) IS NOT TRUE" if ours else "")
        )
        return {row[0] for row in cursor.fetchall()}


def _refuse_strangers(target: type[models.Model], ids: set[int]) -> None:
    """What has an owner and is not this company's own is another's."""
    table, columns = target._meta.db_table, [field.column for field in target._meta.concrete_fields]
    if table == "organizations_organization" or "organization_id" in columns:
        condition = "organization_id IS NOT NULL AND" if "organization_id" in columns else ""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*) FROM {table} WHERE {condition} {target._meta.pk.column} = ANY(%s)",  # noqa: S608
                [sorted(ids)],
            )
            if cursor.fetchone() != (0,):
                raise Entangled(f"rows of {table} that belong to another organization are in use", fix="ask us")


def tables() -> dict[str, Table]:
    """The tables of all models as the database has them, by name."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        return {
            row[0]: Table(row[0], tuple(row[1]), tuple(row[2]), tuple(map(tuple, row[3]))) for row in cursor.fetchall()
        }


TABLES = """
SELECT c.relname,
  (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute AS a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
  (SELECT array_agg(a.attname::text ORDER BY place) FROM pg_index AS i
    CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (number, place)
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.number WHERE i.indrelid = c.oid AND i.indisprimary),
  coalesce((SELECT json_agg(u.names ORDER BY u.names::text) FROM (
    SELECT array_agg(a.attname::text ORDER BY a.attnum) AS names FROM pg_index AS i
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
    WHERE i.indrelid = c.oid AND i.indisunique AND NOT i.indisprimary AND i.indpred IS NULL AND i.indexprs IS NULL
    GROUP BY i.indexrelid) AS u), '[]')
FROM pg_class AS c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
ORDER BY 1
"""
