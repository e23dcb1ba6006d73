"""Making, changing and taking back a rule. One that would stop many lines is asked about first, and any can be tried."""

from __future__ import annotations

import hashlib
import json

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from simplane.company.last_month import dry_run
from simplane.company.rule_kinds import FORMS, KindForm
from simplane.company.rules import own_rule
from simplane.company.shell import CompanyRequest, page, show
from simplane.company.whom_form import WhomForm
from simplane.core.errors import NotFound, Refusal
from simplane.policies import rule_acts
from simplane.policies.errors import NeedsConfirmation
from simplane.policies.models import Policy
from simplane.policies.rule import Rule
from simplane.policies.rules import read, variant
from simplane.policies.values import Level
from simplane.ui.outcomes import attempt
from simplane.ui.outcomes import refused as tell_refused


@require_http_methods(["GET", "HEAD", "POST"])
@page("policies:write")
def new_rule(request: CompanyRequest) -> HttpResponse:
    """Choose a kind, fill it in, try it on last month, save it."""
    kind = request.GET.get("kind", "")
    if not kind:
        return show(request, "rule_kinds", "rules", {"kinds": FORMS.items()})
    form, whom = _form(kind)(request.POST or None), WhomForm(request.POST or None)
    asked = None
    if request.method == "POST" and form.is_valid() and whom.is_valid():
        level, subject_id = whom.subject()
        if not request.POST.get("try"):
            try:
                made = rule_acts.make(
                    request.company.organization.pk,
                    kind,
                    form.params(),
                    level=level,
                    subject_id=subject_id,
                    confirm=request.POST.get("confirm") == _seal(request, form),
                    reason=request.POST.get("reason", ""),
                )
                return redirect("company:rule", made.public_id)
            except Refusal as refusal:
                asked = _told(request, refusal)
        return _filled(request, kind, form, whom=whom, asked=asked, to=(level, subject_id))
    return _filled(request, kind, form, whom=whom)


@require_http_methods(["GET", "HEAD", "POST"])
@page("policies:write")
def edit_rule(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Other parameters for a rule; for whom it is stays."""
    found = _held(request, public_id)
    typed = FORMS[found.kind].typed(found.params)
    form = _form(found.kind)(request.POST or None, initial=typed)
    asked = None
    if request.method == "POST" and form.is_valid():
        if not request.POST.get("try"):
            try:
                rule_acts.change(
                    request.company.organization.pk,
                    public_id,
                    form.params(),
                    version=number(request.POST.get("version", "")),
                    confirm=request.POST.get("confirm") == _seal(request, form),
                    reason=request.POST.get("reason", ""),
                )
                return redirect("company:rule", public_id)
            except Refusal as refusal:
                asked = _told(request, refusal)
        to: tuple[Level, int] = (found.level, found.subject_id)  # type: ignore[assignment]
        return _filled(request, found.kind, form, rule=found, asked=asked, to=to)
    return _filled(request, found.kind, form, rule=found)


@require_POST
@page("policies:write")
def retire_rule(request: CompanyRequest, public_id: str) -> HttpResponse:
    """The rule holds no more; lines it stopped resume."""
    _held(request, public_id)
    version, reason = number(request.POST.get("version", "")), request.POST.get("reason", "")
    attempt(
        request,
        "The rule holds no more. What it stopped resumes.",
        lambda: rule_acts.retire(request.company.organization.pk, public_id, version=version, reason=reason),
    )
    return redirect("company:rules")


def _filled(
    request: CompanyRequest,
    kind: str,
    form: KindForm,
    *,
    whom: WhomForm | None = None,
    rule: Policy | None = None,
    asked: NeedsConfirmation | None = None,
    to: tuple[Level, int] | None = None,
) -> HttpResponse:
    """The form, with what the rule would have done last month where that was asked for."""
    month, tried = None, None
    if to is not None and request.POST.get("try"):
        try:
            month, tried = dry_run(_as_typed(kind, form, to))
        except Refusal as refusal:
            tell_refused(request, refusal)
    context = {
        "kind": kind,
        "label": FORMS[kind].label,
        "what": FORMS[kind].what,
        "form": form,
        "whom": whom,
        "rule": rule,
        "asked": asked,
        "confirm": _seal(request, form) if asked else "",
        "reason": request.POST.get("reason", ""),
        "month": month,
        "tried": tried,
    }
    return show(request, "rule_form", "rules", context)


def _as_typed(kind: str, form: KindForm, to: tuple[Level, int]) -> Rule:
    params = read(kind, form.params())
    return Rule(0, kind, variant(params), *to, params)


def _seal(request: CompanyRequest, form: KindForm) -> str:
    """What was typed, in short: a confirmation holds for what it was given for, not for what is typed afterwards."""
    typed = [form.params(), request.POST.get("whom"), request.POST.get("person")]
    return hashlib.sha256(json.dumps(typed, sort_keys=True, default=str).encode()).hexdigest()[:20]


def _told(request: CompanyRequest, refusal: Refusal) -> NeedsConfirmation | None:
    """What is to be confirmed is shown by the form; any other refusal is a note."""
    if isinstance(refusal, NeedsConfirmation):
        return refusal
    tell_refused(request, refusal)
    return None


def _held(request: CompanyRequest, public_id: str) -> Policy:
    found = own_rule(request, public_id)
    if not found.active:
        raise NotFound("this rule holds no more")
    return found


def _form(kind: str) -> type[KindForm]:
    if kind not in FORMS:
        raise NotFound("there is no such kind of rule")
    return FORMS[kind]


def number(text: str) -> int:
    """A version as a form sends it; 0, which no row has, of anything else."""
    return int(text) if text.isdecimal() and len(text) < 10 else 0
