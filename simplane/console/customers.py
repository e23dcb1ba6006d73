"""People who bought: their orders, eSIMs and mails on one page, and forgetting them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.console.order_list import rows_of
from simplane.console.shell import page
from simplane.console.tales import MAILS
from simplane.core.errors import BadInput
from simplane.delivery.models import Message, Suppression
from simplane.lines.models import Line
from simplane.ordering import actions
from simplane.ordering.models import Customer, Order, Unit
from simplane.ui.outcomes import attempt
from simplane.ui.paging import page_of

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer with how much they ordered."""

    customer: Customer
    orders: int


@require_safe
def customers(request: HttpRequest) -> HttpResponse:
    """All customers, newest first."""
    found = page_of(_filtered(request.GET), request.GET)
    counted = dict(
        Order.objects.filter(customer__in=found.rows).values_list("customer").annotate(count=Count("pk")).order_by()
    )
    rows = [CustomerRow(one, counted.get(one.pk, 0)) for one in found.rows]
    return page(request, "customers", "customers", {"page": found, "rows": rows})


def _filtered(query: QueryDict) -> QuerySet[Customer]:
    text = query.get("q", "").strip()
    if not text:
        return Customer.objects.all()
    by_email = Q(email__startswith=text.lower())
    return Customer.objects.filter(by_email if "@" in text else by_email | Q(name__icontains=text))


@require_safe
def customer(request: HttpRequest, pk: int) -> HttpResponse:
    """One person with everything we did for them."""
    found = get_object_or_404(Customer, pk=pk)
    orders = list(found.orders.select_related("customer").order_by("-received_at")[:MOST_SHOWN])
    units = Unit.objects.filter(order__in=orders)
    mails = Message.objects.filter(order_id__in=[one.pk for one in orders]).order_by("-pk")[:MOST_SHOWN]
    return page(
        request,
        "customer",
        "customers",
        {
            "customer": found,
            "rows": rows_of(orders),
            "lines": Line.objects.filter(unit_id__in=units.values("pk"))
            .select_related("supplier", "purchase__offer")
            .order_by("-issued_at"),
            "mails": [(mail, MAILS.get(mail.kind, mail.kind)) for mail in mails],
            "suppressed": Suppression.objects.filter(address=found.email.lower()).first(),
        },
    )


@require_POST
def customer_redact(request: HttpRequest, pk: int) -> HttpResponse:
    """Erase what identifies a person; the form must repeat the address, for this cannot be undone."""
    found = get_object_or_404(Customer, pk=pk)
    if request.POST.get("email", "").strip().lower() != found.email:
        attempt(request, "", _wrong_address)
    else:
        attempt(
            request,
            "Personal data of this customer is erased.",
            lambda: actions.redact_customer(found.organization_id, found.email),
        )
    return redirect("console:customer", pk)


def _wrong_address() -> None:
    raise BadInput("the address typed is not this customer's", fix="type it exactly to erase this person")
