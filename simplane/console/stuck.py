"""The stuck queue: open dead letters by cause, and safe actions on many of them, previewed before they are done."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from simplane.console import figures
from simplane.console.causes import described
from simplane.console.figures import Risk
from simplane.console.shell import page
from simplane.core import deadletters
from simplane.core.deadletters import SafeAction
from simplane.core.errors import Refusal
from simplane.core.log import logger
from simplane.core.models import DeadLetter
from simplane.ordering.letters import waiting
from simplane.ordering.models import Order
from simplane.ui.paging import page_of

log = logger(__name__)
MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A dead letter with the order it is about, if any."""

    letter: DeadLetter
    order: Order | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an action on one letter. `problem` is empty when it was done."""

    row: LetterRow
    problem: str


@require_safe
def stuck(request: HttpRequest) -> HttpResponse:
    """All causes with open letters, with `?tests=1` of test orders; `?cause=` (as alerts link) goes to that one."""
    if request.GET.get("cause"):
        return redirect("console:stuck_cause", request.GET["cause"])
    tests = _tests(request.GET)
    groups = figures.stuck(tests=tests)
    total = sum(group.count for group in groups)
    context = {"causes": described(groups), "total": total, "risk": figures.total_risk(groups), "tests": tests}
    return page(request, "stuck", "stuck", context)


@require_safe
def stuck_cause(request: HttpRequest, cause: str) -> HttpResponse:
    """The open letters of one cause, oldest first; with `?tests=1` those of test orders."""
    tests = _tests(request.GET)
    letters = waiting(tests=tests).filter(cause=cause)
    found = page_of(letters, request.GET, by="opened_at", ascending=True)
    return page(
        request,
        "stuck_cause",
        "stuck",
        {
            "cause": deadletters.cause(cause),
            "page": found,
            "rows": rows_of(found.rows),
            "actions": [action for action in _actions_of(cause, found.rows) if action.bulk],
            "total": letters.count(),
            "most": MOST_AT_ONCE,
            "tests": tests,
        },
    )


def _actions_of(cause: str, letters: list[DeadLetter]) -> list[SafeAction]:
    """Every action that fits at least one of the letters shown, the proposed first."""
    known: dict[str, SafeAction] = {}
    for one in letters or [DeadLetter(cause=cause)]:
        known |= {action.name: action for action in deadletters.actions_for(one) if action.name not in known}
    return list(known.values())


@require_POST
def stuck_preview(request: HttpRequest, cause: str) -> HttpResponse:
    """What an action would do to the chosen letters; nothing is done yet."""
    letters = _chosen(request.POST, cause)
    action = next((one for one in _actions_of(cause, letters) if one.name == request.POST.get("action")), None)
    if action is None or not letters:
        return redirect(reverse("console:stuck_cause", args=[cause]) + ("?tests=1" if _tests(request.POST) else ""))
    context = {
        "cause": deadletters.cause(cause),
        "action": action,
        "rows": rows_of(letters),
        "risk": _risk_of(letters),
        "left_out": waiting(tests=_tests(request.POST)).filter(cause=cause).count() - len(letters),
        "tests": _tests(request.POST),
    }
    return page(request, "stuck_preview", "stuck", context)


@require_POST
def stuck_perform(request: HttpRequest, cause: str) -> HttpResponse:
    """Do it, letter by letter: one that is refused or breaks does not stop the others."""
    letters = _chosen(request.POST, cause)
    name = request.POST.get("action", "")
    outcomes = [Outcome(row, _performed(row.letter, name, request.POST.get("reason", ""))) for row in rows_of(letters)]
    refused = sum(1 for outcome in outcomes if outcome.problem)
    context = {
        "cause": deadletters.cause(cause),
        "label": next((one.label for one in _actions_of(cause, letters) if one.name == name), name),
        "outcomes": sorted(outcomes, key=lambda outcome: not outcome.problem),
        "done": len(outcomes) - refused,
        "refused": refused,
    }
    return page(request, "stuck_done", "stuck", context)


def _performed(letter: DeadLetter, name: str, reason: str) -> str:
    try:
        deadletters.perform(letter.pk, name, reason=reason)
    except Refusal as refusal:
        return str(refusal)
    except Exception as error:
        log.exception("console.action_broke", letter_id=letter.pk, action=name)
        return f"it broke ({type(error).__name__}); the log has the fault, nothing of this one was done"
    return ""


@require_safe
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """One dead letter with all it knows."""
    found = get_object_or_404(DeadLetter, pk=pk)
    return page(
        request,
        "letter",
        "stuck",
        {
            "row": rows_of([found])[0],
            "letter": found,
            "cause": deadletters.cause(found.cause),
            "actions": [] if found.resolved_at else deadletters.actions_for(found),
        },
    )


def rows_of(letters: list[DeadLetter]) -> list[LetterRow]:
    """Letters with their orders, in one query for all."""
    keys = {one.order_id for one in letters if one.order_id}
    orders = Order.objects.select_related("customer").in_bulk(keys) if keys else {}
    return [LetterRow(one, orders.get(one.order_id) if one.order_id else None) for one in letters]


def _tests(form: QueryDict) -> bool:
    return form.get("tests") == "1"


def _chosen(form: QueryDict, cause: str) -> list[DeadLetter]:
    """The letters ticked, or with `everything` all open ones of the cause; the oldest 500 at most."""
    letters = waiting(tests=_tests(form)).filter(cause=cause)
    if not form.get("everything"):
        letters = letters.filter(pk__in=[key for key in form.getlist("letter") if key.isdecimal()])
    return list(letters.order_by("opened_at", "pk")[:MOST_AT_ONCE])


def _risk_of(letters: list[DeadLetter]) -> list[Risk]:
    sums: dict[str, int] = {}
    for one in letters:
        if one.money_currency:
            sums[one.money_currency] = sums.get(one.money_currency, 0) + one.money_minor
    return [Risk(currency, minor) for currency, minor in sorted(sums.items())]
