"""Companies, their people and teams, for tests."""

from __future__ import annotations

from simplane.core import clock, tenancy
from simplane.core.ids import new_id
from simplane.organizations.models import Organization
from simplane.workforce.models import Employee, Team


def company(slug: str = "acme", **fields: object) -> Organization:
    """An active company."""
    given = {"name": slug.title(), "kind": Organization.Kind.COMPANY, "created_at": clock.now(), **fields}
    return Organization.objects.create(slug=slug, **given)


def employee(of: Organization, name: str = "Ana Lima", **fields: object) -> Employee:
    """A person of the company; their address is made from the name."""
    given, _, family = name.partition(" ")
    address = f"{name.lower().replace(' ', '.')}@{of.slug}.example"
    known = {"email": address, "user_name": address, "given_name": given, "family_name": family, "source": "hand"}
    now = clock.now()
    with tenancy.scope(of.pk):
        made: Employee = Employee.objects.create(
            public_id=new_id("emp"), created_at=now, updated_at=now, **{**known, **fields}
        )
    return made


def team(of: Organization, name: str = "Sales", **fields: object) -> Team:
    """A team of the company."""
    with tenancy.scope(of.pk):
        made: Team = Team.objects.create(public_id=new_id("team"), name=name, created_at=clock.now(), **fields)
    return made
