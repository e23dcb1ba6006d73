"""The search field at the top of every page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from simplane.console.order_list import ICCID, filtered
from simplane.lines.models import Line


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Straight to the one thing that fits, else to the list of orders that fit."""
    text = request.GET.get("q", "").strip()
    digits = text.replace(" ", "")
    if ICCID.fullmatch(digits):
        lines = list(Line.objects.filter(iccid=digits).values_list("pk", flat=True)[:2])
        if len(lines) == 1:
            return redirect("console:line", lines[0])
    orders = list(filtered(request.GET).distinct().values_list("public_id", flat=True)[:2]) if text else []
    if len(orders) == 1:
        return redirect("console:order", orders[0])
    return HttpResponseRedirect(f"{reverse('console:orders')}?{urlencode({'q': text})}")
