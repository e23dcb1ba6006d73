"""Personal data: what a shop asks us to show or to erase. Amounts and ids stay, for the books must.

https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from simplane.channels.shops import ShopRef
from simplane.core import audit, deadletters
from simplane.core.db import needs_transaction, transaction
from simplane.core.models import DeadLetter, InboxMessage
from simplane.ordering import actions as ordering
from simplane.ordering.models import Order

DAYS_TO_ANSWER = 30
BATCH = 200
_PERSON = {"email", "contact_email", "customer_email", "phone", "first_name", "last_name", "shop_owner", "company"}
_PLACE = {"address1", "address2", "city", "zip", "latitude", "longitude", "browser_ip", "client_details"}
_ADDRESSES = {"billing_address", "shipping_address", "default_address"}
_FREE_TEXT = {"note", "note_attributes", "properties", "payment_details", "receipt", "landing_site", "referring_site"}
_KEYS = {"order_status_url", "token", "checkout_token", "cart_token"}
PERSONAL = frozenset(_PERSON | _PLACE | _ADDRESSES | _FREE_TEXT | _KEYS)
"""Fields of any body whose values are erased, wherever they stand."""
ERASED = "erased on request"
ENDS_OF_A_NUMBER = (",", "}", "]", " ", "\r", "\n")
"""What follows a number in JSON: without it the mark of order 12 would also stand in a message about order 123."""


def ask_a_person(shop: ShopRef, email: str, external_ids: Iterable[str], *, request: str, received: datetime) -> None:
    """customers/data_request: the merchant must be told what we hold; a person does that within 30 days."""
    due = received + timedelta(days=DAYS_TO_ANSWER)
    wanted = list(external_ids)
    with transaction():
        deadletters.open_letter(
            "privacy",
            f"{shop.key}:{request or 'request'}"[:64],
            cause="privacy_data_request",
            summary=f"{shop.key}: a buyer asks for their data ({len(wanted)} orders); answer by {due:%Y-%m-%d}",
            detail={"shop": shop.pk, "email": email, "orders": wanted, "due": due.isoformat()},
        )


def open_orders(shop: ShopRef, email: str = "") -> list[str]:
    """Names of this person's (or everybody's) orders at the shop that are still being served: erasing now would lose
    their eSIM. Orders at other shops do not matter: there the person stays known.
    """
    unfinished = Order.objects.filter(account=shop.key, book="retail", state__in=[Order.State.OPEN, Order.State.HELD])
    theirs = unfinished.filter(customer__email=email) if email else unfinished.filter(customer__redacted_at=None)
    return list(theirs.order_by("pk").values_list("name", flat=True))


def redact_customer(shop: ShopRef, email: str, external_ids: Iterable[str], *, asked_in: int) -> int:
    """Erase a person here and in every stored message of theirs. Returns how many messages were redacted.

    `asked_in`: the message that asked, redacted last, so that a repeat after a crash still knows whom to erase.
    """
    found = ordering.redact_customer(shop.organization_id, email, account=shop.key) if email else 0
    marks = _marks(email, external_ids)
    redacted = _redact_messages(shop.key, marks, but=asked_in) if marks else 0
    with transaction():
        own = InboxMessage.objects.select_for_update().get(pk=asked_in)
        own.body = redacted_body(bytes(own.body))
        own.save(update_fields=["body"])
        _forget_in_letters(shop, email)
        audit.note("customer.messages_redacted", "shop", shop.key, after={"customers": found, "messages": redacted})
    return redacted


def redact_shop(shop: ShopRef) -> int:
    """Erase everybody who bought at a shop, 48 hours after its app was removed. Returns how many people."""
    buyers = _buyers(shop)
    people = sum(ordering.redact_customer(shop.organization_id, email, account=shop.key) for email in buyers)
    redacted = _redact_messages(shop.key, [b""], but=0)
    with transaction():
        _forget_in_letters(shop)
        audit.note("shop.redacted", "shop", shop.key, after={"customers": people, "messages": redacted})
    return people


@needs_transaction
def _forget_in_letters(shop: ShopRef, email: str = "") -> None:
    """Take this person's (or everybody's) address out of the letters that asked for their data."""
    letters = DeadLetter.objects.select_for_update().filter(kind="privacy", detail__shop=shop.pk)
    for letter in letters.filter(detail__email__iexact=email) if email else letters:
        letter.detail = letter.detail | {"email": ERASED}
        letter.save(update_fields=["detail"])


def _buyers(shop: ShopRef) -> list[str]:
    rows = Order.objects.filter(account=shop.key, book="retail", customer__redacted_at__isnull=True)
    return list(rows.order_by().values_list("customer__email", flat=True).distinct())


def _marks(email: str, external_ids: Iterable[str]) -> list[bytes]:
    """Byte sequences, one of which stands in every message about this person."""
    mails = {f'"{email}"', f'"{email.lower()}"'} if email else set()
    orders = [f":{blank}{one}{end}" for one in external_ids for blank in ("", " ") for end in ENDS_OF_A_NUMBER]
    return [mark.encode() for mark in [*mails, *orders]]


def _redact_messages(account: str, marks: list[bytes], *, but: int) -> int:
    """Overwrite the bodies that hold one of the marks with redacted copies, a batch a transaction."""
    total, last = 0, 0
    while True:
        with transaction():
            rows = _batch(account, marks, but, last)
            for message_id, body in rows:
                InboxMessage.objects.filter(pk=message_id).update(body=redacted_body(bytes(body)))
        if not rows:
            return total
        total, last = total + len(rows), rows[-1][0]


def _batch(account: str, marks: list[bytes], but: int, after: int) -> list[tuple[int, bytes]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, body FROM core_inboxmessage WHERE channel = 'shopify' AND account = %s AND id > %s AND id <> %s"
            " AND EXISTS (SELECT FROM unnest(%s::bytea[]) AS mark WHERE position(mark IN body) > 0)"
            " ORDER BY id LIMIT %s FOR UPDATE",
            [account, after, but, marks, BATCH],
        )
        return list(cursor.fetchall())


def redacted_body(raw: bytes) -> bytes:
    """The same JSON without personal values; a body that is no JSON is erased whole. Redacting twice changes nothing."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return json.dumps({"redacted": ERASED}).encode()
    return json.dumps(_redacted(found), ensure_ascii=False, separators=(",", ":")).encode()


def _redacted(value: Any) -> Any:
    if isinstance(value, Mapping):
        person = "first_name" in value or "address1" in value
        return {key: _value(key, one, person=person) for key, one in value.items()}
    return [_redacted(one) for one in value] if isinstance(value, list) else value


def _value(key: str, value: Any, *, person: bool) -> Any:
    if key in PERSONAL or (person and key == "name"):
        return None
    return _redacted(value)
