"""POST /orders: read the request, price it, book it. There is no idempotency: asked twice, bought twice."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from sandbox.esimgo.formats import NANO
from sandbox.esimgo.identity import iccid
from sandbox.esimgo.office import Bundle, Office, RefusedError
from sandbox.esimgo.order_views import validation, whole_order
from sandbox.kit.http import Call, Reply, json_reply

BAD_REQUEST = 400
YEAR_SECONDS = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Wish:
    """One position of an order."""

    bundle: Bundle
    quantity: int
    iccids: tuple[str, ...]
    allow_reassign: bool

    @property
    def total_minor(self) -> int:
        """What it costs."""
        return self.bundle.price_minor * self.quantity


@dataclass(frozen=True, slots=True)
class Wanted:
    """A whole order request that passed every check."""

    buying: bool
    assign: bool
    wishes: tuple[Wish, ...]

    @property
    def total_minor(self) -> int:
        """What it costs."""
        return sum(wish.total_minor for wish in self.wishes)

    @property
    def quantity(self) -> int:
        """How many bundles."""
        return sum(wish.quantity for wish in self.wishes)


@dataclass(frozen=True, slots=True)
class Deal:
    """What all bundles of one order share. `ready_at` is epoch seconds; `purchase` is where refunds are counted."""

    reference: str
    purchase: str
    now_ns: int
    ready_at: float

    @property
    def now(self) -> float:
        """When it was made, epoch seconds."""
        return self.now_ns / NANO


@dataclass(frozen=True, slots=True)
class Stock:
    """Bundles owned but on no eSIM. `bought_at` is epoch seconds; `purchase` is where refunds are counted."""

    bundle: str
    quantity: int
    unit_minor: int
    purchase: str
    bought_at: float


class Orders:
    """The buying side of the books."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._books = office.books

    def create(self, call: Call) -> Reply:
        """POST /orders: a dry run (`validate`) or a purchase (`transaction`)."""
        return self.create_as(call, mode="")

    def create_as(self, call: Call, mode: str) -> Reply:
        """The same with a fault: mode `async` or `async_failed` makes any order asynchronous."""
        wanted = self._read(call)
        if not wanted.buying:
            return json_reply(validation(self._office, wanted))
        with self._books.transaction():
            number = self._book(wanted, mode)
        self._watch_balance(wanted.total_minor)
        row = self._books.row("select * from purchase where number = ?", (number,))
        assert row is not None
        return json_reply(whole_order(self._office, row, first_answer=True))

    def refuse_for_balance(self) -> Reply:
        """What an empty balance looks like."""
        raise RefusedError(BAD_REQUEST, "insufficient balance to complete order")

    def _read(self, call: Call) -> Wanted:
        try:
            body = call.json()
        except ValueError:
            raise RefusedError(BAD_REQUEST, "request body is not valid JSON") from None
        if not isinstance(body, dict) or body.get("type") not in ("validate", "transaction"):
            raise RefusedError(BAD_REQUEST, "type must be validate or transaction")
        items, assign = body.get("order"), body.get("assign", False)
        if not isinstance(items, list) or not items or not isinstance(assign, bool):
            raise RefusedError(BAD_REQUEST, "order must hold at least one item and assign must be true or false")
        wanted = Wanted(body["type"] == "transaction", assign, tuple(self._wish(item, assign) for item in items))
        if wanted.quantity > self._office.settings.number("max_per_order"):
            raise RefusedError(BAD_REQUEST, f"at most {self._office.settings['max_per_order']} bundles per order")
        return wanted

    def _wish(self, item: Any, assign: bool) -> Wish:
        if not isinstance(item, dict) or item.get("type") != "bundle":
            raise RefusedError(BAD_REQUEST, "item type must be bundle")
        quantity, iccids = item.get("quantity"), item.get("iccids") or []
        if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
            raise RefusedError(BAD_REQUEST, "quantity must be a positive integer")
        if not isinstance(iccids, list):
            raise RefusedError(BAD_REQUEST, "iccids must be a list")
        if iccids and not assign:
            raise RefusedError(BAD_REQUEST, "iccids can only be given when assign is true")
        if iccids and len(iccids) != quantity:
            raise RefusedError(BAD_REQUEST, "quantity must match the number of iccids")
        bundle = self._office.bundle(item.get("item"))
        wish = Wish(bundle, quantity, tuple(map(str, iccids)), item.get("allowReassign") is True)
        self._check_fit(wish)
        return wish

    def _check_fit(self, wish: Wish) -> None:
        for number in wish.iccids:
            try:
                esim = self._office.esim(number)
            except RefusedError as refused:
                raise RefusedError(BAD_REQUEST, f"esim {number}: {refused.message}") from None
            if esim["profile"] != wish.bundle.profile and not wish.allow_reassign:
                raise RefusedError(BAD_REQUEST, f"bundle {wish.bundle.name} is not compatible with esim {number}")

    def _book(self, wanted: Wanted, mode: str) -> int:
        balance = self._office.settings.balance() - wanted.total_minor
        if balance < 0:
            self.refuse_for_balance()
        failed = mode == "async_failed"
        deal = self._deal(wanted, mode)
        assign = wanted.assign and not failed
        items = [self._fill(wish, deal, assign=assign) for wish in wanted.wishes]
        if not wanted.assign and not failed:
            for wish in wanted.wishes:
                stock = Stock(wish.bundle.name, wish.quantity, wish.bundle.price_minor, deal.purchase, deal.now)
                add_stock(self._office, stock)
        refunded = wanted.total_minor if failed else 0
        self._office.settings.set_balance(balance + refunded)
        cursor = self._books.execute(
            "insert into purchase (reference, kind, created_ns, ready_at, outcome, assigned, topup, items, total_minor,"
            " balance_after_minor, refunded_minor) values (?,'bundle',?,?,?,?,?,?,?,?,?)",
            (
                deal.reference,
                deal.now_ns,
                deal.ready_at,
                "failed" if failed else "completed",
                int(wanted.assign),
                int(any(wish.iccids for wish in wanted.wishes)),
                json.dumps(items),
                wanted.total_minor,
                balance,
                refunded,
            ),
        )
        return int(cursor.lastrowid or 0)

    def _deal(self, wanted: Wanted, mode: str) -> Deal:
        slow = bool(mode) or wanted.quantity > self._office.settings.number("async_above")
        now_ns = self._office.clock.nanoseconds()
        wait = self._office.settings.number("async_seconds") if slow else 0
        reference = str(uuid.uuid4())
        return Deal(reference, reference, now_ns, now_ns / NANO + wait)

    def _fill(self, wish: Wish, deal: Deal, *, assign: bool) -> dict[str, Any]:
        lines: list[str] = []
        if assign:
            targets: tuple[str | None, ...] = wish.iccids or (None,) * wish.quantity
            lines = [self.assign(wish.bundle, target, deal, place) for place, target in enumerate(targets)]
        return {
            "type": "bundle",
            "item": wish.bundle.name,
            "quantity": wish.quantity,
            "unit_minor": wish.bundle.price_minor,
            "allow_reassign": wish.allow_reassign,
            "iccids": lines,
        }

    def assign(self, bundle: Bundle, target: str | None, deal: Deal, place: int) -> str:
        """Put one bundle on an eSIM: the given one when it fits, else a new one. Returns the ICCID."""
        line = target if target is not None and self._fits(target, bundle) else self._new_esim(bundle, deal)
        self._books.execute(
            "insert into assignment (iccid, bundle, reference, ordinal, state, initial_bytes, remaining_bytes,"
            " assigned_ns, ready_at, unit_minor, purchase) values (?,?,?,?,'queued',?,?,?,?,?,?)",
            (
                line,
                bundle.name,
                deal.reference,
                place,
                bundle.initial_bytes,
                bundle.initial_bytes,
                deal.now_ns,
                deal.ready_at + self._office.settings.number("bundle_processing_seconds"),
                bundle.price_minor,
                deal.purchase,
            ),
        )
        self._books.execute("update esim set deletion_at = null where iccid = ?", (line,))
        self._office.note(line, "Bundle Applied", bundle.name, at_ns=deal.now_ns)
        return line

    def _fits(self, target: str, bundle: Bundle) -> bool:
        return bool(self._office.esim(target)["profile"] == bundle.profile)

    def _new_esim(self, bundle: Bundle, deal: Deal) -> str:
        line = iccid(self._office.next_iccid_number())
        self._books.execute(
            "insert into esim (iccid, profile, created_ns, ready_at, action_ns) values (?,?,?,?,?)",
            (line, bundle.profile, deal.now_ns, deal.ready_at, deal.now_ns),
        )
        return line

    def _watch_balance(self, spent_minor: int) -> None:
        threshold = int(self._office.settings["low_balance_threshold_minor"])
        balance = self._office.settings.balance()
        if threshold and balance < threshold <= balance + spent_minor:
            self._office.callbacks.balance_alert("LowBalance", balance, threshold, threshold * 10)


def add_stock(office: Office, stock: Stock) -> None:
    """Put bundles into the inventory; they lapse after a year. Call inside a transaction."""
    expires_at = stock.bought_at + YEAR_SECONDS
    office.books.execute(
        "insert into inventory (bundle, total, remaining, unit_minor, purchase, bought_at, expires_at)"
        " values (?,?,?,?,?,?,?)",
        (stock.bundle, stock.quantity, stock.quantity, stock.unit_minor, stock.purchase, stock.bought_at, expires_at),
    )
