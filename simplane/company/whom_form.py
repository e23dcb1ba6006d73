"""The choice for whom a new rule or budget is: everybody, a team, a cost centre, or one person by their address."""

from __future__ import annotations

from typing import Any

from django import forms

from simplane.policies.values import Level
from simplane.workforce.models import CostCentre, Employee, Team


class WhomForm(forms.Form):
    """`each`: also one for each team, cost centre or person."""

    whom = forms.ChoiceField(label="For")
    person = forms.CharField(
        label="Person", required=False, max_length=254, help_text="Of one person: the e-mail address."
    )

    def __init__(self, *args: Any, each: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["whom"]
        assert isinstance(field, forms.ChoiceField)
        self._teams = {f"team:{one.public_id}": one for one in Team.objects.order_by("name")}
        self._centres = {f"cost_centre:{one.public_id}": one for one in CostCentre.objects.order_by("code")}
        eachs = [("team:", "each team"), ("cost_centre:", "each cost centre"), ("employee:", "each person")]
        field.choices = [
            ("company:", "the whole company"),
            *(eachs if each else []),
            ("employee", "one person"),
            *([("Teams", [(key, one.name) for key, one in self._teams.items()])] if self._teams else []),
            *([("Cost centres", [(key, str(one)) for key, one in self._centres.items()])] if self._centres else []),
        ]

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        typed["subject_id"] = 0
        if typed.get("whom") == "employee":
            rows = Employee.objects.filter(email__iexact=typed.get("person", "").strip()).exclude(email="")
            found: Employee | None = rows.exclude(state=Employee.State.LEFT).first()
            if found is None:
                self.add_error("person", "Nobody here has this address.")
            else:
                typed["subject_id"] = found.pk
        return typed

    def subject(self) -> tuple[Level, int]:
        """Level and key of what was chosen. Only of a valid form."""
        chosen = self.cleaned_data["whom"]
        if row := self._teams.get(chosen) or self._centres.get(chosen):
            return ("team" if isinstance(row, Team) else "cost_centre"), row.pk
        level: Level = chosen.partition(":")[0]
        return level, self.cleaned_data["subject_id"]
