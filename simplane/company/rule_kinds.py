"""The kinds of rules as people fill them in: gigabytes, euros and days instead of bytes, cents and keys."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django import forms

from simplane.core import money
from simplane.core.errors import BadMoney
from simplane.fleet.models import Plan
from simplane.policies.purchase_rules import DAYS

GB = 10**9


class KindForm(forms.Form):
    """The parameters of one kind. `typed` is what its form shows for stored parameters, `params` the way back."""

    label: ClassVar[str]
    what: ClassVar[str]
    """When somebody wants it, in a sentence."""

    def params(self) -> dict[str, Any]:
        """What was typed, as the rule takes it. Only of a valid form."""
        return dict(self.cleaned_data)

    @classmethod
    def typed(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        """Stored parameters as the form shows them."""
        return dict(params)


class DataCapForm(KindForm):
    label = "Data cap"
    what = "How much may be used in a month; beyond it people are told, or lines are suspended."
    cap = forms.DecimalField(label="Cap a month, in GB", min_value=Decimal("0.001"), max_digits=9, decimal_places=3)
    per = forms.ChoiceField(
        label="Counted for",
        choices=[
            ("line", "each line"),
            ("employee", "each person"),
            ("team", "the team together"),
            ("company", "the company together"),
        ],
    )
    hard = forms.ChoiceField(
        label="When it is reached", choices=[("", "people are told"), ("1", "lines are suspended")], required=False
    )
    grace_percent = forms.IntegerField(label="Grace, in percent", min_value=0, max_value=100, initial=0)
    grace = forms.DecimalField(label="Grace, in GB", min_value=0, max_digits=9, decimal_places=3, initial=0)
    grace_hours = forms.IntegerField(
        label="Grace, in hours",
        min_value=0,
        max_value=744,
        initial=0,
        help_text="Only where lines are suspended: whichever is used up first, of percent and GB the larger.",
    )

    def params(self) -> dict[str, Any]:
        typed = self.cleaned_data
        return {
            "cap_bytes": int(typed["cap"] * GB),
            "per": typed["per"],
            "hard": bool(typed["hard"]),
            "grace_percent": typed["grace_percent"],
            "grace_bytes": int(typed["grace"] * GB),
            "grace_hours": typed["grace_hours"],
        }

    @classmethod
    def typed(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        sizes = {"cap": params["cap_bytes"], "grace": params["grace_bytes"]}
        shown = {name: Decimal(count) / GB for name, count in sizes.items()}
        return {**params, **shown, "hard": "1" if params["hard"] else ""}


class CountriesForm(KindForm):
    label = "Countries"
    what = "Where lines may be used, and for which countries plans may be bought."
    allowed = forms.CharField(
        label="Only in", required=False, max_length=900, help_text="Two-letter codes such as DE FR. Empty: everywhere."
    )
    blocked = forms.CharField(label="Never in", required=False, max_length=900)
    elsewhere = forms.BooleanField(label="A plan may also work in other countries", required=False)
    on_use = forms.ChoiceField(
        label="A line that is used elsewhere", choices=[("tell", "is told of"), ("stop", "is suspended")]
    )

    def params(self) -> dict[str, Any]:
        typed = self.cleaned_data
        codes = {name: typed[name].upper().replace(",", " ").split() for name in ("allowed", "blocked")}
        return {**codes, "elsewhere": typed["elsewhere"], "on_use": typed["on_use"]}

    @classmethod
    def typed(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        return {**params, "allowed": " ".join(params["allowed"]), "blocked": " ".join(params["blocked"])}


class PlanAllowListForm(KindForm):
    label = "Plans"
    what = "Which plans may be had at all."
    plans = forms.MultipleChoiceField(label="Only these plans", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["plans"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = _plans()


class AmountForm(KindForm):
    amount = forms.CharField(label="Amount", max_length=20)
    currency = forms.CharField(label="Currency", max_length=3, min_length=3, initial="EUR")

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        if "amount" in typed and "currency" in typed:
            try:
                typed["minor"] = money.parse(typed["amount"].strip(), typed["currency"].upper()).minor
            except BadMoney as bad:
                self.add_error("amount", str(bad))
        return typed

    def params(self) -> dict[str, Any]:
        return {"amount_minor": self.cleaned_data["minor"], "currency": self.cleaned_data["currency"].upper()}

    @classmethod
    def typed(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        return {**params, "amount": str(money.Money(params["amount_minor"], params["currency"]).decimal())}


class MaxPriceForm(AmountForm):
    label = "Highest price"
    what = "What a single purchase may cost at most."


class ApprovalAboveForm(AmountForm):
    label = "Approval above an amount"
    what = "What costs more needs a second person's word. 0: everything that costs something."


class WorkingDaysForm(KindForm):
    label = "Working days"
    what = "On which days things are bought without asking."
    days = forms.TypedMultipleChoiceField(
        label="Working days",
        coerce=int,
        choices=list(enumerate(DAYS, start=1)),
        widget=forms.CheckboxSelectMultiple,
        initial=[1, 2, 3, 4, 5],
    )
    otherwise = forms.ChoiceField(
        label="On other days a purchase", choices=[("needs_approval", "needs approval"), ("deny", "is refused")]
    )


class AutoTopUpForm(KindForm):
    label = "Automatic top-up"
    what = "More data is bought for a line that runs dry."
    plan = forms.ChoiceField(label="What is bought")
    below_percent = forms.IntegerField(
        label="When less is left than, in percent", min_value=1, max_value=99, initial=10
    )
    most_a_month = forms.IntegerField(label="At most so often a month", min_value=1, max_value=31, initial=3)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["plan"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = _plans()


class UnusedForm(KindForm):
    label = "Unused lines"
    what = "What becomes of lines that nobody uses."
    days = forms.IntegerField(label="Days without use", min_value=7, max_value=730, initial=60)
    then = forms.ChoiceField(
        label="Then the line",
        choices=[("tell", "is told of"), ("stop", "is suspended"), ("end", "ends for good")],
        help_text="An end can not be undone, and no money comes back.",
    )


FORMS: dict[str, type[KindForm]] = {
    "data_cap": DataCapForm,
    "countries": CountriesForm,
    "approval_above": ApprovalAboveForm,
    "max_price": MaxPriceForm,
    "plan_allow_list": PlanAllowListForm,
    "working_days": WorkingDaysForm,
    "auto_top_up": AutoTopUpForm,
    "unused": UnusedForm,
}
"""By the names of `policies.rules.KINDS`."""


def _plans() -> list[tuple[str, str]]:
    return list(Plan.objects.filter(active=True).order_by("name").values_list("public_id", "name"))
