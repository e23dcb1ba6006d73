"""What suppliers sell: search, review of what changed, quarantine, and the runs that found it."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.console.shell import page
from simplane.routing import matching
from simplane.routing.models import Match
from simplane.suppliers.catalog_queries import with_last_seen
from simplane.suppliers.models import CatalogRun, Offer, OfferChange, QuarantinedOffer, Supplier
from simplane.ui.outcomes import attempt
from simplane.ui.paging import page_of


@require_safe
def offers(request: HttpRequest) -> HttpResponse:
    """All offers."""
    found = page_of(_filtered(request.GET).select_related("supplier").defer("raw"), request.GET)
    return page(
        request,
        "offers",
        "offers",
        {
            "page": found,
            "states": Offer.State.choices,
            "suppliers": _supplier_choices(),
            "waiting": Offer.objects.filter(state=Offer.State.REVIEW).count(),
        },
    )


def _supplier_choices() -> list[tuple[str, str]]:
    return list(Supplier.objects.order_by("name").values_list("code", "name"))


def _filtered(query: QueryDict) -> QuerySet[Offer]:
    found = with_last_seen(Offer.objects.all())
    text = query.get("q", "").strip()
    if text:
        found = found.filter(Q(code__icontains=text) | Q(name__icontains=text))
    if query.get("supplier"):
        found = found.filter(supplier__code=query["supplier"])
    country, days = query.get("country", "").strip().upper(), query.get("days", "")
    if country:
        found = found.filter(countries__contains=[country])
    if query.get("state") in Offer.State.values:
        found = found.filter(state=query["state"])
    if days.isdecimal():
        found = found.filter(days=min(int(days), 32_000))
    return found


@require_safe
def offer(request: HttpRequest, pk: int) -> HttpResponse:
    """One offer with its history."""
    found = get_object_or_404(with_last_seen(Offer.objects.select_related("supplier")), pk=pk)
    return page(
        request,
        "offer",
        "offers",
        {
            "offer": found,
            "changes": found.changes.select_related("run").order_by("-pk")[:50],
            "matches": Match.objects.filter(offer=found).select_related("product").order_by("-pk"),
            "purchases": found.purchases.order_by("-requested_at").select_related("supplier")[:20],
        },
    )


@require_safe
def review(request: HttpRequest) -> HttpResponse:
    """Offers that changed and wait for a person, with what changed."""
    waiting = Offer.objects.filter(state=Offer.State.REVIEW).select_related("supplier").defer("raw")
    found = page_of(waiting, request.GET)
    newest = (
        OfferChange.objects.filter(offer__in=found.rows, kind__in=["price", "content", "back"])
        .order_by("offer_id", "-pk")
        .distinct("offer_id")
    )
    change = {one.offer_id: one for one in newest}
    rows = [(one, change.get(one.pk)) for one in found.rows]
    return page(request, "review", "offers", {"page": found, "rows": rows, "total": waiting.count()})


@require_POST
def review_approve(request: HttpRequest) -> HttpResponse:
    """Sell the ticked offers again as they are now."""
    keys = [int(key) for key in request.POST.getlist("offer") if key.isdecimal()]
    note = request.POST.get("note", "").strip()
    attempt(
        request,
        f"{len(keys)} offer{'s are' if len(keys) != 1 else ' is'} sold again.",
        lambda: matching.approve_offers(keys, note=note),
    )
    return redirect("console:review")


@require_safe
def quarantine(request: HttpRequest) -> HttpResponse:
    """Catalogue rows that nobody understood."""
    found = QuarantinedOffer.objects.select_related("supplier")
    if request.GET.get("supplier"):
        found = found.filter(supplier__code=request.GET["supplier"])
    context = {"page": page_of(found, request.GET), "suppliers": _supplier_choices()}
    return page(request, "quarantine", "offers", context)


@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """Pulls of catalogues."""
    found = page_of(CatalogRun.objects.select_related("supplier"), request.GET)
    return page(request, "runs", "offers", {"page": found})


@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """What one pull changed."""
    found = get_object_or_404(CatalogRun.objects.select_related("supplier"), pk=pk)
    changes = found.changes.select_related("offer")
    if request.GET.get("kind"):
        changes = changes.filter(kind=request.GET["kind"])
    return page(request, "run", "offers", {"run": found, "page": page_of(changes, request.GET)})
