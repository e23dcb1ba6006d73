"""Verbs of a company's owners about its identity providers. Inside `tenancy.scope` but where something else is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simplane.core import audit, clock, tenancy
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput, NotFound
from simplane.core.ids import new_id
from simplane.organizations.models import CompanyRole
from simplane.sso import break_glass
from simplane.sso.errors import NotReady
from simplane.sso.models import Connection

MOST, MOST_GROUPS = 10, 200
State = Connection.State
TEXTS = {
    "name": 60,
    "email_claim": 200,
    "name_claim": 200,
    "groups_claim": 200,
    "issuer": 500,
    "client_id": 200,
    "idp_entity_id": 500,
    "idp_sign_in_url": 500,
}
"""What is written, and how long it may be."""
DECIDE = frozenset({"client_id", "idp_sign_in_url", "email_claim"})
"""Whoever changes these tests again."""
FIXED = frozenset({"issuer", "idp_entity_id"})
"""Written once. Another provider is another connection: who is who there would not be who is who here."""


def add(protocol: str, **given: Any) -> Connection:
    """A connection to be tested. `client_secret` and `idp_certificates` (PEM) beside the keys of TEXTS. Raises BadInput."""
    now = clock.now()
    made = Connection(public_id=new_id("sso"), protocol=protocol, created_at=now, updated_at=now, **_read(given))
    if not made.name:
        raise BadInput("the connection has no name", fix="write what stands on the button: Continue with …")
    with transaction():
        if Connection.objects.count() >= MOST:
            raise BadInput(f"there are {MOST} connections already", fix="remove one first")
        made.save()
        audit.note("connection.added", "connection", made.public_id, after=_shown(given) | {"protocol": protocol})
    return made


def change(public_id: str, **given: Any) -> Connection:
    """Change what is given. What decides who signs in has to be tested again. Raises NotFound, BadInput, NotReady."""
    written = _read(given)
    with transaction():
        found = locked(public_id)
        before = {field: getattr(found, field) for field in written if getattr(found, field) != written[field]}
        if any(getattr(found, field) for field in FIXED & before.keys()):
            raise NotReady("a connection stays with its provider", fix="add another connection, then remove this one")
        if DECIDE & before.keys():
            _test_again(found)
        for field in before:
            setattr(found, field, written[field])
        found.updated_at = clock.now()
        found.save()
        if before:
            after = {field: written[field] for field in before}
            audit.note("connection.changed", "connection", public_id, before=_shown(before), after=_shown(after))
    return found


def set_roles(public_id: str, *, just_in_time: bool, default_role: str, group_roles: Mapping[str, str]) -> None:
    """Who becomes a member at the first sign-in, as what. `group_roles`: group of the provider -> role. Raises BadInput."""
    if {default_role, *group_roles.values()} - {"", *CompanyRole.values} or "" in group_roles.values():
        raise BadInput("this is no role", fix=f"choose of {', '.join(CompanyRole.values)}")
    if len(group_roles) > MOST_GROUPS or not all(0 < len(one) <= 254 and "\0" not in one for one in group_roles):
        raise BadInput("a group is named by 1 to 254 characters", fix=f"at most {MOST_GROUPS} groups")
    wanted = {"just_in_time": just_in_time, "default_role": default_role, "group_roles": dict(group_roles)}
    with transaction():
        found = locked(public_id)
        before = {field: getattr(found, field) for field in wanted}
        if before != wanted:
            Connection.objects.filter(pk=found.pk).update(**wanted, updated_at=clock.now())
            audit.note("connection.roles_set", "connection", public_id, before=before, after=wanted)


def tested(public_id: str, *, by: str) -> None:
    """An owner saw that it would let them in. Raises NotFound."""
    with transaction():
        found = locked(public_id)
        found.tested_at = clock.now()
        found.save(update_fields=["tested_at"])
        audit.note("connection.tested", "connection", public_id, after={"by": by})


def activate(public_id: str) -> None:
    """From now on people may sign in through it. Raises NotFound, NotReady."""
    with transaction():
        found = locked(public_id)
        if found.tested_at is None:
            raise NotReady(
                f"{found.name} was not tested since it was changed", fix="press Test, and sign in as yourself"
            )
        _move(found, "connection.activated", state=State.ACTIVE)


def switch_off(public_id: str) -> None:
    """Nobody signs in through it; sessions that began so end. Raises NotFound, NotReady while it is enforced."""
    with transaction():
        found = locked(public_id)
        _refuse_enforced(found)
        _move(found, "connection.switched_off", state=State.OFF)


def remove(public_id: str) -> None:
    """It and who is who there are forgotten; accounts and members stay. Raises NotFound, NotReady while it is enforced."""
    with transaction():
        found = locked(public_id)
        _refuse_enforced(found)
        audit.note("connection.removed", "connection", public_id, before={"name": found.name, "issuer": found.issuer})
        found.delete()


def enforce(organization_id: int, public_id: str) -> None:
    """The one way in from now on; sessions that began otherwise end. Outside any scope.

    Raises NotFound, and NotReady when it does not work yet or nobody could come in when it is down.
    """
    with transaction():
        with tenancy.scope(organization_id):
            found = locked(public_id)
        # Behind the lock that `keep_one` takes too: whoever gives up being able does so before this, or asks after it.
        if not break_glass.able(organization_id).exists():
            raise NotReady("nobody could come in when the provider is down", fix="name an owner for that day first")
        with tenancy.scope(organization_id):
            if found.state != State.ACTIVE or found.tested_at is None:
                raise NotReady(f"{found.name} is not active and tested", fix="test and activate it first")
            other = Connection.objects.filter(enforced=True).exclude(pk=found.pk).first()
            if other is not None:
                raise NotReady(f"{other.name} is enforced", fix="stop enforcing that first")
            _move(found, "connection.enforced", enforced=True)


def relax(public_id: str, *, reason: str = "") -> None:
    """Passwords and passkeys work again. Raises NotFound."""
    with transaction():
        _move(locked(public_id), "connection.relaxed", reason=reason, enforced=False)


@needs_transaction
def locked(public_id: str) -> Connection:
    """The connection, to be changed. Raises NotFound."""
    found: Connection | None = Connection.objects.select_for_update().filter(public_id=public_id).first()
    if found is None:
        raise NotFound("there is no such connection", fix="choose one of the list")
    return found


@needs_transaction
def _move(found: Connection, action: str, *, reason: str = "", **wanted: Any) -> None:
    before = {field: getattr(found, field) for field in wanted}
    if before == wanted:
        return
    for field, value in wanted.items():
        setattr(found, field, value)
    found.updated_at = clock.now()
    found.save()
    audit.note(action, "connection", found.public_id, before=before, after=wanted, reason=reason or found.name)


@needs_transaction
def _test_again(found: Connection) -> None:
    _refuse_enforced(found)
    found.tested_at = None
    if found.state == State.ACTIVE:
        found.state = State.DRAFT


def _refuse_enforced(found: Connection) -> None:
    if found.enforced:
        raise NotReady(f"{found.name} is the only way in", fix="stop enforcing it first")


def _read(given: Mapping[str, Any]) -> dict[str, Any]:
    """Raises BadInput for what is too long, and for an empty secret."""
    read: dict[str, Any] = {}
    for field, value in given.items():
        if field == "client_secret":
            if not 0 < len(value) <= 500:
                raise BadInput("the client secret is empty or too long", fix="copy it as the provider shows it")
            read[field] = {"secret": value}
        elif field == "idp_certificates":
            read[field] = list(value)
        else:
            text = str(value).replace("\0", "").strip()
            if len(text) > TEXTS[field]:
                raise BadInput(f"{field.replace('_', ' ')} is too long", fix=f"at most {TEXTS[field]} characters")
            read[field] = text
    return read


def _shown(fields: Mapping[str, Any]) -> dict[str, Any]:
    """As the history may show it: that a secret was changed, never which."""
    hidden = {"client_secret": "changed", "idp_certificates": "changed"}
    return {field: hidden.get(field, value) for field, value in fields.items()}
