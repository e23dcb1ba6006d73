"""The demo's company: people, plans, a budget, a rule, and lines that the worker orders. Only where play is allowed."""

from __future__ import annotations

from typing import Any

NAME, SLUG, EMAIL = "Globex", "globex", "owner@globex.example"
CREDIT_MINOR = 2_000_00
PEOPLE = {
    "Sales": ("Ana Lima", "Ben Ott", "Chloe Roux", "Dario Conti"),
    "Field service": ("Emma Berg", "Finn Koch", "Gita Rao", "Hugo Melo"),
    "Events": ("Ines Paz", "Jonas Vik", "Kaja Nowak", "Liam Byrne"),
}
PLANS = ("ESIM-EU-5GB-30D", "ESIM-GB-1GB-7D")
WITH_LINES = ("Ana Lima", "Emma Berg", "Ines Paz")


def make(password: str) -> str:
    """Make it, unless it is there; returns its slug. Its lines are ordered when the worker runs."""
    from simplane.core import context
    from simplane.organizations.models import Organization

    if not Organization.objects.filter(slug=SLUG).exists():
        with context.acting("demo"):
            _make(password)
    return SLUG


def _make(password: str) -> None:
    from simplane.catalog.models import Product
    from simplane.core import clock, tenancy
    from simplane.fleet import onboard, plans
    from simplane.fleet.actions import provision
    from simplane.organizations.models import CompanyRole, Membership, User
    from simplane.policies import budget_acts, rule_acts
    from simplane.workforce.models import Employee

    agreed = onboard.Agreed(
        name=NAME, slug=SLUG, currency="EUR", credit_minor=CREDIT_MINOR, country="DE", reason="demo"
    )
    company = onboard.onboard(agreed)
    person = User.objects.create_user(EMAIL, password, name="Olga Owner")
    Membership.objects.create(organization=company, user=person, role=CompanyRole.OWNER, created_at=clock.now())
    given = [plans.offer(company, one) for one in Product.objects.filter(sku__in=PLANS).order_by("sku")]
    with tenancy.scope(company.pk):
        _people()
        budget_acts.make(company.pk, "Mobile data", budget_acts.Amounts(limit_minor=500_00, hard=True), currency="EUR")
        rule_acts.make(company.pk, "data_cap", {"cap_bytes": 10_000_000_000, "per": "employee", "hard": True})
        for name in WITH_LINES:
            who = Employee.objects.get(given_name=name.split()[0])
            provision(given[0].public_id, who.public_id, asked_by=f"user:{person.pk} {EMAIL}")


def _people() -> None:
    from simplane.workforce import actions, places

    centres = {team: places.add_cost_centre(f"{1000 + 10 * place}", team) for place, team in enumerate(PEOPLE)}
    for team, names in PEOPLE.items():
        made = places.add_team(team)
        for name in names:
            given, _, family = name.partition(" ")
            facts: Any = {"given_name": given, "family_name": family, "country": "DE"}
            actions.add_employee(
                email=f"{given}.{family}@globex.example".lower(),
                team_id=made.pk,
                cost_centre_id=centres[team].pk,
                **facts,
            )
