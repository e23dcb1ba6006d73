"""People as lists and numbers. Everything here runs inside `tenancy.scope`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from simplane.core.errors import NotFound
from simplane.core.keyset import beyond
from simplane.workforce.models import Employee

MOST_WORDS = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which people; what is empty asks for nothing. Team and cost centre by public id."""

    words: str = ""
    team: str = ""
    cost_centre: str = ""
    state: str = ""
    country: str = ""


def known_people() -> QuerySet[Employee]:
    """Everybody whom the HR system has not deleted."""
    rows: QuerySet[Employee] = Employee.objects.filter(removed_at=None)
    return rows


def search(wanted: Wanted) -> QuerySet[Employee]:
    """People by beginnings of names and addresses, by HR number, team, cost centre, country and state."""
    rows = known_people()
    for word in wanted.words.replace("\0", "").split()[:MOST_WORDS]:
        rows = rows.filter(_word(word))
    exact = {
        "team__public_id": wanted.team,
        "cost_centre__public_id": wanted.cost_centre,
        "country": wanted.country,
        "state": wanted.state,
    }
    return rows.filter(**{field: value for field, value in exact.items() if value})


def page_after(rows: QuerySet[Employee], *, after: str = "", size: int = 50) -> list[Employee]:
    """A page in the order of arrival, newest first, behind the person `after` (public id). Raises NotFound."""
    if after:
        last = known_people().filter(public_id=after).first()
        if last is None:
            raise NotFound("that page begins behind nobody", fix="start with the first page")
        rows = rows.filter(beyond("", None, last.pk, falling=True))
    return list(rows.select_related("team", "cost_centre", "manager").order_by("-pk")[:size])


def counts() -> Mapping[str, int]:
    """How many people are in each state; a state without any has 0."""
    found = known_people().order_by().values_list("state").annotate(Count("pk"))
    return {**dict.fromkeys(Employee.State.values, 0), **{str(state): number for state, number in found}}


def person(public_id: str) -> Employee:
    """One person with team, cost centre and manager. Raises NotFound."""
    row = known_people().select_related("team", "cost_centre", "manager").filter(public_id=public_id).first()
    if row is None:
        raise NotFound("there is no such person", fix="choose one of the list")
    return row


def by_address(address: str) -> Employee | None:
    """Who works here with this address; sign-in names count as well."""
    return known_people().filter(Q(email__iexact=address) | Q(user_name__iexact=address)).exclude(state="left").first()


def reports_of(employee: Employee) -> QuerySet[Employee]:
    """Who reports to them."""
    return known_people().filter(manager=employee).order_by("family_name", "given_name", "pk")


def _word(word: str) -> Q:
    begins = ("given_name", "family_name", "email", "user_name")
    found = Q(external_id=word)
    for field in begins:
        found |= Q(**{f"{field}__istartswith": word})
    return found
