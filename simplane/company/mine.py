"""One's own lines: data left, the install link again, a new phone, and asking for more, which somebody else approves."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from simplane.company.give import verdict_on
from simplane.company.shell import CompanyRequest, page, show
from simplane.core import clock
from simplane.core.errors import BadInput, NotFound
from simplane.core.ids import new_id
from simplane.fleet.actions import provision, replace
from simplane.fleet.install import mail_again
from simplane.fleet.models import FleetLine, Plan
from simplane.fleet.possible import hindrance
from simplane.ui.outcomes import attempt
from simplane.workforce.models import Employee
from simplane.workforce.queries import by_address, known_people

S = FleetLine.State
KEY_LENGTH, REASON_LENGTH = 40, 200


@require_safe
@page("own:read")
def mine(request: CompanyRequest) -> HttpResponse:
    """The lines of who is signed in, newest first; those that ended are left out."""
    me = own_self(request)
    rows = FleetLine.objects.filter(employee=me).exclude(state=S.ENDED) if me else FleetLine.objects.none()
    found = list(rows.select_related("plan").order_by("-pk")[:20])
    lines = [(one, left(one), not hindrance(one, "replace")) for one in found]
    return show(request, "mine", "mine", {"me": me, "lines": lines})


@require_POST
@page("own:write")
def mine_link(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Mail me a fresh install link."""
    found = _own_line(request, public_id)
    attempt(request, "A fresh link is on its way to your mail.", lambda: mail_again(found))
    return redirect("company:mine")


@require_http_methods(["GET", "HEAD", "POST"])
@page("own:write")
def mine_phone(request: CompanyRequest, public_id: str) -> HttpResponse:
    """A new eSIM for a new phone: asks, then orders it as the company's rules allow."""
    found = _own_line(request, public_id)
    if request.method != "POST":
        context = {"line": found, "hindrance": hindrance(found, "replace"), "key": new_id("key")}
        return show(request, "mine_phone", "mine", context)
    key = request.POST.get("key", "")[:KEY_LENGTH]
    attempt(
        request,
        "Asked for. The link of the new eSIM comes by mail.",
        lambda: replace(found.public_id, asked_by=request.company.actor, reason="new phone", key=key),
    )
    return redirect("company:mine")


@require_http_methods(["GET", "HEAD", "POST"])
@page("own:write")
def mine_ask(request: CompanyRequest) -> HttpResponse:
    """Another line, which waits until somebody approves it."""
    me = own_self(request)
    if me is None:
        return redirect("company:mine")
    if request.method == "POST":
        if attempt(request, "Asked for. When it is approved, its link comes by mail.", lambda: _ask(request, me)):
            return redirect("company:mine")
        return redirect("company:mine_ask")
    plans = [(plan, verdict_on(me, plan)) for plan in Plan.objects.filter(active=True).order_by("price_minor", "name")]
    allowed = [(plan, verdict) for plan, verdict in plans if verdict.outcome != "deny"]
    return show(request, "mine_ask", "mine", {"plans": allowed, "waits": _waiting(me), "key": new_id("key")})


def own_self(request: CompanyRequest) -> Employee | None:
    """Who is signed in, among the people of the company: by their sign-in, or by the address it was proved for."""
    user = request.company.user
    linked: Employee | None = known_people().filter(user=user).exclude(state=Employee.State.LEFT).first()
    return linked or by_address(user.email)


def left(line: FleetLine) -> int | None:
    """Bytes that can be used still; None: unlimited, or nobody knows yet."""
    if line.data_total is None or line.data_used is None:
        return None
    return max(0, line.data_total - line.data_used)


def _own_line(request: CompanyRequest, public_id: str) -> FleetLine:
    me = own_self(request)
    rows = FleetLine.objects.select_related("employee", "plan").filter(public_id=public_id)
    found: FleetLine | None = rows.filter(employee=me).first() if me else None
    if found is None:
        raise NotFound("you have no such line")
    return found


def _ask(request: CompanyRequest, me: Employee) -> None:
    reason = request.POST.get("reason", "").replace("\0", "").strip()[:REASON_LENGTH]
    if not reason:
        raise BadInput("a reason is missing", fix="say what you need it for: somebody decides by it")
    if _waiting(me):
        raise BadInput("you have asked for a line already", fix="wait until somebody answers")
    provision(
        request.POST.get("plan", ""),
        me.public_id,
        asked_by=request.company.actor,
        key=request.POST.get("key", "")[:KEY_LENGTH],
        reason=f"{me.name} asks: {reason}",
        label=f"asked for on {clock.now():%Y-%m-%d}",
        ask_first=True,
    )


def _waiting(me: Employee) -> bool:
    return bool(FleetLine.objects.filter(employee=me, state=S.AWAITING_APPROVAL).exists())
