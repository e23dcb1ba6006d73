"""`simplane demo-order`: one paid order from the shop to a phone, each step proved from outside.

With `simplane run` going, its environment is used; else one is brought up for it. The QR code is read from the picture
in the mail by a reader that has nothing to do with the one that drew it, and the shop's own books say what it was told.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import re
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from simplane.ops.database import ensure_database, state_dir
from simplane.ops.scratch import Failed, report, say, scratch_stage
from simplane.ops.stage import DEMO_SHOP, Ports, Stage, call

T = TypeVar("T")
DEFAULT_SKU = "ESIM-EU-5GB-30D"
ANSWER_SECONDS = 15.0
"""A process that was just started reads its pages' code at the first one."""
LOOK_EVERY_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Here:
    """What our own records say of a delivered order."""

    receipt_ids: list[int]
    suppliers: list[str]
    codes: list[str]


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail with an eSIM: its number at the catcher, the text in its QR code, the install page it links to."""

    id: int
    qr_text: str
    install_url: str


def main(argv: list[str]) -> int:
    """Exit code 0 when the eSIM was delivered, its code could be read, its page opens and the shop knows."""
    parser = argparse.ArgumentParser(prog="simplane demo-order", description=__doc__)
    parser.add_argument("--sku", default=DEFAULT_SKU, help="what is bought")
    parser.add_argument("--quantity", type=int, default=1)
    parser.add_argument("--locale", default="en-GB", help="language of the buyer, such as de-DE")
    parser.add_argument("--seconds", type=float, default=90.0, help="most time until the mail is there")
    parser.add_argument("--own", action="store_true", help="bring up an environment even if `simplane run` is going")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    return report("demo-order", lambda: _demo(options), as_json=options.json, told=_told)


def _demo(options: argparse.Namespace) -> dict[str, Any]:
    with _environment(own=options.own) as stage:
        os.environ.update(stage.env())
        import django

        django.setup()
        return _order(stage, options)


@contextmanager
def _environment(*, own: bool) -> Iterator[Stage]:
    """What `simplane run` has started, or one of our own."""
    running = Stage(state_dir(), os.environ.get("DATABASE_URL", ""), Ports.noted(state_dir()))
    if not own and _answers(f"{running.url('web')}/healthz") and _answers(f"{running.url('shopify')}/_control/health"):
        say("using the environment of `simplane run`")
        ensure_database()
        running.database_url = os.environ["DATABASE_URL"]
        yield running
        return
    say("bringing up an environment for this order")
    with scratch_stage("demo-order") as stage:
        stage.start_stand_ins()
        stage.prepare()
        stage.start_worker()
        stage.start_web()
        yield stage


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:  # noqa: S310  loopback
            return int(answer.status) == 200
    except OSError:
        return False


def _order(stage: Stage, options: argparse.Namespace) -> dict[str, Any]:
    email = f"demo+{uuid.uuid4().hex[:10]}@traveller.example"
    wanted = {"email": email, "locale": options.locale, "lines": [{"sku": options.sku, "quantity": options.quantity}]}
    started = time.monotonic()
    sold = stage.control("shopify", f"shops/{DEMO_SHOP}/orders", wanted)["orders"][0]
    say(f"{sold['name']} is paid at the shop: {options.quantity} x {options.sku} for {email}")
    until = started + options.seconds
    here = _wait("the order to be delivered", until, lambda: _delivered(sold["id"]), lambda: _state(sold["id"]))
    seconds = time.monotonic() - started
    say(f"delivered after {seconds:.2f} s by {', '.join(sorted(set(here.suppliers)))}")
    mails = _mails(stage, email, options.quantity, until)
    told = _wait("the shop to be told", until, lambda: _fulfilled(stage, sold["id"]), lambda: "not fulfilled")
    say("the shop shows it as fulfilled")
    pages = all(_answers(mail.install_url) for mail in mails) and all(_answers(url) for url in told)
    codes = [mail.qr_text for mail in mails]
    return {
        "ok": pages and sorted(codes) == sorted(here.codes),
        "state": "delivered",
        "seconds": round(seconds, 2),
        "order": sold["name"],
        "qr_text": codes[0],
        "qr_texts": codes,
        "receipt_id": here.receipt_ids[0],
        "supplier": here.suppliers[0],
        "shop_fulfilled": True,
        "tracking_url": told[0],
        "install_url": mails[0].install_url,
        "pages_open": pages,
        "mail_id": mails[0].id,
        "mail_url": f"{stage.url('mail')}/",
    }


def _wait(what: str, until: float, look: Callable[[], T | None], state: Callable[[], str]) -> T:
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() > until:
            raise Failed(f"waited in vain for {what}: {state()}")
        time.sleep(LOOK_EVERY_SECONDS)


def _delivered(external_id: int) -> Here | None:
    from simplane.lines.queries import activation_code
    from simplane.ordering.models import Order, Unit

    order = Order.objects.filter(book="retail", external_id=str(external_id), state=Order.State.DONE).first()
    if order is None:
        return None
    units = list(Unit.objects.filter(order=order).select_related("purchase__supplier", "line").order_by("pk"))
    if any(unit.state != Unit.State.DELIVERED or unit.line is None or unit.purchase is None for unit in units):
        return None
    return Here(
        receipt_ids=[unit.receipt_id or 0 for unit in units],
        suppliers=[unit.purchase.supplier.code for unit in units if unit.purchase],
        codes=[str(activation_code(unit.line)) for unit in units if unit.line],
    )


def _state(external_id: int) -> str:
    from simplane.core.models import DeadLetter
    from simplane.ordering.models import Order, Unit

    order = Order.objects.filter(book="retail", external_id=str(external_id)).first()
    if order is None:
        return "the order has not arrived (is the web process reachable for the shop, the worker running?)"
    states = list(Unit.objects.filter(order=order).values_list("state", flat=True))
    letters = list(DeadLetter.objects.filter(order_id=order.pk, resolved_at=None).values_list("summary", flat=True))
    return f"order {order.state}, units {states}, dead letters {letters}"


def _mails(stage: Stage, email: str, count: int, until: float) -> list[Mail]:
    """The buyer's mails with an eSIM; one that says it takes longer may have come before."""
    address = f"{stage.url('mail')}/api/messages?{urlencode({'to': email})}"

    def all_there() -> list[Mail] | None:
        numbers = [int(one["id"]) for one in call(address, method="GET")["messages"]]
        found = [mail for mail in (_open(stage, number) for number in numbers) if mail is not None]
        return found if len(found) >= count else None

    return _wait("the mail", until, all_there, lambda: f"fewer than {count} for {email} at {stage.url('mail')}")


def _open(stage: Stage, number: int) -> Mail | None:
    """A mail with its QR code; None when it has none. Raises Failed when it has one and no link."""
    parts = call(f"{stage.url('mail')}/api/messages/{number}", method="GET")["parts"]
    picture = next(
        (one for one in parts if one["disposition"] == "attachment" and one["filename"].endswith(".png")), None
    )
    if picture is None:
        return None
    plain = next((one["text"] for one in parts if one["content_type"] == "text/plain"), "")
    link = re.search(rf"{re.escape(stage.env()['SIMPLANE_BASE_URL'])}/e/[\w-]+", plain)
    if link is None:
        raise Failed(f"mail {number} has no link to the install page")
    return Mail(number, read_qr(base64.b64decode(picture["content"])), link[0])


def read_qr(png: bytes) -> str:
    """The text in the QR code of a picture, by the reader zxing-cpp. Raises Failed when there is none to be read."""
    try:
        import zxingcpp
        from PIL import Image
    except ImportError as missing:
        raise Failed(f"{missing.name} is not installed: run `make setup`") from missing
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))
    if len(found) != 1:
        raise Failed(f"{len(found)} codes can be read from the picture in the mail, 1 was expected")
    return str(found[0].text)


def _fulfilled(stage: Stage, external_id: int) -> list[str] | None:
    """Our links in the shop's fulfilments, once the whole order is fulfilled."""
    path = f"shops/{DEMO_SHOP}/orders/{external_id}"
    order = stage.control("shopify", path, method="GET")
    urls = [one["url"] for one in order["fulfillments"] if str(one["url"]).startswith(stage.env()["SIMPLANE_BASE_URL"])]
    return urls if urls and order["fulfillment_status"] == "FULFILLED" else None


def _told(result: dict[str, Any]) -> str:
    return (
        f"{result['order']} {result['state']} in {result['seconds']} s by {result['supplier']}"
        f" (routing receipt {result['receipt_id']})\n"
        f"  QR code    {result['qr_text']}\n"
        f"  install    {result['install_url']}\n"
        f"  shop       fulfilled, tracking {result['tracking_url']}\n"
        f"  mail       number {result['mail_id']} at {result['mail_url']}"
        + ("" if result["ok"] else "\nFAILED: a page does not open, or the QR code is not the eSIM that was bought")
    )
