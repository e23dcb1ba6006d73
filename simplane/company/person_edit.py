"""Adding and changing a person; their last day, and their coming back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from simplane.company.person import own_person
from simplane.company.shell import CompanyRequest, page, show
from simplane.core.errors import Refusal
from simplane.fleet.models import FleetLine
from simplane.fleet.states import OVER
from simplane.ui.outcomes import attempt
from simplane.workforce import actions
from simplane.workforce.errors import BadPerson, Taken
from simplane.workforce.facts import Facts
from simplane.workforce.models import CostCentre, Employee, Team
from simplane.workforce.people import today
from simplane.workforce.queries import by_address, known_people

TEXTS = ("given_name", "family_name", "email", "external_id", "title", "country")


class Day(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class PersonForm(forms.Form):
    """What people type about a person; the rest comes from HR systems."""

    given_name = forms.CharField(label="Given name", max_length=120)
    family_name = forms.CharField(label="Family name", max_length=120, required=False)
    email = forms.CharField(label="E-mail", max_length=254, help_text="Their eSIM is sent there.")
    team = forms.ChoiceField(required=False)
    cost_centre = forms.ChoiceField(label="Cost centre", required=False)
    manager = forms.CharField(
        label="Manager", required=False, max_length=254, help_text="Their e-mail address or number."
    )
    country = forms.CharField(required=False, max_length=2, help_text="Two letters, such as DE.")
    title = forms.CharField(label="Job title", required=False, max_length=120)
    external_id = forms.CharField(label="Number", required=False, max_length=120, help_text="Of your HR system.")
    starts_on = forms.DateField(label="First day", required=False, widget=Day())
    version = forms.IntegerField(required=False, widget=forms.HiddenInput())

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._teams = {one.public_id: one for one in Team.objects.order_by("name")}
        self._centres = {one.public_id: one for one in CostCentre.objects.order_by("code")}
        for name, known in (("team", self._teams), ("cost_centre", self._centres)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", "None"), *((key, str(one)) for key, one in known.items())]
        self._manager: Employee | None = None

    def clean_manager(self) -> str:
        said: str = self.cleaned_data["manager"].strip()
        if said:
            self._manager = by_address(said) or known_people().filter(external_id=said).first()
            if self._manager is None:
                raise forms.ValidationError("Nobody here has this address or number.")
        return said

    def facts(self) -> Facts:
        """As `workforce.actions` takes them."""
        given = self.cleaned_data
        team, centre = self._teams.get(given["team"]), self._centres.get(given["cost_centre"])
        places = {
            "team_id": team.pk if team else None,
            "cost_centre_id": centre.pk if centre else None,
            "manager_id": self._manager.pk if self._manager else None,
        }
        return cast(Facts, {name: given[name] for name in (*TEXTS, "starts_on")} | places)


@require_http_methods(["GET", "HEAD", "POST"])
@page("people:write")
def add(request: CompanyRequest) -> HttpResponse:
    """One person by hand."""
    form = PersonForm(request.POST or None, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        made = _told(form, lambda: actions.add_employee(**form.facts()))
        if made is not None:
            return redirect("company:person", made.public_id)
    return show(request, "person_edit", "people", {"form": form, "person": None})


@require_http_methods(["GET", "HEAD", "POST"])
@page("people:write")
def edit(request: CompanyRequest, public_id: str) -> HttpResponse:
    """What is said of a person. What two change at once is not lost: the second one is told."""
    found = own_person(request, public_id)
    form = PersonForm(request.POST or None, initial=_said(found))
    if request.method == "POST" and form.is_valid():
        expected = form.cleaned_data["version"]
        changed = _told(form, lambda: actions.change_employee(public_id, expected_version=expected, **form.facts()))
        if changed is not None:
            return redirect("company:person", public_id)
    return show(request, "person_edit", "people", {"form": form, "person": found})


@require_http_methods(["GET", "HEAD", "POST"])
@page("people:write")
def leave(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Today or on a day: says how many lines are suspended then."""
    found = own_person(request, public_id)
    day = forms.DateField(required=False, widget=Day())
    if request.method == "POST":
        try:
            on = day.clean(request.POST.get("on", ""))
        except forms.ValidationError:
            on = None
        later = on is not None and on > today()
        words = f"Their last day is {on}." if later else f"{found.name} has left; their lines are being suspended."
        attempt(request, words, lambda: actions.leave(public_id, on=on if later else None))
        return redirect("company:person", public_id)
    lines = FleetLine.objects.filter(employee=found).exclude(state__in=OVER).count()
    return show(request, "person_leave", "people", {"person": found, "lines": lines, "today": today()})


@require_POST
@page("people:write")
def rejoin(request: CompanyRequest, public_id: str) -> HttpResponse:
    """They work here again, or stay longer than was said."""
    found = own_person(request, public_id)
    attempt(request, f"{found.name} works here.", lambda: actions.rejoin(public_id))
    return redirect("company:person", public_id)


def _said(person: Employee) -> dict[str, Any]:
    known: dict[str, Any] = {name: getattr(person, name) for name in TEXTS}
    return known | {
        "team": person.team.public_id if person.team else "",
        "cost_centre": person.cost_centre.public_id if person.cost_centre else "",
        "manager": (person.manager.email or person.manager.user_name) if person.manager else "",
        "starts_on": person.starts_on,
        "version": person.version,
    }


def _told(form: PersonForm, verb: Callable[[], Employee]) -> Employee | None:
    """Do it; a refusal stands at the field it is about."""
    try:
        return verb()
    except (BadPerson, Taken) as wrong:
        field = "email" if wrong.field == "user_name" else wrong.field
        form.add_error(field if field in form.fields else None, str(wrong))
    except Refusal as refusal:
        form.add_error(None, str(refusal))
    return None
