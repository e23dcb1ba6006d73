"""Two walls between tenants (docs/adr/0022): managers that refuse to be asked without a scope, and row-level security.

Inside `scope(organization)` this thread's connection acts as the role `simplane_tenant`, which owns nothing and sees one
organization's rows of the tables that `core/walls.py` opened to it, and no others. What belongs to all of us (orders,
ledger, suppliers) is out of its reach: a request of a tenant writes what is wanted, and jobs of ours do it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import Error, connection, models
from django.db.backends.signals import connection_created
from django.db.backends.utils import CursorWrapper
from django.dispatch import receiver
from psycopg.pq import TransactionStatus

from simplane.core.log import logger

log = logger(__name__)
ROLE = "simplane_tenant"
M = TypeVar("M", bound=models.Model)


class Unscoped(RuntimeError):
    """A bug of ours: tenants' rows were asked for without saying whose. Never an answer to a person."""


class _Everywhere:
    """In place of an organization: all of them."""


EVERYWHERE = _Everywhere()
_scope: ContextVar[int | _Everywhere | None] = ContextVar("tenancy", default=None)


def organization_id() -> int:
    """Whose scope this is. Raises Unscoped outside one, and where all organizations are looked at."""
    found = _scope.get()
    if not isinstance(found, int):
        raise Unscoped("no organization's scope is entered: open tenancy.scope(…) around this")
    return found


def scoped_to() -> int | None:
    """As `organization_id`, or None outside a scope: for what belongs to a tenant only when one acts."""
    found = _scope.get()
    return found if isinstance(found, int) else None


@contextmanager
def scope(organization: int) -> Iterator[None]:
    """Act for one organization in this thread. Entering the same one again is nothing; another one inside is refused.

    Inside `everywhere()` it narrows the view until it is left.
    """
    if _scope.get() == organization:
        yield
        return
    if isinstance(_scope.get(), int):
        raise Unscoped(f"scope {organization} inside scope {_scope.get()}: leave that first")
    token = _scope.set(organization)
    try:
        _enter(organization)
        yield
    finally:
        _scope.reset(token)
        _leave()


@contextmanager
def everywhere() -> Iterator[None]:
    """Look at all organizations: for our staff's pages and for jobs that go through them one by one."""
    if isinstance(_scope.get(), int):
        raise Unscoped("everywhere() inside a scope: leave that first")
    token = _scope.set(EVERYWHERE)
    try:
        yield
    finally:
        _scope.reset(token)


def cache_key(key: str) -> str:
    """A key of the shared cache that no other tenant can meet."""
    return f"org:{organization_id()}:{key}"


def _enter(organization: int) -> None:
    _set(connection.cursor(), ROLE, str(organization))
    connection.simplane_scope = organization  # type: ignore[attr-defined]


def _leave() -> None:
    connection.simplane_scope = None  # type: ignore[attr-defined]
    raw = connection.connection
    # No connection: nothing to leave. A failed transaction takes nothing more, and its rollback takes the role back.
    if raw is not None and not raw.closed and raw.info.transaction_status != TransactionStatus.INERROR:
        try:
            _set(connection.cursor(), "none", "")
        except BaseException as error:
            # Whoever had this connection next would act behind the wall of this company.
            connection.close()
            if not isinstance(error, Error):
                raise
            log.warning("tenancy.connection_closed", error=str(error))


def _set(cursor: CursorWrapper, role: str, organization: str) -> None:
    with cursor:
        cursor.execute(
            "SELECT set_config('app.organization', %s, false), set_config('role', %s, false)", [organization, role]
        )


@receiver(connection_created, dispatch_uid="tenancy")
def _wall_again(*, connection: Any, **_: object) -> None:
    """A connection that broke inside a scope comes back behind the same wall."""
    organization = getattr(connection, "simplane_scope", None)
    if organization is not None:
        _set(connection.cursor(), ROLE, str(organization))


class TenantQuerySet(models.QuerySet[M]):
    """Rows of the scope's organization; what is made in it belongs to it."""

    def create(self, **fields: Any) -> M:
        return super().create(**_owned(fields))

    def bulk_create(self, objs: Iterable[M], *args: Any, **options: Any) -> list[M]:
        made = list(objs)
        for one in made:
            _own(one)
        return super().bulk_create(made, *args, **options)


class TenantManager(models.Manager[M]):
    """Raises Unscoped outside `scope` and `everywhere`; filters inside a scope."""

    def get_queryset(self) -> models.QuerySet[M]:
        rows: models.QuerySet[M] = TenantQuerySet(self.model, using=self._db)
        found = _scope.get()
        if found is None:
            raise Unscoped(f"{self.model.__name__} is asked for outside a scope: open tenancy.scope(…) around this")
        if isinstance(found, _Everywhere):
            return rows
        if getattr(connection, "simplane_scope", None) != found:
            raise Unscoped("the scope was entered in another thread: enter it in the one that asks")
        return rows.filter(organization_id=found)


class TenantModel(models.Model):
    """Base of every table that belongs to tenants. Its migration opens it by `walls.wall(table)`."""

    organization = models.ForeignKey("organizations.Organization", models.PROTECT, db_index=False, related_name="+")
    objects: TenantManager[Any] = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **options: Any) -> None:
        _own(self)
        super().save(*args, **options)


def _owned(fields: dict[str, Any]) -> dict[str, Any]:
    here = scoped_to()
    return fields if here is None or "organization" in fields else {"organization_id": here, **fields}


def _own(one: models.Model) -> None:
    """Fill in the organization of the scope; refuse a row of another one."""
    here, owner = scoped_to(), getattr(one, "organization_id", None)
    if here is None:
        return
    if owner is None:
        one.organization_id = here  # type: ignore[attr-defined]
    elif owner != here:
        raise Unscoped(f"a {type(one).__name__} of organization {owner} is written in the scope of {here}")
