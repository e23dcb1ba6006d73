"""Addresses of install pages: unguessable, revocable, and their own key. Never log one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from django.conf import settings
from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from simplane.core import audit, clock, ids
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import NotFound
from simplane.delivery.models import InstallLink
from simplane.lines.models import Line


def unit_token(*, unit_id: int, order_id: int, line: Line | None, locale: str) -> str:
    """The token of the unit's one live link, made when there is none. A newer line replaces the link's line.

    One statement: it joins the caller's transaction or is its own.
    """
    return _live(
        "(unit_id) WHERE unit_id IS NOT NULL AND revoked_at IS NULL",
        unit_id=unit_id,
        order_id=order_id,
        line_id=line.pk if line else None,
        locale=locale,
    )


def order_token(*, order_id: int, locale: str) -> str:
    """The token of the order's one live link, made when there is none; one statement, as above."""
    conflict = "(order_id) WHERE unit_id IS NULL AND revoked_at IS NULL"
    return _live(conflict, unit_id=None, order_id=order_id, line_id=None, locale=locale)


def _live(conflict: str, *, unit_id: int | None, order_id: int, line_id: int | None, locale: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO delivery_installlink AS link (token, unit_id, order_id, line_id, locale, created_at,"  # noqa: S608
            f" revoked_reason, views) VALUES (%s, %s, %s, %s, %s, %s, '', 0) ON CONFLICT {conflict}"
            " DO UPDATE SET line_id = COALESCE(EXCLUDED.line_id, link.line_id) RETURNING token",
            [ids.secret_token(), unit_id, order_id, line_id, locale[:10], clock.now()],
        )
        row = cursor.fetchone()
    assert row is not None
    return str(row[0])


@needs_transaction
def make_live(wanted: Sequence[tuple[int, int, int, str]]) -> None:
    """As `unit_token` and `order_token` for several: (order, unit, line, locale), each unit once."""
    orders = {order_id: locale for order_id, _, _, locale in wanted}
    given = [_wanted(order_id, unit_id, line_id, locale) for order_id, unit_id, line_id, locale in wanted]
    given += [_wanted(order_id, None, None, locale) for order_id, locale in orders.items()]
    with connection.cursor() as cursor:
        cursor.execute(MAKE_LIVE, [msgspec.json.encode(given).decode(), clock.now(), clock.now()])


def _wanted(order_id: int, unit_id: int | None, line_id: int | None, locale: str) -> dict[str, object]:
    token = ids.secret_token()
    return {"token": token, "order_id": order_id, "unit_id": unit_id, "line_id": line_id, "locale": locale[:10]}


MAKE_LIVE = """
WITH given AS (
  SELECT * FROM json_to_recordset(%s::json)
    AS one (token text, order_id bigint, unit_id bigint, line_id bigint, locale text)
), of_units AS (
  INSERT INTO delivery_installlink AS link (token, unit_id, order_id, line_id, locale, created_at, revoked_reason, views)
  SELECT token, unit_id, order_id, line_id, locale, %s, '', 0 FROM given WHERE unit_id IS NOT NULL
  ON CONFLICT (unit_id) WHERE unit_id IS NOT NULL AND revoked_at IS NULL DO UPDATE SET line_id = EXCLUDED.line_id
)
INSERT INTO delivery_installlink (token, order_id, locale, created_at, revoked_reason, views)
SELECT token, order_id, locale, %s, '', 0 FROM given WHERE unit_id IS NULL ORDER BY order_id
ON CONFLICT (order_id) WHERE unit_id IS NULL AND revoked_at IS NULL DO NOTHING
"""


def order_url(order_id: int, *, locale: str = "") -> str:
    """The address of the order's page, for the shop and the buyer."""
    with connection.cursor() as cursor:
        cursor.execute(LIVE_OF_ORDER, [order_id])
        row = cursor.fetchone()
    return address_of_order(row[0] if row else order_token(order_id=order_id, locale=locale))


LIVE_OF_ORDER = "SELECT token FROM delivery_installlink WHERE order_id = %s AND unit_id IS NULL AND revoked_at IS NULL"


def address_of_unit(token: str) -> str:
    """The full address of a unit's page."""
    return f"{settings.SIMPLANE.base_url.rstrip('/')}/e/{token}"


def address_of_order(token: str) -> str:
    """The full address of an order's page."""
    return f"{settings.SIMPLANE.base_url.rstrip('/')}/o/{token}"


def revoke(link_id: int, *, reason: str) -> None:
    """A person withdraws a link; its page says so from now on. Revoking twice changes nothing. Raises NotFound."""
    with transaction():
        _revoke(_locked(link_id), reason)


def rotate(link_id: int, *, reason: str) -> InstallLink:
    """Withdraw a link that got into wrong hands, and make another for the same unit or order. Raises NotFound."""
    with transaction():
        old = _locked(link_id)
        _revoke(old, reason)
        if old.unit_id is None:
            token = order_token(order_id=old.order_id, locale=old.locale)
        else:
            token = unit_token(unit_id=old.unit_id, order_id=old.order_id, line=old.line, locale=old.locale)
        return InstallLink.objects.get(token=token)


@needs_transaction
def revoke_unit_links(unit_id: int, *, reason: str) -> int:
    """Part of a cancel or replacement: withdraw the unit's live link. Returns how many were live (0 or 1)."""
    live = InstallLink.objects.filter(unit_id=unit_id, revoked_at__isnull=True)
    return live.update(revoked_at=clock.now(), revoked_reason=reason[:120])


def _locked(link_id: int) -> InstallLink:
    link = InstallLink.objects.select_for_update(of=("self",)).select_related("line").filter(pk=link_id).first()
    if link is None:
        raise NotFound("there is no such link")
    return link


def _revoke(link: InstallLink, reason: str) -> None:
    if link.revoked_at is not None:
        return
    link.revoked_at, link.revoked_reason = clock.now(), reason[:120]
    link.save(update_fields=["revoked_at", "revoked_reason"])
    audit.note("link.revoked", "link", link.pk, after={"order": link.order_id, "unit": link.unit_id}, reason=reason)


def note_view(link_id: int) -> None:
    """Count a view of the page, evidence that the buyer had it. Skipped, not waited for, while another view counts."""
    now = clock.now()
    with transaction():
        free = InstallLink.objects.select_for_update(skip_locked=True).filter(pk=link_id).values_list("pk", flat=True)
        InstallLink.objects.filter(pk__in=list(free)).update(
            views=F("views") + 1, last_seen_at=now, first_seen_at=Coalesce(F("first_seen_at"), Value(now))
        )
