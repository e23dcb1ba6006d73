"""The ledger for our own people: trial balance, accounts, a month of one account, one transaction, months."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.console.shell import page
from simplane.core import clock
from simplane.core.errors import BadInput, Refusal
from simplane.ledger import books, statements
from simplane.ledger.actions import close_month
from simplane.ledger.actions.cashbook import BY_HAND, reverse_by_hand
from simplane.ledger.chart import CHART, Kind
from simplane.ledger.models import Account, Ledger, Transaction
from simplane.ledger.statements import Month
from simplane.ui.outcomes import attempt, given
from simplane.ui.paging import page_of


def chosen_ledger(request: HttpRequest) -> Ledger:
    """Real money unless the address asks for play money."""
    return Ledger.TEST if request.GET.get("ledger") == "test" else Ledger.LIVE


@require_safe
def trial_balance(request: HttpRequest) -> HttpResponse:
    """Every kind of account, and what all of them sum to."""
    ledger = chosen_ledger(request)
    return page(request, "trial_balance", "ledger", {"ledger": ledger, "trial": books.trial_balance(ledger)})


@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """Accounts by kind, currency, owner or subject."""
    ledger, query = chosen_ledger(request), request.GET
    found = books.accounts(ledger)
    for name in ("kind", "currency"):
        if query.get(name):
            found = found.filter(**{name: query[name].strip()})
    if text := query.get("q", "").strip():
        found = found.filter(
            Q(subject__icontains=text) | Q(organization__name__icontains=text) | Q(organization__slug__icontains=text)
        )
    shown = page_of(found, query)
    sums = books.balances(shown.rows)
    rows = [(one, sums[one.pk]) for one in shown.rows]
    return page(request, "accounts", "ledger", {"ledger": ledger, "page": shown, "rows": rows, "kinds": list(Kind)})


@require_safe
def account(request: HttpRequest, pk: int) -> HttpResponse:
    """One account in one month; with `at` also its balance at that moment."""
    found = get_object_or_404(Account.objects.select_related("organization"), pk=pk)
    month, wrong = _month(request, found)
    context = {
        "account": found,
        "meaning": CHART[Kind(found.kind)].meaning,
        "month": month,
        "wrong": wrong,
        "lines": statements.lines_page(month, after=request.GET.get("after", "")),
        "months": books.month_range(Ledger(found.ledger)),
        **_balance_then(request, found),
    }
    return page(request, "account", "ledger", context)


@require_safe
def account_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse | HttpResponse:
    """The month as CSV."""
    month, wrong = _month(request, get_object_or_404(Account, pk=pk))
    if wrong:
        return HttpResponse(wrong, status=422, content_type="text/plain; charset=utf-8")
    return _file(
        StreamingHttpResponse(statements.to_csv(month), content_type="text/csv; charset=utf-8"), month.file_name("csv")
    )


@require_safe
def account_xlsx(request: HttpRequest, pk: int) -> HttpResponse:
    """The month as a workbook."""
    month, wrong = _month(request, get_object_or_404(Account, pk=pk))
    try:
        content = b"" if wrong else statements.to_xlsx(month)
    except BadInput as refusal:
        wrong = str(refusal)
    if wrong:
        return HttpResponse(wrong, status=422, content_type="text/plain; charset=utf-8")
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _file(HttpResponse(content, content_type=kind), month.file_name("xlsx"))


@require_safe
def fact(request: HttpRequest, pk: int) -> HttpResponse:
    """One transaction with its entries."""
    found = get_object_or_404(Transaction.objects.select_related("reverses", "reversed_by", "seal"), pk=pk)
    rows = found.entries.select_related("account__organization").order_by("pk")
    entries = [(one, max(-one.amount_minor, 0), max(one.amount_minor, 0)) for one in rows]
    may_reverse = found.kind in BY_HAND and not hasattr(found, "reversed_by")
    return page(request, "fact", "ledger", {"fact": found, "entries": entries, "may_reverse": may_reverse})


@require_POST
def fact_reverse(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo what a person wrote, by its mirror image."""
    found = get_object_or_404(Transaction, pk=pk)
    reason = request.POST.get("reason", "").strip()
    attempt(request, "Its mirror image is posted.", lambda: reverse_by_hand(found.pk, reason=reason))
    return redirect("console:fact", pk)


@require_safe
def months(request: HttpRequest) -> HttpResponse:
    """Which months of the real money are closed."""
    return page(request, "months", "ledger", {"months": books.months(Ledger.LIVE)})


@require_POST
def month_close(request: HttpRequest) -> HttpResponse:
    """Nothing posts into the month any more."""
    reason = request.POST.get("reason", "").strip()
    text = request.POST.get("month", "")

    def close() -> None:
        close_month(statements.parse_month(text), reason=given(reason))

    attempt(request, f"{text} is closed: nothing posts into it any more.", close)
    return redirect("console:months")


def _month(request: HttpRequest, found: Account) -> tuple[Month, str]:
    try:
        return statements.account_month(found, statements.parse_month(request.GET.get("month", ""))), ""
    except Refusal as refusal:
        return statements.account_month(found, statements.parse_month("")), str(refusal)


def _balance_then(request: HttpRequest, found: Account) -> dict[str, object]:
    """The balance at the moment `at` (a browser sends `2026-11-20T12:00`), in UTC."""
    text = request.GET.get("at", "")
    if not text:
        return {}
    try:
        moment = clock.parse_time(text)
    except ValueError:
        return {"wrong": f"{text} is no moment: write it as 2026-11-20T12:00"}
    return {"at": moment, "balance_then": statements.balance_at(found, moment)}


def _file(answer: HttpResponse | StreamingHttpResponse, name: str) -> HttpResponse:
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer  # type: ignore[return-value]
