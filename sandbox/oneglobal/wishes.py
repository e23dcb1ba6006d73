"""What an order asks for, checked before anything is written."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.kit.books import JsonObject, Row
from sandbox.kit.desk import Desk
from sandbox.oneglobal.customers import subscriber_account
from sandbox.oneglobal.hal import bad, day, inside, missing, text
from sandbox.oneglobal.offerings import MAGIC, Offering, coverage, find

MOST_ADDONS = 15
MOST_PRODUCTS = 40
LIVING = ("active", "grace", "suspended", "deactivated")
MODES = ("immediate", "first_usage", "scheduled")
HOLDS = ("porting",)


@dataclass(frozen=True, slots=True)
class Bought(Offering):
    """An offering as it was ordered. `starts`: an activation mode; `starts_at`: of a scheduled one."""

    starts: str
    starts_at: float | None


@dataclass(frozen=True, slots=True)
class Wish:
    """An order that was understood: what is bought, for which subscription ("" for a new one), and when it happens."""

    kind: str
    subscription: str
    bought: Sequence[Bought] = ()
    due_at: float | None = None
    hold: str = ""


def understood(desk: Desk, body: JsonObject) -> Wish:
    """The order behind a body. Raises RefusedError for what can not be done."""
    kind = body.get("type")
    match kind:
        case "activate_subscription":
            return _activation(desk, body)
        case "topup_subscription":
            subscription = _living(desk, body, only_active=True)
            _place(body)
            return Wish(kind, subscription["code"], _added(desk, body, subscription["code"]))
        case "change_subscription_plan":
            subscription = _living(desk, body, only_active=True)
            _place(body)
            plan = _plan(desk, inside(body, "products"))
            return Wish(kind, subscription["code"], [plan], _when(desk, body, subscription["code"]))
        case "cancel_subscription":
            subscription = _living(desk, body)
            return Wish(kind, subscription["code"], due_at=_when(desk, body, subscription["code"]))
        case "cancel_subscription_products":
            subscription = _living(desk, body)
            _check_products(desk, body, subscription["code"])
            return Wish(kind, subscription["code"], due_at=_when(desk, body, subscription["code"]))
        case "swap_subscription_sim":
            subscription = _living(desk, body)
            _check_device(body)
            return Wish(kind, subscription["code"])
    raise bad("is not a type of order that can be created", "$.type")


def _activation(desk: Desk, body: JsonObject) -> Wish:
    subscriber_account(desk, text(body, "subscriber_id"))
    _place(body)
    sim_type = inside(body, "sim_profile").get("sim_type")
    if sim_type != "esim":
        raise bad("only esim is in this contract", "$.sim_profile.sim_type")
    _check_device(body)
    hold = body.get("on_hold_condition", "")
    if hold and hold not in HOLDS:
        raise bad(f"must be one of {', '.join(HOLDS)}", "$.on_hold_condition")
    products = inside(body, "products")
    plan = _plan(desk, products)
    return Wish("activate_subscription", "", [plan, *_addons(desk, products, plan.code)], hold=hold)


def _place(body: JsonObject) -> None:
    if not re.fullmatch(r"[A-Z]{2}", text(body, "purchase_location")):
        raise bad("must be an ISO 3166-1 alpha-2 code", "$.purchase_location")


def _check_device(body: JsonObject) -> None:
    device = body.get("device")
    if device is None:
        return
    eid = device.get("uicc", {}).get("eid") if isinstance(device, dict) else None
    if not isinstance(eid, str) or not re.fullmatch(r"\d{32}", eid):
        raise bad("must be 32 digits", "$.device.uicc.eid")


def _plan(desk: Desk, products: JsonObject) -> Bought:
    pointer = "$.products.plan"
    code = text(inside(products, "plan", "$.products"), "product_offering_id", pointer)
    found = find(desk, code, f"{pointer}.product_offering_id")
    if found.kind != "plan":
        raise bad("must be a plan", f"{pointer}.product_offering_id")
    return _bought(found, "first_usage")


def _added(desk: Desk, body: JsonObject, subscription: str) -> list[Bought]:
    products = inside(body, "products")
    own = desk.books.row(
        "select offering from product where subscription = ? and kind = 'plan' order by id desc limit 1",
        (subscription,),
    )
    base = own["offering"] if own else ""
    plan = [_plan(desk, products)] if products.get("plan") is not None else []
    for one in plan:
        _fits(desk, base, one.code, "$.products.plan.product_offering_id")
    found = [*plan, *_addons(desk, products, base)]
    if not found:
        raise bad("must hold a plan or add-ons", "$.products")
    return found


def _addons(desk: Desk, products: JsonObject, base: str) -> list[Bought]:
    listed_ = products.get("addons", [])
    if not isinstance(listed_, list) or len(listed_) > MOST_ADDONS:
        raise bad(f"size must be between 1 and {MOST_ADDONS}", "$.products.addons")
    return [_addon(desk, entry, base, f"$.products.addons[{number}]") for number, entry in enumerate(listed_)]


def _addon(desk: Desk, entry: Any, base: str, pointer: str) -> Bought:
    if not isinstance(entry, dict) or entry.get("activation_mode") not in MODES:
        raise bad(f"must be one of {', '.join(MODES)}", f"{pointer}.activation_mode")
    begins = None
    if entry["activation_mode"] == "scheduled":
        begins = day(str(entry.get("start_at", ""))[:10], f"{pointer}.start_at")
    found = find(desk, text(entry, "product_offering_id", pointer), f"{pointer}.product_offering_id")
    if found.kind != "addon":
        raise bad("must be an add-on", f"{pointer}.product_offering_id")
    _fits(desk, base, found.code, f"{pointer}.product_offering_id")
    return _bought(found, entry["activation_mode"], begins)


def _bought(found: Offering, starts: str, begins: float | None = None) -> Bought:
    return Bought(**asdict(found), starts=starts, starts_at=begins)


def _fits(desk: Desk, base: str, code: str, pointer: str) -> None:
    if coverage(desk, base) != coverage(desk, code) and MAGIC not in code:
        raise bad("is not compatible with the plan of this subscription", pointer, "product_offering_not_compatible")


def _living(desk: Desk, body: JsonObject, *, only_active: bool = False) -> Row:
    code = text(body, "subscription_id")
    row = desk.books.row("select * from subscription where code = ?", (code,))
    if row is None:
        raise missing("Subscription", code)
    if row["status"] not in (("active",) if only_active else LIVING):
        raise bad(f"the subscription is {row['status']}", "$.subscription_id", "invalid_subscription_status")
    return row


def _check_products(desk: Desk, body: JsonObject, subscription: str) -> None:
    wanted = body.get("product_ids")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= MOST_PRODUCTS:
        raise bad(f"size must be between 1 and {MOST_PRODUCTS}", "$.product_ids")
    own = {row["code"] for row in desk.books.rows("select code from product where subscription = ?", (subscription,))}
    if strangers := [one for one in wanted if one not in own]:
        raise missing("Product", str(strangers[0]))


def _when(desk: Desk, body: JsonObject, subscription: str) -> float | None:
    schedule = body.get("schedule")
    if schedule is None:
        return None
    if not isinstance(schedule, dict) or schedule.get("mode") not in ("end_of_cycle", "specific_date"):
        raise bad("must be end_of_cycle or specific_date", "$.schedule.mode")
    if schedule["mode"] == "specific_date":
        at = day(schedule.get("effective_at"), "$.schedule.effective_at")
        if at <= desk.clock.timestamp():
            raise bad("must be in the future", "$.schedule.effective_at")
        return at
    running = desk.books.row(
        "select max(expires_at) as ends from product where subscription = ? and kind = 'plan' and status = 'active'",
        (subscription,),
    )
    if running is None or running["ends"] is None:
        raise bad("the plan has not started, so its cycle has no end", "$.schedule.mode")
    return float(running["ends"])
