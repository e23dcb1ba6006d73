"""New orders from what the control API is told."""

from collections.abc import Mapping
from typing import Any

from sandbox.kit.control import BadControlError
from sandbox.shopify.ids import stable_number
from sandbox.shopify.model import FulfilmentOrder, FulfilmentOrderLine, Line, Order
from sandbox.shopify.money import amount_text, parse_amount
from sandbox.shopify.payment import authorize, receive
from sandbox.shopify.schema import CURRENCIES
from sandbox.shopify.store import Shop
from sandbox.shopify.totals import total

STATUSES = ("paid", "pending", "authorized", "partially_paid")
RISKS = ("NONE", "LOW", "MEDIUM", "HIGH", "PENDING")
DEFAULT_LOCATION = "Shop location"
ESIM = {"sku": "ESIM-EU-5GB-30D", "title": "Europe 5 GB / 30 days", "price": "19.00", "requires_shipping": False}
LINE_FIELDS = "sku quantity price requires_shipping title gift_card vendor properties custom location service"
ORDER_FIELDS = (
    "lines email first_name last_name locale currency presentment_currency presentment_rate test financial_status "
    "total shipping risk note tags source_name"
)
LINE_KEYS, ORDER_KEYS = frozenset(LINE_FIELDS.split()), frozenset(ORDER_FIELDS.split())


def build_order(shop: Shop, order_id: int, number: int, wanted: Mapping[str, Any], now_ms: int) -> Order:
    """One order, not yet paid. Raises BadControlError or ValueError when `wanted` makes no sense."""
    unknown = set(wanted) - ORDER_KEYS
    if unknown:
        raise BadControlError(f"unknown field {', '.join(sorted(unknown))}; known: {', '.join(sorted(ORDER_KEYS))}")
    currency = _currency(wanted.get("currency", shop.currency))
    order = Order(
        id=order_id,
        shop=shop.domain,
        number=number,
        currency=currency,
        created_ms=now_ms,
        updated_ms=now_ms,
        email=wanted.get("email", "lena.fischer@example.com"),
        first_name=_text(wanted, "first_name", "Lena"),
        last_name=_text(wanted, "last_name", "Fischer"),
        locale=wanted.get("locale", "de-DE"),
        presentment_currency=_currency(wanted.get("presentment_currency", currency)),
        presentment_rate=_text(wanted, "presentment_rate", "1"),
        test=bool(wanted.get("test", False)),
        note=wanted.get("note"),
        source_name=_text(wanted, "source_name", "web"),
        risk=_choice(wanted, "risk", RISKS, "NONE", str.upper),
        tags=list(wanted.get("tags", [])),
    )
    for given in wanted.get("lines") or [ESIM]:
        add_line(order, given)
    _set_total(order, wanted)
    return order


def pay_at_checkout(order: Order, wanted: Mapping[str, Any], now_ms: int) -> bool:
    """Book what `financial_status` asks for (default: paid in full). Did money settle the whole order?"""
    status = _choice(wanted, "financial_status", STATUSES, "paid", str.lower)
    if status == "authorized":
        authorize(order, now_ms)
    elif status == "paid":
        receive(order, total(order), now_ms)
    elif status == "partially_paid":
        receive(order, max(total(order) // 2, 1), now_ms)
    return status == "paid" and total(order) > 0


def add_line(order: Order, given: Mapping[str, Any]) -> Line:
    """One more line, placed on the fulfilment order it belongs to."""
    unknown = set(given) - LINE_KEYS
    if unknown:
        raise BadControlError(f"unknown line field {', '.join(sorted(unknown))}; known: {', '.join(sorted(LINE_KEYS))}")
    quantity = given.get("quantity", 1)
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
        raise BadControlError(f"quantity must be a whole number above 0, not {quantity!r}")
    sku, custom = given.get("sku"), bool(given.get("custom", False))
    title = _text(given, "title", str(sku or "Custom item"))
    key = sku or title
    line = Line(
        id=order.take_id(),
        title=title,
        quantity=quantity,
        price_minor=parse_amount(given.get("price", "19.00"), order.currency),
        sku=sku,
        variant_id=None if custom else stable_number("variant", key),
        product_id=None if custom else stable_number("product", key),
        requires_shipping=bool(given.get("requires_shipping", False)),
        gift_card=bool(given.get("gift_card", False)),
        vendor=_text(given, "vendor", "WanderSIM"),
        properties=[(str(k), str(v)) for k, v in dict(given.get("properties", {})).items()],
    )
    order.lines.append(line)
    if not line.gift_card:
        location, service = _text(given, "location", DEFAULT_LOCATION), _text(given, "service", "")
        place(order, line, quantity, location=location, service=service)
    return line


def place(order: Order, line: Line, quantity: int, *, location: str = DEFAULT_LOCATION, service: str = "") -> None:
    """Put units on an open fulfilment order: physical and digital goods apart, each location apart."""
    method = "SHIPPING" if line.requires_shipping else "NONE"
    home = next(
        (
            entry
            for entry in order.fulfilment_orders
            if (entry.method, entry.location, entry.service, entry.status) == (method, location, service, "OPEN")
        ),
        None,
    )
    if home is None:
        home = FulfilmentOrder(id=order.take_id(), method=method, location=location, service=service)
        order.fulfilment_orders.append(home)
    for entry in home.lines:
        if entry.line_id == line.id:
            entry.total += quantity
            entry.remaining += quantity
            return
    home.lines.append(FulfilmentOrderLine(order.take_id(), line.id, quantity, quantity))


def _set_total(order: Order, wanted: Mapping[str, Any]) -> None:
    physical = any(line.requires_shipping for line in order.lines)
    default = amount_text(490, order.currency) if physical else "0"
    order.shipping_minor = parse_amount(wanted.get("shipping", default), order.currency)
    if "total" in wanted:
        goal = parse_amount(wanted["total"], order.currency)
        if not 0 <= goal <= total(order):
            raise BadControlError("total must lie between 0 and the sum of the lines with shipping")
        order.discount_minor = total(order) - goal


def _currency(code: object) -> str:
    if code not in CURRENCIES:
        raise BadControlError(f"currency {code!r} is not one of {', '.join(sorted(CURRENCIES))}")
    return str(code)


def _text(given: Mapping[str, Any], name: str, default: str) -> str:
    value = given.get(name, default)
    if not isinstance(value, str):
        raise BadControlError(f"{name} must be text, not {value!r}")
    return value


def _choice(given: Mapping[str, Any], name: str, allowed: tuple[str, ...], default: str, fold: Any) -> str:
    value = fold(_text(given, name, default))
    if value not in allowed:
        raise BadControlError(f"{name} must be one of {', '.join(allowed)}")
    return str(value)
