"""An order and all that belongs to it, kept as one JSON document per order.

Times are milliseconds since 1970 in UTC, money is minor units of the shop's currency.
"""

from msgspec import Struct, field

from sandbox.shopify.ids import SLOTS


class Line(Struct):
    """One line item. `quantity` is what was ever ordered; `removed` went by editing, `refunded` by refunds."""

    id: int
    title: str
    quantity: int
    price_minor: int
    sku: str | None = None
    variant_id: int | None = None
    product_id: int | None = None
    requires_shipping: bool = False
    gift_card: bool = False
    vendor: str = ""
    properties: list[tuple[str, str]] = field(default_factory=list)
    removed: int = 0
    refunded: int = 0
    fulfilled: int = 0

    @property
    def current(self) -> int:
        """Quantity after removals and refunds."""
        return self.quantity - self.removed - self.refunded


class FulfilmentOrderLine(Struct):
    """How many units of a line this fulfilment order still has to send."""

    id: int
    line_id: int
    total: int
    remaining: int


class Hold(Struct):
    """Somebody wants the fulfilment order to wait."""

    id: int
    reason: str
    notes: str | None = None
    handle: str = ""


class FulfilmentOrder(Struct):
    """Lines that go out together: one delivery method, one location. `service` names another fulfilment service."""

    id: int
    method: str
    location: str
    service: str = ""
    status: str = "OPEN"
    lines: list[FulfilmentOrderLine] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)


class Fulfilment(Struct):
    """What was sent. `lines` holds (id, line id, quantity)."""

    id: int
    at_ms: int
    lines: list[tuple[int, int, int]]
    company: str | None = None
    tracking_number: str | None = None
    url: str | None = None


class Transaction(Struct):
    """Money in or out. `kind` is SALE, AUTHORIZATION, CAPTURE, REFUND or VOID."""

    id: int
    kind: str
    amount_minor: int
    at_ms: int
    gateway: str = "shopify_payments"
    parent_id: int | None = None


class RefundLine(Struct):
    """Units given back."""

    id: int
    line_id: int
    quantity: int
    restock_type: str
    subtotal_minor: int


class Refund(Struct):
    """One refund: units, money, or both. `discrepancy_minor` is money that no line explains."""

    id: int
    at_ms: int
    note: str | None
    lines: list[RefundLine]
    transaction_ids: list[int]
    amount_minor: int
    discrepancy_minor: int


class Metafield(Struct):
    """A value an app keeps on the order."""

    id: int
    namespace: str
    key: str
    type: str
    value: str
    at_ms: int


class Dispute(Struct):
    """A chargeback or inquiry; `status` as in webhooks: needs_response, under_review, won, lost."""

    id: int
    kind: str
    amount_minor: int
    reason: str
    status: str
    at_ms: int


class Order(Struct):
    """One order. `spare` is the next free slot for the id of a child."""

    id: int
    shop: str
    number: int
    currency: str
    created_ms: int
    updated_ms: int
    email: str | None = None
    first_name: str = "Lena"
    last_name: str = "Fischer"
    locale: str | None = "de-DE"
    presentment_currency: str = ""
    presentment_rate: str = "1"
    test: bool = False
    note: str | None = None
    source_name: str = "web"
    shipping_minor: int = 0
    discount_minor: int = 0
    risk: str = "NONE"
    cancelled_ms: int | None = None
    cancel_reason: str | None = None
    cancel_job: str | None = None
    tags: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    fulfilment_orders: list[FulfilmentOrder] = field(default_factory=list)
    fulfilments: list[Fulfilment] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    metafields: list[Metafield] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    spare: int = 1

    @property
    def name(self) -> str:
        """`#1001`."""
        return f"#{self.number}"

    def take_id(self) -> int:
        """An id for a new child. Raises ValueError when the order has a thousand."""
        if self.spare >= SLOTS:
            raise ValueError(f"order {self.name} has no room for more parts")
        self.spare += 1
        return self.id + self.spare - 1

    def line(self, line_id: int) -> Line:
        """A line of this order. Raises KeyError."""
        for line in self.lines:
            if line.id == line_id:
                return line
        raise KeyError(f"order {self.name} has no line {line_id}")
