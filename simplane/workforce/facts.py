"""What may be said about a person, and what of it can not be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, TypedDict

from simplane.core.countries import known
from simplane.workforce.errors import BadPerson
from simplane.workforce.models import CostCentre, Employee, Team

ADDRESS = re.compile(r"[^@\s<>\x00-\x1f\"',;]+@[^@\s<>\x00-\x1f\"',;]+\.[^@\s<>\x00-\x1f\"',;.]{2,}", re.ASCII)
LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")


class Facts(TypedDict, total=False):
    """What is said about a person; what is left out stays as it is. The keys are columns of Employee."""

    user_name: str
    email: str
    given_name: str
    family_name: str
    title: str
    country: str
    locale: str
    external_id: str
    team_id: int | None
    cost_centre_id: int | None
    manager_id: int | None
    manager_said: str
    starts_on: date | None
    ends_on: date | None
    scim: dict[str, Any]


TEXTS = ("user_name", "email", "given_name", "family_name", "title", "country", "locale", "external_id")
SILENT = frozenset({"scim", "manager_said"})
"""Not in the history: they repeat the rest."""
NAMES: Mapping[str, str] = {
    "user_name": "sign-in name",
    "email": "e-mail",
    "given_name": "given name",
    "family_name": "family name",
    "external_id": "external ID",
}


def cleaned(facts: Facts) -> dict[str, Any]:
    """The same, trimmed, as it may be stored. Raises BadPerson."""
    clean: dict[str, Any] = dict(facts)
    for field in TEXTS:
        if field in clean:
            clean[field] = text(field, clean[field])
    _belongs(Team, "team", clean.get("team_id"))
    _belongs(CostCentre, "cost_centre", clean.get("cost_centre_id"))
    return clean


def text(field: str, given: str) -> str:
    """One text, trimmed and checked. Raises BadPerson."""
    found, name = given.strip(), NAMES.get(field, field)
    if field == "country" and found:
        return _country(found)
    longest = _longest(field)
    if len(found) > longest:
        raise BadPerson(field, f"the {name} is longer than {longest} characters", fix="shorten it")
    if "\0" in found:
        raise BadPerson(field, f"the {name} holds a character that is no text", fix="type it again")
    if field == "user_name" and not found:
        raise BadPerson(field, "there is no sign-in name", fix="give the e-mail address by which they sign in")
    if field == "email" and found and not ADDRESS.fullmatch(found):
        raise BadPerson(field, f"{found} is no e-mail address", fix="write it as name@example.com")
    if field == "locale" and not LOCALE.fullmatch(found):
        raise BadPerson(field, f"{found} is no language", fix="write it as en or pt-BR")
    return found


def _country(found: str) -> str:
    if found.upper() not in known():
        raise BadPerson("country", f"{found} is no country", fix="write two letters of ISO 3166, such as DE")
    return found.upper()


@lru_cache
def _longest(field: str) -> int:
    return int(getattr(Employee._meta.get_field(field), "max_length", 0))


def _belongs(model: type[Team] | type[CostCentre], field: str, pk: int | None) -> None:
    """Foreign keys look through the wall between tenants, so what they point at is looked up here."""
    if pk is not None and not model.objects.filter(pk=pk).exists():
        raise BadPerson(field, f"there is no such {field.replace('_', ' ')}", fix="choose one of the list")
