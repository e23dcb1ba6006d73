"""The account everything belongs to: objects, clock, settings, and what happens later by itself."""

import json
from dataclasses import dataclass
from typing import Protocol

from sandbox.kit.books import Books, JsonObject
from sandbox.kit.clock import Clock
from sandbox.kit.settings import Settings
from sandbox.stripe.objects import Objects

DEFAULT_VERSION = "2026-10-28.endive"
SCHEMA = """
create table if not exists stripe_due (
    id integer primary key, due real not null, action text not null, object text not null, details text not null);
create index if not exists stripe_due_due on stripe_due (due, id);
"""


@dataclass(frozen=True, slots=True)
class Cause:
    """The request that makes something happen, as its events name it; both None when time does."""

    request: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """Something that is to happen by itself."""

    action: str
    object: str
    details: JsonObject


class Emit(Protocol):
    """Writes down an event about an object; `previous` are the old values of what changed."""

    def __call__(self, kind: str, doc: JsonObject, previous: JsonObject | None = None) -> JsonObject: ...


class Account:
    """What every handler works with. `base` is the address this stand-in was last called at."""

    emit: Emit

    def __init__(self, books: Books, clock: Clock, settings: Settings) -> None:
        self.books = books
        self.clock = clock
        self.settings = settings
        self.objects = Objects(books)
        self.cause = Cause()
        self.base = "http://127.0.0.1:8015"

    def now(self) -> int:
        """Virtual now in epoch seconds, as Stripe writes moments."""
        return int(self.clock.timestamp())

    def change(self, doc: JsonObject, **changes: object) -> JsonObject:
        """Change and save an object. Returns the old values of what changed, as events give them."""
        previous = {name: doc.get(name) for name, value in changes.items() if doc.get(name) != value}
        doc.update(changes)
        self.objects.save(doc)
        return previous

    def later(self, seconds: float, action: str, number: str, **details: object) -> None:
        """Let `action` happen to an object after so many seconds of virtual time."""
        self.books.execute(
            "insert into stripe_due (due, action, object, details) values (?, ?, ?, ?)",
            (self.clock.timestamp() + seconds, action, number, json.dumps(details)),
        )
        self.clock.wake()

    def forget_later(self, action: str, number: str) -> None:
        """It will not happen."""
        self.books.execute("delete from stripe_due where action = ? and object = ?", (action, number))

    def take_due(self) -> Task | None:
        """The next thing whose time has come, taken off the list."""
        row = self.books.row("select * from stripe_due where due <= ? order by due, id", (self.clock.timestamp(),))
        if row is None:
            return None
        self.books.execute("delete from stripe_due where id = ?", (row["id"],))
        return Task(row["action"], row["object"], json.loads(row["details"]))

    def next_due(self) -> float | None:
        """When the next thing will happen (epoch seconds), or None."""
        row = self.books.row("select min(due) as due from stripe_due")
        return row["due"] if row else None
