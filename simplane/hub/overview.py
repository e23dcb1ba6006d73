"""The first page: money, orders of today, what needs attention, and the first steps of a new account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from simplane.core import clock
from simplane.delivery.models import Message
from simplane.hub.shell import HubRequest, page, show
from simplane.hub.standing import Standing
from simplane.ledger import queries as ledger
from simplane.ledger.values import WalletState
from simplane.ordering.models import Order, Unit
from simplane.organizations.keys import keys_of
from simplane.organizations.models import Organization
from simplane.payments.models import AutoTopUp
from simplane.webhooks.queries import endpoints

RECENT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Step:
    """Something a new account does once."""

    title: str
    text: str
    done: bool
    url: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should look at."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Day:
    """Orders since midnight (UTC). `spent_minor` in the account's currency."""

    orders: int
    units: int
    spent_minor: int
    currency: str


@require_safe
@page("orders:read")
def overview(request: HubRequest) -> HttpResponse:
    """How the account stands."""
    hub = request.hub
    wallets = ledger.wallets(hub.organization.pk) if hub.may("wallet:read") else []
    context = {
        "wallets": wallets,
        "day": _today(hub.organization),
        "open_orders": Order.objects.filter(organization=hub.organization, state=Order.State.OPEN).count(),
        "notices": _notices(hub, wallets),
        "steps": _steps(hub),
    }
    return show(request, "overview", "overview", context)


def _today(organization: Organization) -> Day:
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    found = Order.objects.filter(organization=organization, received_at__gte=midnight)
    sums = found.aggregate(orders=Count("pk"), spent=Sum("total_minor"))
    units = Unit.objects.filter(order__in=found.values("pk")).count()
    terms = getattr(organization.twin_of or organization, "terms", None)
    return Day(sums["orders"], units, sums["spent"] or 0, terms.currency if terms else "")


def _notices(hub: Standing, wallets: list[WalletState]) -> list[Notice]:
    since = clock.now() - RECENT
    recent = Order.objects.filter(organization=hub.organization, received_at__gte=since)
    states = Unit.objects.filter(order__in=recent.values("pk")).aggregate(
        dead=Count("pk", filter=Q(state=Unit.State.DEAD)), failed=Count("pk", filter=Q(state=Unit.State.FAILED))
    )
    unsent = Message.objects.filter(
        order_id__in=recent.values("pk"), state__in=[Message.State.FAILED, Message.State.BOUNCED]
    ).count()
    orders = reverse("hub:orders")
    found = [
        (
            states["dead"],
            _of(states["dead"], "eSIM waits", "eSIMs wait") + " for a decision of ours: we are on it.",
            orders,
        ),
        (
            states["failed"],
            _of(states["failed"], "eSIM", "eSIMs") + " of the last week could not be bought; the price is back.",
            orders,
        ),
        (unsent, _of(unsent, "mail", "mails") + " to travellers did not arrive: check the addresses.", orders),
    ]
    empty = [one.currency for one in wallets if one.available.minor <= 0 and not hub.test]
    found.append(
        (len(empty), f"The wallet in {', '.join(empty)} is empty: orders are refused.", reverse("hub:top_ups"))
    )
    if hub.may("wallet:read"):
        held = AutoTopUp.objects.filter(organization=hub.organization, enabled=True).exclude(problem="").count()
        found.append((held, "The automatic top-up was not made: see why.", reverse("hub:top_ups")))
    if hub.may("webhooks:manage"):
        broken = sum(one.state in ("failing", "disabled") for one in endpoints(hub.organization.pk))
        text = _of(broken, "webhook endpoint fails or is off.", "webhook endpoints fail or are off.")
        found.append((broken, text, reverse("hub:webhooks")))
    return [Notice(text, url) for count, text, url in found if count]


def _of(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _steps(hub: Standing) -> list[Step]:
    """What is left of the way to the first live order; nothing once it was placed."""
    home = hub.home
    if Order.objects.filter(organization=home).exists():
        return []
    keys = reverse("hub:keys") if hub.may("keys:manage") else ""
    pay = reverse("hub:top_ups") if hub.may("wallet:topup") and not hub.test else ""
    approved = home.state != Organization.State.APPLIED
    funded = any(one.available.minor or one.held_minor for one in ledger.wallets(home.pk))
    tested = Order.objects.filter(organization__twin_of=home).exists()
    live_key = approved and keys_of(home.pk).exists()
    return [
        Step("Place a test order", "By API with a test key, or from the catalogue in test mode.", tested, keys),
        Step("Be approved", "We look at every application and write to you.", approved, ""),
        Step("Make a live key", "The same calls; only the key changes.", live_key, keys if approved else ""),
        Step("Top up the wallet", "Orders are paid from it.", funded, pay),
        Step("Place the first live order", "Then this list goes.", False, reverse("hub:catalogue")),
    ]
