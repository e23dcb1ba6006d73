"""Mail to buyers: what waits, what was refused, what bounced."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_safe

from simplane.console.shell import page
from simplane.console.tales import MAILS
from simplane.delivery.models import Message
from simplane.ordering.models import Order
from simplane.ui.paging import page_of


@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    """All mail, newest first."""
    found = page_of(_filtered(request.GET), request.GET)
    orders = Order.objects.only("public_id", "name").in_bulk({one.order_id for one in found.rows})
    return page(
        request,
        "mails",
        "mail",
        {
            "page": found,
            "rows": [(one, MAILS.get(one.kind, one.kind), orders.get(one.order_id)) for one in found.rows],
            "states": Message.State.choices,
            "kinds": MAILS.items(),
        },
    )


def to_address(beginning: str) -> QuerySet[Message]:
    """Mail to addresses that begin so (index `message_to_prefix`)."""
    return Message.objects.filter(to__startswith=beginning.lower())


def _filtered(query: QueryDict) -> QuerySet[Message]:
    found = Message.objects.all()
    address = query.get("q", "").strip()
    if address:
        found = to_address(address)
    if query.get("state") in Message.State.values:
        found = found.filter(state=query["state"])
    if query.get("kind") in MAILS:
        found = found.filter(kind=query["kind"])
    if query.get("waiting"):
        found = found.filter(due_at__isnull=False)
    return found
