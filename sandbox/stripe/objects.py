"""All objects, as they are answered, in one table; what Stripe keeps to itself lies in `aside`."""

import json
from collections.abc import Sequence

from sandbox.kit.books import Books, JsonObject
from sandbox.stripe.refused import missing

SCHEMA = """
create table if not exists stripe_object (
    seq integer primary key autoincrement, id text not null unique, kind text not null, created integer not null,
    customer text, payment_intent text, charge text, payout text, source text, type text, currency text, status text,
    pending integer not null default 0, doc text not null, aside text not null default '{}');
create index if not exists stripe_object_kind on stripe_object (kind, seq);
create index if not exists stripe_object_intent on stripe_object (kind, payment_intent, seq);
create index if not exists stripe_object_charge on stripe_object (kind, charge, seq);
create index if not exists stripe_object_customer on stripe_object (kind, customer, seq);
create index if not exists stripe_object_payout on stripe_object (kind, payout, seq);
create index if not exists stripe_object_source on stripe_object (kind, source, seq);
"""
LINKS = ("customer", "payment_intent", "charge", "payout", "source", "type", "currency", "status")
LABELS = {"payment_method": "PaymentMethod", "item": "line item"}


class Objects:
    """Reads and writes whole objects; writing happens in the caller's transaction."""

    def __init__(self, books: Books) -> None:
        self.books = books

    def add(self, doc: JsonObject, aside: JsonObject | None = None) -> JsonObject:
        """Insert a new object; its kind is its `object` field."""
        columns = ", ".join(LINKS)
        self.books.execute(
            f"insert into stripe_object (id, kind, created, doc, aside, {columns}) values (?, ?, ?, ?, ?, "
            f"{', '.join('?' * len(LINKS))})",
            (doc["id"], doc["object"], doc["created"], _dump(doc), _dump(aside or {}), *_links(doc)),
        )
        return doc

    def save(self, doc: JsonObject) -> None:
        """Overwrite an object."""
        columns = ", ".join(f"{name} = ?" for name in LINKS if name != "payout")
        links = [value for name, value in zip(LINKS, _links(doc), strict=True) if name != "payout"]
        self.books.execute(f"update stripe_object set doc = ?, {columns} where id = ?", (_dump(doc), *links, doc["id"]))

    def aside(self, number: str) -> JsonObject:
        """What is kept about an object and never answered."""
        row = self.books.row("select aside from stripe_object where id = ?", (number,))
        found: JsonObject = json.loads(row["aside"]) if row else {}
        return found

    def note(self, number: str, **changes: object) -> None:
        """Change some of the aside of an object."""
        self.books.execute(
            "update stripe_object set aside = ? where id = ?", (_dump({**self.aside(number), **changes}), number)
        )

    def find(self, number: str, kind: str | None = None) -> JsonObject | None:
        """An object by id, of any kind when none is named."""
        row = self.books.row("select kind, doc from stripe_object where id = ?", (number,))
        if row is None or (kind is not None and row["kind"] != kind):
            return None
        found: JsonObject = json.loads(row["doc"])
        return found

    def need(self, kind: str, number: str, param: str, *, in_path: bool = False) -> JsonObject:
        """An object that must exist. Raises Refused with resource_missing."""
        found = self.find(number, kind)
        if found is None:
            raise missing(LABELS.get(kind, kind), number, param, in_path=in_path)
        return found

    def where(self, kind: str, condition: str = "1", values: Sequence[object] = ()) -> list[JsonObject]:
        """Objects by an SQL condition, oldest first."""
        sql = f"select doc from stripe_object where kind = ? and {condition} order by seq"
        return [json.loads(row["doc"]) for row in self.books.rows(sql, (kind, *values))]

    def payout_of(self, number: str) -> str | None:
        """The payout a balance transaction went out with."""
        row = self.books.row("select payout from stripe_object where id = ?", (number,))
        return row["payout"] if row else None

    @staticmethod
    def parse(text: str) -> JsonObject:
        """A stored object."""
        found: JsonObject = json.loads(text)
        return found

    def seq(self, number: str) -> int | None:
        """The place of an object in the order of creation."""
        row = self.books.row("select seq from stripe_object where id = ?", (number,))
        return row["seq"] if row else None

    def drop(self, number: str) -> None:
        """Delete an object."""
        self.books.execute("delete from stripe_object where id = ?", (number,))


def _dump(value: JsonObject) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _links(doc: JsonObject) -> list[str | None]:
    return [value if isinstance(value := doc.get(name), str) else None for name in LINKS]
