"""The page a person looks at: shops, their orders, and a form to buy something."""

from html import escape
from pathlib import Path
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.books import JsonObject
from sandbox.kit.control import BadControlError
from sandbox.shopify.model import Line, Order
from sandbox.shopify.money import amount_text
from sandbox.shopify.office import Office
from sandbox.shopify.report import delivery_states
from sandbox.shopify.stamps import utc
from sandbox.shopify.store import Shop
from sandbox.shopify.totals import financial_status, fulfilment_status, total

STYLE = Path(__file__).with_name("static") / "style.css"
PER_PAGE = 50
GOOD, BAD = {"PAID", "FULFILLED"}, {"REFUNDED", "VOIDED", "ON_HOLD", "CANCELLED"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'"
}


class Page:
    """Plain HTML without scripts."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[BaseRoute]:
        """The page, its form and its style."""
        return [
            Route("/", self.show, methods=["GET"]),
            Route("/", self.buy, methods=["POST"]),
            Route("/style.css", self.style, methods=["GET"]),
        ]

    async def style(self, request: Request) -> Response:
        """The style sheet."""
        del request
        return Response(STYLE.read_bytes(), media_type="text/css")

    async def show(self, request: Request) -> Response:
        """Orders of one shop, newest first."""
        shops = self._office.store.shops()
        wanted = request.query_params.get("shop")
        shop = next((entry for entry in shops if entry.domain == wanted), shops[0])
        number = request.query_params.get("page", "1")
        page = max(int(number), 1) if number.isdigit() else 1
        return HTMLResponse(self._html(shops, shop, page, request.query_params.get("note", "")), headers=HEADERS)

    async def buy(self, request: Request) -> Response:
        """One order from the form."""
        given = dict(parse_qsl((await request.body()).decode(errors="replace")))
        shop = self._office.store.shop(given.get("shop", ""))
        if shop is None:
            return HTMLResponse("No such shop", 404)
        try:
            with self._office.store.books.transaction():
                order = self._office.sell(shop, _from_form(given), 1, {})[0]
        except (BadControlError, ValueError) as problem:
            return RedirectResponse(f"/?shop={quote(shop.domain)}&note={quote(str(problem))}", 303)
        return RedirectResponse(f"/?shop={quote(shop.domain)}&note={quote(order.name + ' placed')}", 303)

    def _html(self, shops: list[Shop], shop: Shop, page: int, note: str) -> str:
        books = self._office.store.books
        count = books.number("select count(*) from shopify_order where shop = ?", (shop.domain,))
        start = (page - 1) * PER_PAGE
        orders = self._office.store.orders("shop = ? order by id desc limit ? offset ?", (shop.domain, PER_PAGE, start))
        parts = [
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shopify stand-in</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<link rel="stylesheet" href="/style.css"></head><body><header><h1>Shopify stand-in</h1>',
            f"<nav>{''.join(_tab(entry, entry.domain == shop.domain) for entry in shops)}</nav></header><main>",
            f'<p class="note" role="status">{escape(note)}</p>' if note else "",
            self._facts(shop, count),
            _form(shop),
            _table(orders) if orders else '<p class="empty">No orders yet. Place one with the form above.</p>',
            _pager(shop, page, start + PER_PAGE < count),
            "</main></body></html>",
        ]
        return "".join(parts)

    def _facts(self, shop: Shop, count: int) -> str:
        states = delivery_states(self._office.store, shop.domain)
        listeners = len(self._office.webhooks.subscriptions(shop.domain))
        facts: JsonObject = {
            "Orders": count,
            "Webhooks sent": states["sent"],
            "Waiting": states["due"],
            "Given up": states["failed"],
            "Subscriptions": listeners,
            "App": "installed" if shop.installed else "uninstalled",
            "Webhook address": shop.webhook_url or "none",
        }
        rows = (f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>" for name, value in facts.items())
        return f'<dl class="facts">{"".join(rows)}</dl>'


def _from_form(given: dict[str, str]) -> JsonObject:
    quantity = given.get("quantity", "1")
    line = {
        "sku": given.get("sku", ""),
        "title": given.get("title", "") or given.get("sku", ""),
        "price": given.get("price", "19.00"),
        "quantity": int(quantity) if quantity.isdigit() else quantity,
    }
    return {"lines": [line], "email": given.get("email") or None, "locale": given.get("locale", "en")}


def _tab(shop: Shop, chosen: bool) -> str:
    mark = ' aria-current="page"' if chosen else ""
    return f'<a href="/?shop={quote(shop.domain)}"{mark}>{escape(shop.domain)}</a>'


def _form(shop: Shop) -> str:
    fields = (
        ("sku", "SKU", "text", "ESIM-EU-5GB-30D"),
        ("title", "Title", "text", "Europe 5 GB / 30 days"),
        ("price", f"Price ({shop.currency})", "text", "19.00"),
        ("quantity", "Quantity", "number", "1"),
        ("email", "Buyer's e-mail", "email", "lena.fischer@example.com"),
        ("locale", "Language", "text", "en"),
    )
    inputs = "".join(
        f'<label>{label}<input name="{name}" type="{kind}" value="{escape(value)}" required></label>'
        for name, label, kind, value in fields
    )
    hidden = f'<input type="hidden" name="shop" value="{escape(shop.domain)}">'
    return (
        f'<details class="buy"><summary>Place an order</summary><form method="post" action="/">{hidden}{inputs}'
        "<button>Pay and place order</button></form></details>"
    )


def _table(orders: list[Order]) -> str:
    head = "".join(
        f'<th scope="col"{mark}>{name}</th>'
        for name, mark in (
            ("Order", ""),
            ("Placed (UTC)", ""),
            ("Buyer", ""),
            ("Items", ""),
            ("Total", ' class="right"'),
            ("Payment", ""),
            ("Fulfilment", ""),
            ("Tracking", ""),
        )
    )
    rows = "".join(map(_row, orders))
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(order: Order) -> str:
    items = "<br>".join(f"{_units(line)} × {escape(line.sku or line.title)}" for line in order.lines)
    paid = "CANCELLED" if order.cancelled_ms else financial_status(order)
    amount = f"{amount_text(total(order), order.currency)} {order.currency}"
    links = "<br>".join(
        f'<a href="{escape(entry.url)}" rel="noreferrer">{escape(entry.tracking_number or "link")}</a>'
        for entry in order.fulfilments
        if entry.url and entry.url.startswith(("http://", "https://"))
    )
    return (
        f'<tr><td class="strong">{escape(order.name)}</td>'
        f"<td>{utc(order.created_ms)[:-1].replace('T', ' ')}</td><td>{escape(order.email or '–')}</td>"
        f'<td>{items}</td><td class="right">{amount}</td><td>{_badge(paid)}</td>'
        f"<td>{_badge(fulfilment_status(order))}</td><td>{links or '–'}</td></tr>"
    )


def _units(line: Line) -> str:
    return str(line.quantity) if line.current == line.quantity else f"{line.current} of {line.quantity}"


def _badge(status: str) -> str:
    kind = "good" if status in GOOD else "bad" if status in BAD else "plain"
    return f'<span class="badge {kind}">{status.replace("_", " ").capitalize()}</span>'


def _pager(shop: Shop, page: int, more: bool) -> str:
    base = f"/?shop={quote(shop.domain)}&amp;page="
    newer = f'<a href="{base}{page - 1}">Newer</a>' if page > 1 else ""
    older = f'<a href="{base}{page + 1}">Older</a>' if more else ""
    return f'<p class="pager">{newer}{older}</p>' if newer or older else ""
