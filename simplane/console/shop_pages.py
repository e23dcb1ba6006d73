"""Shops: whether each is reachable, whether we have all its orders, and what was written back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from simplane.channels import shops as actions
from simplane.channels.errors import BadShopSettings
from simplane.channels.models import Shop, WriteBack
from simplane.channels.values import parse_settings
from simplane.console import figures
from simplane.console.shell import page
from simplane.core import audit, clock, jobs
from simplane.core.db import transaction
from simplane.core.models import InboxMessage
from simplane.ui.outcomes import attempt

PATIENCE = timedelta(minutes=2)
"""How long the page waits for a result that was asked for."""


@require_safe
def shops(request: HttpRequest) -> HttpResponse:
    """All shops with the proof that nothing is missing."""
    gone = Shop.objects.filter(state=Shop.State.UNINSTALLED).defer("credentials", "access_token").order_by("name")
    return page(request, "shops", "shops", {"proofs": figures.reconciliations(), "gone": gone})


@require_safe
def shop(request: HttpRequest, key: str) -> HttpResponse:
    """One shop."""
    found = get_object_or_404(Shop.objects.defer("credentials", "access_token"), key=key)
    waiting = [WriteBack.State.WANTED, WriteBack.State.CALLING, WriteBack.State.UNKNOWN, WriteBack.State.FAILED]
    messages = InboxMessage.objects.filter(channel=found.channel, account=found.key).defer("body", "headers")
    return page(
        request,
        "shop",
        "shops",
        {
            "shop": found,
            "runs": found.reconciliations.order_by("-started_at")[:20],
            "write_backs": WriteBack.objects.filter(shop=found, state__in=waiting)
            .select_related("order")
            .order_by("due_at", "pk")[:50],
            "webhook_address": f"{settings.SIMPLANE.base_url.rstrip('/')}/webhooks/{found.channel}/{found.key}",
            "last_message": messages.order_by("-received_at").first(),
            "asked": request.GET.get("asked", ""),
            "checking": _checking(found, request.GET.get("asked", "")),
            "settings": _settings(found),
            "verbs": _verbs(found),
        },
    )


def _checking(found: Shop, asked: str) -> bool:
    """Whether the check of the subscriptions that was asked for at this moment is still to come."""
    try:
        since = clock.parse_time(asked)
    except (ValueError, OverflowError):
        return False
    done = found.subscriptions_at is not None and found.subscriptions_at >= since
    return not done and clock.now() - since < PATIENCE


def _settings(found: Shop) -> list[tuple[str, object]]:
    try:
        return list(asdict(parse_settings(found.settings)).items())
    except BadShopSettings as refusal:
        return [("problem", str(refusal))]


def _verbs(found: Shop) -> list[tuple[str, str]]:
    if found.state != Shop.State.ACTIVE:
        return [("resume", "Resume calls")]
    return [("reconcile", "Reconcile now"), ("subscriptions", "Check subscriptions")]


@require_POST
def shop_action(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Go on calling a shop that refused us, compare it with us now, or look after its webhook subscriptions."""
    found = get_object_or_404(Shop.objects.only("pk"), key=key)
    verbs: dict[str, tuple[str, Callable[[], None]]] = {
        "resume": ("It is called again; what waited for it is due now.", lambda: actions.resume_shop(found.pk)),
        "reconcile": ("A worker compares it with us now.", lambda: _ask("channels.reconcile", found, kind="recent")),
        "subscriptions": ("A worker checks them now.", lambda: _ask("channels.check_subscriptions", found)),
    }
    done, work = verbs[verb]
    asked = clock.now()
    address = reverse("console:shop", args=[key])
    if attempt(request, done, work) and verb == "subscriptions":
        address += "?" + urlencode({"asked": asked.isoformat()})
    return redirect(address)


def _ask(job: str, shop: Shop, **arguments: Any) -> None:
    with transaction():
        jobs.enqueue(job, shop_id=shop.pk, once_key=f"{job}:{shop.pk}", **arguments)
        audit.note(f"shop.{job.rpartition('.')[2]}", "shop", shop.key)
