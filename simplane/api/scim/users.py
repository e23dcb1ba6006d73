"""A person as a SCIM user and back.

What we use lives in columns; the whole user as the HR system wrote it stays in `Employee.scim`, so that it reads back what
it wrote. Team, cost centre and manager follow the HR system when it changes them, and stay as they are when it does not
(a person of ours, or a group, may have set them).
"""

from __future__ import annotations

from typing import Any

from scim2_models import Meta

from simplane.api.scim.provider import ENTERPRISE, USER
from simplane.core.countries import known as countries
from simplane.workforce.facts import ADDRESS, LOCALE, Facts
from simplane.workforce.models import Employee

OURS = ("id", "meta", "groups", "password", "userName", "externalId", "title")
"""Not kept in the document: columns, what the server fills in, and secrets."""
Document = dict[str, Any]


def resource(one: Employee, groups: list[tuple[str, str]]) -> Any:
    """The user. `groups`: (public id, name) of those they are in. `one.manager`, team and cost centre are loaded."""
    user = USER.model_validate(document(one))
    user.id = one.public_id
    if groups:
        user.groups = [
            {"value": group, "display": name, "$ref": f"Groups/{group}", "type": "direct"} for group, name in groups
        ]
    user.meta = Meta(
        resource_type="User", created=one.created_at, last_modified=one.updated_at, version=f'W/"{one.version}"'
    )
    return user


def document(one: Employee) -> Document:
    """What is known, in the HR system's words where it wrote them."""
    kept = one.scim or _unwritten(one)
    found = {**kept, "userName": one.user_name}
    if "active" in kept or not one.scim:
        found["active"] = one.state != Employee.State.LEFT
    found.update({name: value for name, value in (("externalId", one.external_id), ("title", one.title)) if value})
    _put(found, "name", {"givenName": one.given_name, "familyName": one.family_name})
    if one.scim and one.email and one.email != address(found):
        found["emails"] = _with_address(found.get("emails") or [], one.email)
    manager = found.get(ENTERPRISE, {}).get("manager")
    if manager and one.manager is not None:
        found[ENTERPRISE] = {**found[ENTERPRISE], "manager": {**manager, "$ref": f"Users/{one.manager.public_id}"}}
    return found


def written(user: Any) -> Document:
    """A user as it came, to be kept: without columns, secrets, and what only we may say."""
    found: Document = user.model_dump()
    found = {name: value for name, value in found.items() if name not in OURS}
    name = {part: value for part, value in found.get("name", {}).items() if part not in ("givenName", "familyName")}
    return {**{key: value for key, value in found.items() if key != "name"}, **({"name": name} if name else {})}


def facts(user: Any, kept: Document) -> Facts:
    """The columns that a user's attributes fill directly. `kept`: as `written` gave it."""
    said: Document = {**kept, "userName": user.user_name}
    home = next((one for one in user.addresses or [] if one.country), None)
    country = (home.country if home else "").strip().upper()
    return {
        "user_name": user.user_name or "",
        "external_id": user.external_id or "",
        "email": address(said),
        "given_name": (user.name.given_name if user.name else "") or "",
        "family_name": (user.name.family_name if user.name else "") or "",
        "title": user.title or "",
        "country": country if country in countries() else "",
        "locale": _locale(user.preferred_language or user.locale or ""),
        "scim": kept,
    }


def address(said: Document) -> str:
    """Where mails go: the primary or the work address, else any, else the sign-in name when it is one."""
    emails = [one for one in said.get("emails") or [] if one.get("value")]
    emails.sort(key=lambda one: (not one.get("primary"), one.get("type") != "work"))
    found = str(emails[0]["value"] if emails else said.get("userName") or "")
    return found if ADDRESS.fullmatch(found) else ""


def department(said: Document) -> str:
    """The team by name, as the HR system says; empty: it says none."""
    return str(said.get(ENTERPRISE, {}).get("department") or "").strip()


def cost_center(said: Document) -> str:
    """The cost centre by code."""
    return str(said.get(ENTERPRISE, {}).get("costCenter") or "").strip()


def manager(said: Document) -> str:
    """Who leads them: our id as a rule, or whatever the HR system calls them by."""
    return str((said.get(ENTERPRISE, {}).get("manager") or {}).get("value") or "").strip()


def _unwritten(one: Employee) -> Document:
    """Of a person whom no HR system wrote: what we know ourselves."""
    found: Document = {}
    if one.email:
        found["emails"] = [{"value": one.email, "type": "work", "primary": True}]
    said = {
        "department": one.team.name if one.team else "",
        "costCenter": one.cost_centre.code if one.cost_centre else "",
    }
    _put(found, ENTERPRISE, said)
    if one.manager is not None:
        found[ENTERPRISE] = {**found.get(ENTERPRISE, {}), "manager": {"value": one.manager.public_id}}
    return found


def _put(into: Document, name: str, said: dict[str, str]) -> None:
    """Add parts that say something to a complex attribute."""
    parts = {**into.get(name, {}), **{part: value for part, value in said.items() if value}}
    if parts:
        into[name] = parts


def _with_address(emails: list[Document], wanted: str) -> list[Document]:
    if not emails:
        return [{"value": wanted, "type": "work", "primary": True}]
    first = min(emails, key=lambda one: (not one.get("primary"), one.get("type") != "work"))
    return [{**one, "value": wanted} if one is first else one for one in emails]


def _locale(said: str) -> str:
    found = said.replace("_", "-")
    return found if LOCALE.fullmatch(found) and len(found) <= 10 else "en"
