"""Webhooks as they came, what became of them, and working on them once more."""

from __future__ import annotations

import json

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from simplane.console.shell import page
from simplane.core import audit
from simplane.core import inbox as core_inbox
from simplane.core.db import transaction
from simplane.core.models import InboxMessage
from simplane.ordering.models import Order
from simplane.ui.outcomes import back
from simplane.ui.paging import page_of

MOST_SHOWN = 200_000
_SECRET_HEADERS = ("authorization", "cookie", "rt-signature", "x-shopify-hmac-sha256")


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """All webhooks, newest first."""
    found = page_of(_filtered(request.GET).defer("body", "headers"), request.GET, by="received_at")
    keys = {one.order_id for one in found.rows if one.order_id}
    orders = Order.objects.only("public_id", "name").in_bulk(keys) if keys else {}
    return page(
        request,
        "inbox",
        "inbox",
        {
            "page": found,
            "rows": [(one, orders.get(one.order_id) if one.order_id else None) for one in found.rows],
            "states": InboxMessage.State.choices,
        },
    )


def _filtered(query: QueryDict) -> QuerySet[InboxMessage]:
    found = InboxMessage.objects.all()
    if query.get("state") in InboxMessage.State.values:
        found = found.filter(state=query["state"])
    for name, field in (
        ("channel", "channel"),
        ("account", "account"),
        ("topic", "topic"),
        ("delivery", "delivery_id"),
    ):
        wanted = query.get(name, "").strip()
        if wanted:
            found = found.filter(**{field: wanted})
    return found


@require_safe
def message(request: HttpRequest, pk: int) -> HttpResponse:
    """One webhook with its headers and body."""
    found = get_object_or_404(InboxMessage, pk=pk)
    body = bytes(found.body)
    return page(
        request,
        "message",
        "inbox",
        {
            "message": found,
            "order": Order.objects.filter(pk=found.order_id).first() if found.order_id else None,
            "headers": sorted(_safe_headers(found.headers).items()),
            "body": readable(body),
            "size": len(body),
            "cut": len(body) > MOST_SHOWN,
        },
    )


def _safe_headers(headers: dict[str, str]) -> dict[str, str]:
    return {name: "…" if name.lower() in _SECRET_HEADERS else value for name, value in headers.items()}


def readable(body: bytes) -> str:
    """A body for reading: JSON indented, other text as it is, the rest with its unreadable bytes marked."""
    text = body[:MOST_SHOWN].decode("utf-8", "backslashreplace")
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)[:MOST_SHOWN]
    except (ValueError, RecursionError):
        return text


@require_POST
def replay(request: HttpRequest) -> HttpResponse:
    """Work on the ticked messages once more."""
    keys = [int(key) for key in request.POST.getlist("message") if key.isdecimal()]
    found = list(InboxMessage.objects.filter(pk__in=keys).values_list("pk", flat=True))
    for key in found:
        core_inbox.replay(key)
        with transaction():
            audit.note("message.replayed", "inbox", key)
    if found:
        messages.success(request, f"{len(found)} webhook{'s are' if len(found) > 1 else ' is'} worked on once more.")
    else:
        messages.warning(request, "No webhook was selected.")
    if len(found) == 1 and not request.POST.get("next"):
        return redirect("console:message", found[0])
    return back(request, reverse("console:inbox"))
