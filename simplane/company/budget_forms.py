"""Budgets as people fill them in: amounts as decimals of their currency."""

from __future__ import annotations

from typing import Any

from django import forms

from simplane.core import money
from simplane.core.errors import BadMoney
from simplane.core.money import Money
from simplane.policies.budget_acts import Amounts
from simplane.policies.models import Budget


class AmountsForm(forms.Form):
    """What a budget allows in each of its periods. `currency`: of a budget that is there already."""

    limit = forms.CharField(label="Limit", max_length=20, help_text="In each period, such as 250.00")
    hard = forms.ChoiceField(
        label="When it is used up",
        required=False,
        initial="1",
        choices=[("1", "nothing more is bought"), ("", "people are told")],
    )
    grace = forms.CharField(
        label="May be overdrawn by", max_length=20, initial="0", help_text="Only where nothing more is bought"
    )

    def __init__(self, *args: Any, currency: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self._currency = currency

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        for name in ("limit", "grace"):
            if name in typed:
                try:
                    typed[f"{name}_minor"] = money.parse(
                        typed[name].strip(), typed.get("currency", self._currency)
                    ).minor
                except BadMoney as bad:
                    self.add_error(name, str(bad))
                    continue
                if typed[f"{name}_minor"] < 0 or typed[f"{name}_minor"] >= 10**15:
                    self.add_error(name, "Write 0 or more.")
        if not typed.get("hard") and typed.get("grace_minor"):
            self.add_error("grace", "Write 0, or choose that nothing more is bought.")
        return typed

    def amounts(self) -> Amounts:
        """What was typed, in minor units. Only of a valid form."""
        typed = self.cleaned_data
        return Amounts(limit_minor=typed["limit_minor"], hard=bool(typed["hard"]), grace_minor=typed["grace_minor"])

    @staticmethod
    def typed(budget: Budget) -> dict[str, str]:
        """A budget as the form shows it."""
        limit, grace = (Money(minor, budget.currency).decimal() for minor in (budget.limit_minor, budget.grace_minor))
        return {"limit": str(limit), "grace": str(grace), "hard": "1" if budget.hard else ""}


class BudgetForm(AmountsForm):
    """A new budget."""

    name = forms.CharField(max_length=120)
    every = forms.ChoiceField(label="In each", choices=Budget.Every.choices)
    currency = forms.CharField(min_length=3, max_length=3, initial="EUR")
    field_order = ("name", "every", "limit", "currency", "hard", "grace")

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()
