"""API keys: shown once, rotated with an overlap, revoked at once; a bad wish makes none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from simplane.core import clock
from simplane.core.errors import BadInput, NotFound
from simplane.core.models import AuditEntry
from simplane.organizations.keys import SCOPES, create_key, hash_of, revoke_key, rotate_key
from simplane.organizations.models import ApiKey
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def test_only_the_hash_of_a_secret_is_kept() -> None:
    made = create_key(factories.organization(kind="reseller"), "shop")

    row = ApiKey.objects.get()
    assert len(made.secret) == len("sk_live_") + 32
    assert (bytes(row.hash), row.prefix, row.scopes) == (hash_of(made.secret), made.secret[:12], sorted(SCOPES))
    everything = " ".join(str(value) for value in ApiKey.objects.values_list().get())
    assert made.secret not in everything
    assert made.secret not in str(AuditEntry.objects.values_list("after", "before").get())


def test_the_kind_of_account_stands_in_the_key() -> None:
    twin = factories.organization(kind="reseller", is_test=True)

    assert create_key(twin, "shop").secret.startswith("sk_test_")


@pytest.mark.parametrize(
    "wish",
    [
        {"name": ""},
        {"name": "x" * 81},
        {"scopes": []},
        {"scopes": ["orders:write", "everything"]},
        {"allowed_networks": ["here"]},
        {"allowed_networks": ["203.0.113.7/24"]},
    ],
)
def test_a_bad_wish_makes_no_key(wish: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        create_key(factories.organization(), **{"name": "shop", **wish})

    assert not ApiKey.objects.exists()


def test_a_rotated_key_works_until_the_overlap_ends() -> None:
    owner = factories.organization(kind="reseller")
    old = create_key(owner, "shop", scopes=["orders:read"], allowed_networks=["203.0.113.0/24"]).key
    before = clock.now()
    new = rotate_key(owner.pk, old.public_id, overlap=timedelta(hours=1))

    old.refresh_from_db()
    assert old.expires_at is not None
    assert timedelta(0) <= old.expires_at - before - timedelta(hours=1) < timedelta(minutes=1)
    assert (new.key.scopes, new.key.allowed_networks, new.key.expires_at) == (["orders:read"], ["203.0.113.0/24"], None)


def test_a_second_rotation_never_prolongs_the_first_key() -> None:
    owner = factories.organization(kind="reseller")
    old = create_key(owner, "shop").key
    rotate_key(owner.pk, old.public_id, overlap=timedelta(0))
    ends = ApiKey.objects.get(pk=old.pk).expires_at
    rotate_key(owner.pk, old.public_id, overlap=timedelta(days=7))

    assert ApiKey.objects.get(pk=old.pk).expires_at == ends


def test_nobody_rotates_or_revokes_the_key_of_another() -> None:
    key = create_key(factories.organization(kind="reseller"), "shop").key
    stranger = factories.organization(kind="reseller")

    with pytest.raises(NotFound):
        revoke_key(stranger.pk, key.public_id)
    with pytest.raises(NotFound):
        rotate_key(stranger.pk, key.public_id)
    with pytest.raises(BadInput):
        rotate_key(key.organization_id, key.public_id, overlap=timedelta(days=31))

    row = ApiKey.objects.get()
    assert (row.revoked_at, row.expires_at) == (None, None)


def test_a_key_is_revoked_once() -> None:
    owner = factories.organization(kind="reseller")
    key = create_key(owner, "shop").key
    revoke_key(owner.pk, key.public_id)

    assert ApiKey.objects.get().revoked_at is not None
    with pytest.raises(NotFound, match="no such key"):
        revoke_key(owner.pk, key.public_id)
