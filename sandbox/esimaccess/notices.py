"""What the vendor tells the webhook: unsigned JSON with a notifyId, posted once."""

import random
import uuid

from sandbox.esimaccess.moments import event_time
from sandbox.kit.books import JsonObject
from sandbox.kit.desk import Desk
from sandbox.kit.http import dump

URL_SETTING = "webhook_url"
HEADERS = {"content-type": "application/json"}

_dice = random.Random(20260101)


def notice(kind: str, content: JsonObject, at: float) -> JsonObject:
    """The envelope of every notification."""
    return {
        "notifyType": kind,
        "notifyId": uuid.uuid4().hex,
        "eventGenerateTime": event_time(at),
        "content": content,
    }


def notify(desk: Desk, kind: str, content: JsonObject, at: float, *, delay: float = 0, repeat: int = 1) -> bool:
    """Queue one notification (`repeat` times with the same notifyId); part of the caller's transaction.

    The webhook settings may lose, double, delay or shuffle it. False when nobody registered a webhook.
    """
    url = desk.settings.text(URL_SETTING)
    if not url:
        return False
    if _strikes(desk, "webhook_lost_percent"):
        return True
    body = dump(notice(kind, content, at))
    copies = repeat + (1 if _strikes(desk, "webhook_duplicate_percent") else 0)
    for _ in range(copies):
        desk.sender.enqueue(url, body, HEADERS, delay_seconds=delay + _lateness(desk), label=kind)
    return True


def order_ready(desk: Desk, number: str, transaction_id: str, ready_at: float) -> None:
    """ORDER_STATUS, sent when the profiles are there. It names no ICCID: the receiver has to ask."""
    content = {"orderNo": number, "orderStatus": "GOT_RESOURCE", "transactionId": transaction_id}
    notify(desk, "ORDER_STATUS", content, ready_at, delay=max(0.0, ready_at - desk.clock.timestamp()))


def check_health(at: float) -> bytes:
    """What `/webhook/save` sends to try the address."""
    return dump(notice("CHECK_HEALTH", {"orderNo": "1234567890", "orderStatus": "Test"}, at))


def _strikes(desk: Desk, setting: str) -> bool:
    percent = desk.settings.number(setting)
    return percent > 0 and _dice.random() * 100 < percent


def _lateness(desk: Desk) -> float:
    jitter = desk.settings.number("webhook_jitter_ms")
    spread = _dice.random() * jitter if jitter else 0.0
    return (desk.settings.number("webhook_delay_ms") + spread) / 1000
