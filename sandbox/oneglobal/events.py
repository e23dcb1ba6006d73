"""What the vendor tells the webhook: `{id, type, created_at, data}` with Basic credentials and no signature."""

import base64
import json
import random
from urllib.parse import unquote, urlsplit

from sandbox.kit.books import JsonObject, Row
from sandbox.kit.desk import Desk
from sandbox.kit.http import Call, Reply, dump
from sandbox.oneglobal import ids
from sandbox.oneglobal.hal import bad, hal, self_link, sent, stamp, text

RETRIES = (60.0, 300.0, 1800.0)
"""Seconds. Their policy is not published."""
URL_SETTING = "webhook_url"

_dice = random.Random(20260101)


def tell(desk: Desk, kind: str, data: JsonObject, at: float, *, delay: float = 0, repeat: int = 1) -> None:
    """Queue one event (`repeat` times with the same id); part of the caller's transaction.

    The webhook settings may lose, double, delay or shuffle it.
    """
    url = desk.settings.text(URL_SETTING)
    if not url or _strikes(desk, "webhook_lost_percent"):
        return
    body = dump({"id": ids.fresh("evt_", at), "type": kind, "created_at": stamp(at), "data": data})
    for _ in range(repeat + (1 if _strikes(desk, "webhook_duplicate_percent") else 0)):
        desk.sender.enqueue(
            url, body, _headers(desk), delay_seconds=delay + _lateness(desk), schedule=RETRIES, label=kind
        )


def of_order(deal: Row, state: str) -> JsonObject:
    """Data of order.*."""
    data: JsonObject = {"order": {"id": deal["code"], "status": state, "type": deal["type"]}}
    if deal["subscription"] and state not in ("failed", "canceled"):
        data["subscription"] = {"id": deal["subscription"]}
    return data


def of_subscription(code: str, status: str) -> JsonObject:
    """Data of subscription.*."""
    return {"subscription": {"id": code, "status": status}}


def of_profile(code: str, status: str, iccid: str, profile_status: str) -> JsonObject:
    """Data of subscription.sim_profile.*."""
    return of_subscription(code, status) | {"sim_profile": {"iccid": iccid, "profile_status": profile_status}}


def of_product(product: str, status: str, subscription: str) -> JsonObject:
    """Data of product.*."""
    return {"product": {"id": product, "status": status}, "subscription": {"id": subscription}}


def of_threshold(product: str, subscription: str) -> JsonObject:
    """Data of balance.threshold.exceeded."""
    return {
        "threshold": {"allowance_type": "data", "percentage": 80},
        "product": {"id": product},
        "subscription": {"id": subscription},
    }


def register(desk: Desk, call: Call) -> Reply:
    """Take an address. Credentials in it become the Basic ones; how else they are given is not published."""
    body = sent(call)
    url, wanted = text(body, "url", most=500), body.get("events", [])
    if not url.startswith(("http://", "https://")):
        raise bad("must be an http or https address", "$.url")
    if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted):
        raise bad("must be a list of event types", "$.events")
    parts = urlsplit(url)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    settings = {URL_SETTING: bare}
    if parts.username is not None:
        settings |= {"webhook_user": unquote(parts.username), "webhook_password": unquote(parts.password or "")}
    desk.settings.update(settings)
    code = ids.fresh("wh_", desk.clock.timestamp())
    desk.books.execute("insert into webhook (code, url, events) values (?,?,?)", (code, bare, json.dumps(wanted)))
    return hal({"id": code, "url": bare, "events": wanted, "_links": self_link(f"/webhooks/{code}")}, 201)


def registered(desk: Desk, call: Call) -> Reply:
    """Every address taken."""
    del call
    rows = desk.books.rows("select * from webhook order by id")
    shown = [{"id": row["code"], "url": row["url"], "events": json.loads(row["events"])} for row in rows]
    return hal({"_embedded": {"webhooks": shown}, "_links": self_link("/webhooks")})


def _headers(desk: Desk) -> dict[str, str]:
    headers = {"content-type": "application/json"}
    user, password = desk.settings.text("webhook_user"), desk.settings.text("webhook_password")
    if user:
        headers["authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    return headers


def _strikes(desk: Desk, setting: str) -> bool:
    percent = desk.settings.number(setting)
    return percent > 0 and _dice.random() * 100 < percent


def _lateness(desk: Desk) -> float:
    jitter = desk.settings.number("webhook_jitter_ms")
    return (desk.settings.number("webhook_delay_ms") + (_dice.random() * jitter if jitter else 0.0)) / 1000
