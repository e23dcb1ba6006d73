"""Install links: one live one, revocable, counted."""

from __future__ import annotations

import pytest

from simplane.core.db import transaction
from simplane.core.errors import NotFound
from simplane.core.models import AuditEntry
from simplane.delivery import links
from simplane.delivery.models import InstallLink
from simplane.ordering.models import Unit
from tests import factories

pytestmark = pytest.mark.django_db


def token_of(unit: Unit) -> str:
    return links.unit_token(unit_id=unit.pk, order_id=unit.order_id, line=unit.line, locale="en")


def test_a_unit_keeps_its_one_link() -> None:
    unit = factories.delivered_unit()
    assert token_of(unit) == token_of(unit)
    assert InstallLink.objects.filter(unit_id=unit.pk).count() == 1


def test_a_link_made_before_the_purchase_gets_the_line_later() -> None:
    unit = factories.delivered_unit()
    early = links.unit_token(unit_id=unit.pk, order_id=unit.order_id, line=None, locale="en")
    assert token_of(unit) == early
    assert InstallLink.objects.get(token=early).line == unit.line


def test_a_replacement_moves_the_link_to_the_new_line() -> None:
    unit = factories.delivered_unit()
    token = token_of(unit)
    replacement = factories.line()
    links.unit_token(unit_id=unit.pk, order_id=unit.order_id, line=replacement, locale="en")
    assert InstallLink.objects.get(token=token).line == replacement


def test_an_order_has_its_own_link_beside_those_of_its_units() -> None:
    unit = factories.delivered_unit()
    token_of(unit)
    first = links.order_url(unit.order_id)
    assert links.order_url(unit.order_id) == first
    assert "/o/" in first
    assert InstallLink.objects.filter(order_id=unit.order_id).count() == 2


def test_a_token_can_not_be_guessed() -> None:
    tokens = {token_of(factories.delivered_unit()) for _ in range(20)}
    assert len(tokens) == 20
    assert {len(token) for token in tokens} == {26}


def test_a_person_revokes_a_link_and_the_trail_says_so() -> None:
    link = factories.install_link()
    links.revoke(link.pk, reason="sent to the wrong person")
    link.refresh_from_db()
    assert link.revoked_reason == "sent to the wrong person"
    entry = AuditEntry.objects.get(action="link.revoked")
    assert entry.reason == "sent to the wrong person"
    assert link.token not in str(entry.after)


def test_revoking_twice_keeps_the_first_moment() -> None:
    link = factories.install_link()
    links.revoke(link.pk, reason="first")
    links.revoke(link.pk, reason="second")
    link.refresh_from_db()
    assert link.revoked_reason == "first"
    assert AuditEntry.objects.filter(action="link.revoked").count() == 1


def test_there_is_nothing_to_revoke_at_an_unknown_link() -> None:
    with pytest.raises(NotFound):
        links.revoke(0, reason="x")


def test_a_rotated_link_leaves_the_old_one_dead() -> None:
    unit = factories.delivered_unit()
    old = InstallLink.objects.get(token=token_of(unit))
    new = links.rotate(old.pk, reason="leaked")
    old.refresh_from_db()
    assert old.revoked_at is not None
    assert (new.token != old.token, new.unit_id, new.line) == (True, unit.pk, unit.line)


def test_a_link_of_an_order_rotates_as_well() -> None:
    order = factories.order()
    old = InstallLink.objects.get(token=links.order_token(order_id=order.pk, locale="de"))
    new = links.rotate(old.pk, reason="leaked")
    assert (new.order_id, new.unit_id, new.locale) == (order.pk, None, "de")


def test_a_cancel_withdraws_the_links_of_its_unit_only() -> None:
    unit, other = factories.delivered_unit(), factories.delivered_unit()
    token_of(unit), token_of(other)
    with transaction():
        assert links.revoke_unit_links(unit.pk, reason="refund at the shop") == 1
        assert links.revoke_unit_links(unit.pk, reason="again") == 0
    assert list(
        InstallLink.objects.filter(revoked_at=None, unit_id__isnull=False).values_list("unit_id", flat=True)
    ) == [other.pk]


def test_views_are_counted_from_the_first_to_the_last() -> None:
    link = factories.install_link()
    links.note_view(link.pk)
    link.refresh_from_db()
    first = link.first_seen_at
    links.note_view(link.pk)
    link.refresh_from_db()
    assert link.views == 2
    assert link.first_seen_at == first
    assert link.last_seen_at is not None
    assert first is not None
    assert link.last_seen_at > first
