"""1GLOBAL Connect's JSON as we read it: only the fields we use. The rest is ignored."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import msgspec
from msgspec import Raw, Struct, field

MEGABYTE = 1 << 20
BYTES = {"bytes": 1, "megabytes": MEGABYTE, "gigabytes": 1 << 30}
"""Their samples count binary: 524,288,000 bytes for 500 MB (reference 0)."""


class Fault(Struct):
    """One field that was refused."""

    code: str = ""
    detail: str = ""
    pointer: str = ""


class Problem(Struct):
    """`application/problem+json`."""

    title: str = ""
    detail: str = ""
    errors: list[Fault] = []


class Token(Struct):
    """OAuth2 client credentials; `expires_in` in seconds."""

    access_token: str
    expires_in: float = 300.0


class Named(Struct):
    """Whatever was made, by its id."""

    id: str


class Link(Struct):
    """Where something is."""

    href: str


class Links(Struct):
    """Of a list."""

    next: Link | None = None


class Page(Struct):
    """Part of a list, its entries unread."""

    embedded: dict[str, list[Raw]] = field(name="_embedded")
    links: Links | None = field(name="_links", default=None)

    @property
    def cursor(self) -> str:
        """Of the next page; empty at the end. Only the cursor is taken from their link, never the address."""
        if self.links is None or self.links.next is None:
            return ""
        found = parse_qs(urlsplit(self.links.next.href).query).get("cursor", [""])[0]
        if not found:
            raise ValueError("a next page without a cursor")
        return found


class Profile(Struct):
    """An eSIM profile; the letter case of its status varies."""

    iccid: str
    profile_status: str = ""
    matching_id: str = ""
    smdp_address: str = ""


class InSubscription(Struct):
    """What is inside a subscription."""

    sim_profile: Profile | None = None


class Subscription(Struct):
    """A line."""

    id: str
    status: str
    embedded: InSubscription = field(name="_embedded", default_factory=InSubscription)


class InOrder(Struct):
    """What is inside an order that is completed."""

    subscription: Subscription | None = None


class Order(Struct):
    """An order; for a line that was ordered and is made, the line is inside."""

    id: str
    status: str
    type: str
    created_at: str
    embedded: InOrder = field(name="_embedded", default_factory=InOrder)


class Balance(Struct):
    """What is left of one allowance."""

    type: str = "limited"
    allowance_type: str = "data"
    unit: str = "bytes"
    initial: int | None = None
    spent: int = 0

    def bytes(self, amount: int) -> int:
        """An amount of this balance in bytes. Raises ValueError for a unit nobody published."""
        if self.unit not in BYTES:
            raise ValueError(f"{self.unit!r} is no unit of data we know")
        return amount * BYTES[self.unit]


class Price(Struct):
    """Whole minor units; that they are minor ones is not confirmed (reference 3.1)."""

    type: str
    unit_amount: int
    currency: str


class Product(Struct):
    """A plan or add-on of a line."""

    id: str
    status: str
    balances: list[Balance] = []
    prices: list[Price] = []


class Subscriber(Struct):
    """Who a line is for: with us its purchase (first name) and offering (last name)."""

    id: str
    created_at: str
    first_name: str = ""
    last_name: str = ""


problem = msgspec.json.Decoder(Problem)
token = msgspec.json.Decoder(Token)
named = msgspec.json.Decoder(Named)
page = msgspec.json.Decoder(Page)
subscription = msgspec.json.Decoder(Subscription)
order = msgspec.json.Decoder(Order)
product = msgspec.json.Decoder(Product)
subscriber = msgspec.json.Decoder(Subscriber)
