"""Webhooks of 1GLOBAL Connect: Basic credentials and no signature; normalised (reference section 3.1)."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from simplane.core.clock import parse_time
from simplane.core.errors import Refusal
from simplane.core.telecom import clean_iccid
from simplane.suppliers.errors import BadWebhook
from simplane.suppliers.oneglobal import lines
from simplane.suppliers.values import LineStatus, SupplierEvent, Verdict

PRODUCT_MOVED = ("product.depleted", "product.expired", "product.terminated", "product.canceled")
EVENTS = (
    *(f"order.{word}" for word in ("completed", "failed", "canceled", "on_hold", "scheduled")),
    *(f"subscription.{word}" for word in lines.SERVICES),
    *(
        f"subscription.sim_profile.{word}"
        for word in ("ready_for_installation", "installed", "deleted", "country_changed")
    ),
    "product.active",
    *PRODUCT_MOVED,
    "product.throttling.applied",
    "product.throttling.lifted",
    "balance.threshold.exceeded",
)
"""What we ask to be told of."""
_PROFILES: Mapping[str, str] = MappingProxyType(
    {f"subscription.sim_profile.{word}": ours for word, ours in lines.PROFILES.items()}
)


class Credentials:
    """The Basic credentials we gave them; a password that was replaced counts for a while."""

    def __init__(self, credentials: Mapping[str, Any]) -> None:
        self._user = str(credentials.get("webhook_user") or "")
        self._password = str(credentials.get("webhook_password") or "")
        older = credentials.get("previous_webhook_passwords") or ()
        passwords = [one for one in (self._password, *map(str, older)) if one]
        self._known = [f"{self._user}:{one}".encode() for one in passwords]

    def verify(self, headers: Mapping[str, str]) -> Verdict:
        """Never more than a hint: the credentials say who sends, nothing says that the body is as it was written."""
        if not self._known:
            return Verdict(kind="refused", reason="no webhook credentials are set for this account")
        given = _basic(headers.get("authorization", ""))
        right = [hmac.compare_digest(given, known) for known in self._known]
        return Verdict(kind="hint", reason="unsigned") if any(right) else Verdict(kind="refused", reason="credentials")

    def put_into(self, url: str) -> str:
        """The address with the credentials in it: how else they are given by API is not published."""
        if not self._known:
            return url
        parts = urlsplit(url)
        who = f"{quote(self._user, safe='')}:{quote(self._password, safe='')}"
        return parts._replace(netloc=f"{who}@{parts.netloc}").geturl()


def _basic(header: str) -> bytes:
    scheme, _, given = header.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(given.strip(), validate=True)
    except (ValueError, binascii.Error):
        return b""


def parse(raw: bytes) -> Sequence[SupplierEvent]:
    """The one event of a webhook. Raises BadWebhook."""
    try:
        body = msgspec.json.decode(raw)
        if not isinstance(body, dict):
            raise BadWebhook("not an object")
        return [_event(body)]
    except (Refusal, ValueError, TypeError, AttributeError, RecursionError) as problem:
        raise BadWebhook(f"an event that can not be read: {problem}"[:300]) from problem


def _event(body: dict[str, Any]) -> SupplierEvent:
    key, topic, data = body.get("id"), body.get("type"), body.get("data") or {}
    if not (isinstance(key, str) and key and isinstance(topic, str) and topic):
        raise BadWebhook("an event without id or type")
    written = body.get("created_at")
    iccid = _text(data, "sim_profile", "iccid")
    event = SupplierEvent(
        kind="other",
        dedupe_key=key,
        at=parse_time(written) if isinstance(written, str) and written else None,
        topic=topic,
        order_id=_text(data, "order", "id"),
        line_id=_text(data, "subscription", "id"),
        iccid=clean_iccid(iccid) if iccid else "",
        raw=body,
    )
    return _understood(event, topic, data)


def _understood(event: SupplierEvent, topic: str, data: dict[str, Any]) -> SupplierEvent:
    if topic.startswith("order.") and event.order_id:
        return replace(event, kind="order")
    if not event.line_id and not event.iccid:
        return event
    if topic == "subscription.sim_profile.country_changed":
        return replace(event, kind="line", moment="country", country=_country(data))
    if topic in _PROFILES:
        return _of_line(event, installed=topic.endswith(".installed"), profile=_PROFILES[topic])
    if (service := lines.SERVICES.get(topic.removeprefix("subscription."))) and topic.startswith("subscription."):
        return _of_line(event, service=service)
    if topic == "product.active":
        return _of_line(event, plan="active")
    if topic in PRODUCT_MOVED:
        # Of one product; the line may have others, so it has to be read.
        return replace(event, kind="line", confirm=True)
    if topic == "balance.threshold.exceeded":
        return replace(event, kind="usage", confirm=True)
    return event


def _of_line(
    event: SupplierEvent, *, installed: bool = False, profile: str = "", plan: str = "", service: str = ""
) -> SupplierEvent:
    if event.at is None:
        # Nobody knows whether it is newer than what we hold.
        return replace(event, kind="line", confirm=True)
    status = LineStatus(at=event.at, profile=profile or None, plan=plan or None, service=service or None)
    return replace(event, kind="line", status=status, moment="installed" if installed else "")


def _country(data: dict[str, Any]) -> str:
    """Where it stands is not published: at the top or with the profile, bare or as an object with a code."""
    for place in (data, data.get("sim_profile") or {}):
        found = place.get("country")
        code = found.get("code") if isinstance(found, dict) else found
        if isinstance(code, str) and len(code) == 2:
            return code.upper()
    return ""


def _text(data: dict[str, Any], *names: str) -> str:
    found: Any = data
    for name in names:
        found = (found or {}).get(name)
    return found if isinstance(found, str) else ""
