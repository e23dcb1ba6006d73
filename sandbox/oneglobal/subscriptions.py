"""`/subscriptions`, `/sim-profiles` and `/products`: reading lines, pausing them, the way of debts, single products."""

from collections.abc import Callable
from hashlib import sha256

from sandbox.kit.books import Row
from sandbox.kit.desk import Desk
from sandbox.kit.http import Call, Reply
from sandbox.oneglobal.hal import bad, hal, listed, missing, page
from sandbox.oneglobal.views import shown_product, shown_profile, shown_subscription
from sandbox.oneglobal.work import LIVING, move, set_status, start


def list_subscriptions(desk: Desk, call: Call) -> Reply:
    """A page of lines, of one account, subscriber or status when asked."""
    rows, cursor = _filtered(desk, call, "subscription", ("account", "subscriber", "status"))
    return listed(call, "subscriptions", [shown_subscription(desk, row["code"]) for row in rows], cursor)


def show(desk: Desk, call: Call) -> Reply:
    """One line."""
    return hal(shown_subscription(desk, str(call.path_params["id"])))


def changing(source: str, target: str) -> Callable[[Desk, Call], Reply]:
    """A call that takes a line from one status to another, and refuses every other status."""

    def change(desk: Desk, call: Call) -> Reply:
        code = str(call.path_params["id"])
        row = desk.books.row("select status from subscription where code = ?", (code,))
        if row is None:
            raise missing("Subscription", code)
        if row["status"] != source:
            raise bad(f"the subscription is {row['status']}, not {source}", "$.status", "invalid_subscription_status")
        with desk.books.transaction():
            set_status(desk, code, target, desk.clock.timestamp())
        return hal(shown_subscription(desk, code))

    return change


def profile(desk: Desk, call: Call) -> Reply:
    """A profile by its id or ICCID."""
    return hal(shown_profile(_profile(desk, call)))


def secret_codes(desk: Desk, call: Call) -> Reply:
    """PIN and PUK."""
    digits = str(int(sha256(_profile(desk, call)["iccid"].encode()).hexdigest(), 16))
    return hal({"pin": digits[:4], "puk": digits[4:12]})


def _profile(desk: Desk, call: Call) -> Row:
    key = str(call.path_params["sim"])
    row = desk.books.row("select * from profile where code = ? or iccid = ?", (key, key))
    if row is None:
        raise missing("SIM profile", key)
    return row


def list_products(desk: Desk, call: Call) -> Reply:
    """A page of products, of one line, order or status when asked: this is where usage is read."""
    rows, cursor = _filtered(desk, call, "product", ("subscription", "order", "status"))
    return listed(call, "products", [shown_product(row) for row in rows], cursor)


def activate_product(desk: Desk, call: Call) -> Reply:
    """Begin now what waits for its first use."""
    row = _product(desk, call)
    if row["status"] != "pending":
        raise bad(f"the product is {row['status']}", "$.status", "invalid_product_status")
    with desk.books.transaction():
        start(desk, row, desk.clock.timestamp())
    return hal(shown_product(_product(desk, call)))


def cancel_product(desk: Desk, call: Call) -> Reply:
    """End one product."""
    row = _product(desk, call)
    if row["status"] not in LIVING:
        raise bad(f"the product is {row['status']}", "$.status", "invalid_product_status")
    with desk.books.transaction():
        move(desk, row, "canceled", desk.clock.timestamp())
    return hal(shown_product(_product(desk, call)))


def _product(desk: Desk, call: Call) -> Row:
    code = str(call.path_params["id"])
    row = desk.books.row("select * from product where code = ?", (code,))
    if row is None:
        raise missing("Product", code)
    return row


def _filtered(desk: Desk, call: Call, table: str, names: tuple[str, ...]) -> tuple[list[Row], str]:
    given = {name: call.query[name] for name in names if call.query.get(name)}
    columns = [f"{'deal' if name == 'order' else name} = ?" for name in given]
    return page(desk, call, f"select * from {table} where {' and '.join(columns) or '1'}", tuple(given.values()))
