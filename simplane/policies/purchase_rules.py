"""Rules about what may be bought: each a dataclass of parameters and a pure function from facts to a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from simplane.core.countries import known
from simplane.core.errors import BadMoney
from simplane.core.money import precision
from simplane.policies.errors import BadRule
from simplane.policies.periods import local_date
from simplane.policies.values import ALLOWED, Outcome, PurchaseFacts, Reason, Verdict
from simplane.policies.words import money, some

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Countries:
    """Where lines may be used. `elsewhere`: plans that also work in other countries may be bought; use there is judged
    when it happens (`on_use`)."""

    allowed: tuple[str, ...] = ()
    """Empty: everywhere but where it is blocked."""
    blocked: tuple[str, ...] = ()
    elsewhere: bool = False
    on_use: Literal["tell", "stop"] = "tell"

    def __post_init__(self) -> None:
        unknown = sorted({*self.allowed, *self.blocked} - known())
        if unknown:
            raise BadRule(f"{some(unknown)}: no such country", fix="write ISO 3166-1 codes such as DE")
        if not self.allowed and not self.blocked:
            raise BadRule("no country is allowed or blocked", fix="name at least one")
        if self.allowed and not set(self.allowed) - set(self.blocked):
            raise BadRule("every allowed country is blocked too: nothing could be bought", fix="unblock one of them")

    def says(self) -> str:
        parts = [f"only in {some(self.allowed)}"] if self.allowed else []
        parts += [f"never in {some(self.blocked)}"] if self.blocked else []
        return f"Lines may be used {', '.join(parts)}."

    def forbids(self, country: str) -> bool:
        """Whether a line may not be used there."""
        return country in self.blocked or bool(self.allowed and country not in self.allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAllowList:
    """Only these plans (public ids) may be had."""

    plans: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.plans:
            raise BadRule("the list of plans is empty: nothing could be bought", fix="name at least one plan")

    def says(self) -> str:
        return f"Only {len(self.plans)} chosen plans may be had."


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxPrice:
    """No single purchase costs more."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        _checked(self.amount_minor, self.currency)

    def says(self) -> str:
        return f"No purchase may cost more than {money(self.amount_minor, self.currency)}."


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAbove:
    """What costs more needs a second person's word. 0: everything that costs something."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        _checked(self.amount_minor, self.currency)

    def says(self) -> str:
        return f"A purchase above {money(self.amount_minor, self.currency)} needs approval."


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingDays:
    """On which days (ISO: 1 is Monday) things are bought without asking, in the company's time zone."""

    days: tuple[int, ...] = (1, 2, 3, 4, 5)
    otherwise: Literal["needs_approval", "deny"] = "needs_approval"

    def __post_init__(self) -> None:
        if not self.days or not set(self.days) <= set(range(1, 8)):
            raise BadRule("working days are numbers from 1 (Monday) to 7 (Sunday)", fix="name at least one")

    def says(self) -> str:
        then = "needs approval" if self.otherwise == "needs_approval" else "is refused"
        return f"A purchase on another day than {some([DAYS[one - 1] for one in sorted(self.days)])} {then}."


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """A budget in the period of the purchase, as it stands. `most_minor`: None of a soft one."""

    name: str
    label: str
    limit_minor: int
    most_minor: int | None
    taken_minor: int
    """Reserved and spent."""
    currency: str


def countries(rule: Countries, facts: PurchaseFacts) -> Verdict:
    """Refuses plans for countries that are not allowed."""
    wrong = [one for one in facts.countries if rule.forbids(one)]
    if not wrong or (rule.elsewhere and len(wrong) < len(facts.countries)):
        return ALLOWED
    words = f"“{facts.plan_name}” works in {some(wrong)}, which your rules do not allow."
    return _says("deny", "countries", words, countries=wrong)


def plan_allow_list(rule: PlanAllowList, facts: PurchaseFacts) -> Verdict:
    """Refuses plans that are not on the list."""
    if facts.plan_public_id in rule.plans:
        return ALLOWED
    words = f"“{facts.plan_name}” is not one of the {len(rule.plans)} plans that may be had."
    return _says("deny", "plan_allow_list", words, plan=facts.plan_public_id)


def max_price(rule: MaxPrice, facts: PurchaseFacts) -> Verdict:
    """Refuses what costs more, or what costs something in a currency that the rule can not compare."""
    if facts.amount_minor == 0 or (facts.currency == rule.currency and facts.amount_minor <= rule.amount_minor):
        return ALLOWED
    most, price = money(rule.amount_minor, rule.currency), money(facts.amount_minor, facts.currency)
    words = f"“{facts.plan_name}” costs {price}; the most that one purchase may cost is {most}."
    return _says("deny", "max_price", words, price=facts.amount_minor, most=rule.amount_minor)


def approval_above(rule: ApprovalAbove, facts: PurchaseFacts) -> Verdict:
    """Asks for a second person above an amount, or where the currency can not be compared."""
    if facts.amount_minor == 0 or (facts.currency == rule.currency and facts.amount_minor <= rule.amount_minor):
        return ALLOWED
    most, price = money(rule.amount_minor, rule.currency), money(facts.amount_minor, facts.currency)
    words = f"“{facts.plan_name}” costs {price}; what costs more than {most} needs approval."
    return _says("needs_approval", "approval_above", words, price=facts.amount_minor, above=rule.amount_minor)


def working_days(rule: WorkingDays, facts: PurchaseFacts, zone: str) -> Verdict:
    """Asks or refuses on days off."""
    today = local_date(facts.at, zone)
    if today.isoweekday() in rule.days:
        return ALLOWED
    then = "needs approval" if rule.otherwise == "needs_approval" else "is refused"
    words = f"Today is {DAYS[today.weekday()]}, no working day; a purchase then {then}."
    return _says(rule.otherwise, "working_days", words, day=today.isoformat(), zone=zone)


def budget_cap(budget: BudgetState, facts: PurchaseFacts) -> Verdict:
    """Refuses what a hard budget can not bear; of a soft one it says that it is overdrawn."""
    after = budget.taken_minor + facts.amount_minor
    if facts.amount_minor == 0 or after <= budget.limit_minor:
        return ALLOWED
    left = max(0, (budget.limit_minor if budget.most_minor is None else budget.most_minor) - budget.taken_minor)
    figures = {"budget": budget.name, "period": budget.label, "left": left, "price": facts.amount_minor}
    price, shown = money(facts.amount_minor, facts.currency), money(left, budget.currency)
    start = f"Budget “{budget.name}” has {shown} left in {budget.label}; “{facts.plan_name}” costs {price}"
    if budget.most_minor is None:
        return _says("allow", "budget", f"{start}. The budget is overdrawn and only tells.", **figures)
    if after <= budget.most_minor:
        return _says("allow", "budget", f"{start}. That is within its grace.", **figures)
    return _says("deny", "budget", f"{start}.", **figures)


def _says(outcome: Outcome, rule: str, words: str, **facts: Any) -> Verdict:
    return Verdict(outcome, (Reason(rule, words, facts),))


def _checked(amount_minor: int, currency: str) -> None:
    if amount_minor < 0:
        raise BadRule("the amount is negative", fix="write 0 or more")
    try:
        precision(currency)
    except BadMoney as bad:
        raise BadRule(bad.message, fix=bad.fix) from None
