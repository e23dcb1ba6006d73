"""A month of the wallet on a page, as CSV and as XLSX; and what was bought in it, to be printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, QuerySet, Sum
from django.http import HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from simplane.core import clock
from simplane.core.errors import BadInput, NotFound
from simplane.hub.shell import HubRequest, page, show
from simplane.hub.wallet import WORDS, chosen
from simplane.ledger.queries import wallets
from simplane.ledger.statements import Month, following, lines_page, parse_month, to_csv, to_xlsx, wallet_month
from simplane.ledger.values import StatementLine
from simplane.ordering import states
from simplane.ordering.models import Unit
from simplane.organizations.queries import operator

MONTHS = 24
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Bought:
    """So many eSIMs of a plan at one price."""

    sku: str
    name: str
    price_minor: int
    count: int
    total_minor: int


@require_safe
@page("wallet:read")
def statement(request: HubRequest) -> HttpResponse:
    """Opening balance, every entry, closing balance."""
    month = _month(request)
    found = lines_page(month, after=request.GET.get("after", ""))
    context = {
        "month": month,
        "months": _months(request),
        "rows": [(line, _word(line)) for line in found.lines],
        "after": found.after,
        "first": not request.GET.get("after"),
        "running": month.until > clock.now(),
    }
    return show(request, "statement", "wallet", context)


@require_safe
@page("wallet:read")
def statement_csv(request: HubRequest) -> StreamingHttpResponse:
    """The same as a file."""
    month = _month(request)
    answer = StreamingHttpResponse(to_csv(month), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{month.file_name("csv")}"'
    return answer


@require_safe
@page("wallet:read")
def statement_xlsx(request: HubRequest) -> HttpResponse:
    """The same as a workbook."""
    month = _month(request)
    try:
        made = to_xlsx(month)
    except BadInput as refusal:
        return HttpResponse(str(refusal), status=422, content_type="text/plain")
    name = f'attachment; filename="{month.file_name("xlsx")}"'
    return HttpResponse(made, content_type=XLSX, headers={"Content-Disposition": name})


@require_safe
@page("wallet:read")
def purchases(request: HubRequest) -> HttpResponse:
    """eSIMs bought in a month and what was given back in it: the ground of an invoice, to be printed."""
    month = _month(request)
    mine = Unit.objects.filter(organization=request.hub.organization, currency=month.ref.currency)
    bought = _grouped(mine.filter(bought_at__gte=month.since, bought_at__lt=month.until))
    ended = mine.filter(bought_at__isnull=False, state__in=states.GONE)
    back = _grouped(ended.filter(state_at__gte=month.since, state_at__lt=month.until))
    context = {
        "month": month,
        "months": _months(request),
        "seller": operator(),
        "bought": bought,
        "back": back,
        "bought_minor": sum(one.total_minor for one in bought),
        "back_minor": sum(one.total_minor for one in back),
        "total_minor": sum(one.total_minor for one in bought) - sum(one.total_minor for one in back),
        "running": month.until > clock.now(),
    }
    return show(request, "purchases", "wallet", context)


def _grouped(units: QuerySet[Unit]) -> list[Bought]:
    rows = units.values("product__sku", "product__name", "price_minor")
    counted = rows.annotate(count=Count("pk"), total=Sum("price_minor")).order_by("product__sku", "price_minor")
    return [
        Bought(row["product__sku"], row["product__name"], row["price_minor"], row["count"], row["total"])
        for row in counted
    ]


def _month(request: HubRequest) -> Month:
    """Of the chosen wallet. Raises NotFound when there is no wallet or no such month."""
    state = chosen(request, wallets(request.hub.organization.pk))
    if state is None:
        raise NotFound("there is no wallet yet")
    try:
        month = parse_month(request.GET.get("month", ""))
    except BadInput as refusal:
        raise NotFound(str(refusal)) from None
    return wallet_month(request.hub.organization, state.currency, month)


def _months(request: HubRequest) -> list[date]:
    """The months of the account, the latest first, at most two years."""
    first = request.hub.organization.created_at.date().replace(day=1)
    found = [first]
    while found[-1] < clock.now().date().replace(day=1):
        found.append(following(found[-1]))
    return found[::-1][:MONTHS]


def _word(line: StatementLine) -> str:
    return WORDS.get(line.kind, line.kind.replace("_", " "))
