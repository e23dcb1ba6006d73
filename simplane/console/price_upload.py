"""Many prices at once: a table or a rule, shown row by row with its margin, then saved as it was shown."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from simplane.catalog.models import MarkupRule, Product
from simplane.catalog.prices import NewPrice
from simplane.console import uploads
from simplane.console.price_table import COLUMNS, OPTIONAL, SHOWN, ReadPrice, read_prices, table
from simplane.console.prices import chosen, rows_of
from simplane.console.shell import page
from simplane.core.cells import csv_lines
from simplane.core.errors import BadInput, Refusal
from simplane.routing.pricing import judge, prices_by_rule, set_prices
from simplane.ui.csv_export import csv_answer
from simplane.ui.outcomes import refused

HEADING = (*COLUMNS, *OPTIONAL, *SHOWN)
MOST_SHOWN = 500


@require_safe
def upload(request: HttpRequest) -> HttpResponse:
    """Where a table is chosen."""
    return page(request, "price_upload", "prices", {"columns": COLUMNS, "optional": OPTIONAL})


@require_safe
def download(request: HttpRequest) -> StreamingHttpResponse | HttpResponse:
    """A scope's prices as the table that `upload` reads."""
    try:
        scope, currency = chosen(request)
    except Refusal as refusal:
        refused(request, refusal)
        return redirect("console:prices")
    products = list(Product.objects.filter(active=True).order_by("sku"))
    rows = (
        (
            one.product.sku, scope.key, currency, one.price.decimal() if one.price else "", "", "", "", one.product.name,
            one.cost.decimal() if one.cost else "", one.left.decimal() if one.left else "",
        )
        for one in rows_of(products, scope, currency)
    )  # fmt: skip
    return csv_answer(f"prices-{scope.key.replace(':', '-')}-{currency}.csv", HEADING, rows)


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Show what a table would change. Saves nothing."""
    try:
        content = uploads.uploaded(request)
        read = read_prices(content)
    except Refusal as refusal:
        refused(request, refusal)
        return redirect("console:price_upload")
    return _preview(request, content, read)


@require_POST
def rule_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what a rule makes of today's costs. Saves nothing."""
    rule = get_object_or_404(MarkupRule.objects.select_related("tier", "organization"), pk=pk, valid_until__isnull=True)
    made = prices_by_rule(rule)
    if not made:
        refused(request, BadInput("no product has a cost to price from", fix="approve matches of offers first"))
        return redirect("console:prices")
    content = "".join(csv_lines(HEADING, table(judge(made))))
    return _preview(request, content, read_prices(content))


@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """Save the table as it was shown: all of it, or nothing."""
    content = request.POST.get("content", "")
    try:
        read = read_prices(content)
        uploads.check(request.POST.get("token", ""), content, [one.facts for one in read])
        outcome = set_prices(_all(read))
    except uploads.Stale as refusal:
        refused(request, refusal)
        return _preview(request, content, read)
    except Refusal as refusal:
        refused(request, refusal)
        return redirect("console:price_upload")
    messages.success(request, f"{outcome}.")
    scopes = {(one.judged.new.scope.key, one.judged.new.price.currency) for one in read if one.judged}
    if len(scopes) > 1:
        return redirect("console:prices")
    key, currency = scopes.pop()
    return redirect(f"{reverse('console:prices')}?{urlencode({'for': key, 'currency': currency})}")


def _all(read: Sequence[ReadPrice]) -> list[NewPrice]:
    wanted = [one.judged.new for one in read if one.judged]
    if len(wanted) < len(read):
        raise BadInput("some rows can not be saved", fix="correct them and upload the table again")
    return wanted


def _preview(request: HttpRequest, content: str, read: Sequence[ReadPrice]) -> HttpResponse:
    good = [one.judged for one in read if one.judged]
    wrong = [one for one in read if one.wrong]
    # Faults first, then what needs a second look: a long table shows what matters.
    order = sorted(read, key=lambda one: (not one.wrong, not (one.judged and one.judged.needs_approval), one.number))
    context = {
        "read": order[:MOST_SHOWN],
        "hidden": max(len(read) - MOST_SHOWN, 0),
        "many": len(read),
        "wrong": len(wrong),
        "changed": sum(1 for one in good if not one.unchanged and not one.needs_approval),
        "waiting": sum(1 for one in good if one.needs_approval and not one.unchanged),
        "unchanged": sum(1 for one in good if one.unchanged),
        "losses": sum(1 for one in good if one.left and one.left.minor < 0),
        "content": content,
        "token": uploads.token(content, [one.facts for one in read]),
    }
    return page(request, "price_preview", "prices", context, status=422 if wrong else 200)
