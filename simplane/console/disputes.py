"""A disputed order: the evidence file, giving back what can be, and letting the buyer's next orders wait."""

from __future__ import annotations

import io
import zipfile

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_POST

from simplane.channels import disputes
from simplane.channels.disputes import Evidence
from simplane.ordering import actions
from simplane.ordering.models import Customer, Order
from simplane.ui.outcomes import attempt, back, given


@require_POST
def evidence(request: HttpRequest, public_id: str) -> HttpResponse:  # noqa: ARG001  a view's shape
    """A ZIP: a page for people and a JSON file with the same facts."""
    found = get_object_or_404(Order.objects.select_related("customer"), public_id=public_id)
    facts = disputes.evidence(found)
    disputes.note_taken(found)
    answer = HttpResponse(packed(facts), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="evidence-{found.public_id}.zip"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def packed(facts: Evidence) -> bytes:
    """The ZIP file of the evidence."""
    page = render_to_string("console/evidence.html", {"evidence": facts})
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("evidence.html", page)
        archive.writestr("facts.json", msgspec.json.format(msgspec.json.encode(facts), indent=2))
    return sink.getvalue()


@require_POST
def dispute_give_up(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give the eSIMs of a disputed order back as far as possible."""
    found = get_object_or_404(Order, public_id=public_id)
    reason = request.POST.get("reason", "").strip()
    attempt(
        request,
        "What can be given back is being given back; each eSIM below says what came of it.",
        lambda: actions.take_back_disputed(found.pk, given(reason)),
    )
    return redirect("console:order", found.public_id)


@require_POST
def customer_hold(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Let the next orders of a customer wait for a person, or no longer."""
    found = get_object_or_404(Customer, pk=pk)
    reason = request.POST.get("reason", "").strip()
    if verb == "hold":
        attempt(
            request,
            "New orders of this customer wait for a person.",
            lambda: actions.hold_customer(found.pk, given(reason)),
        )
    else:
        attempt(request, "New orders of this customer are served again.", lambda: actions.release_customer(found.pk))
    return back(request, reverse("console:customer", args=[pk]))
