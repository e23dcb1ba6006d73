"""A company moves to a database of its own: everything that is its, nothing of anybody else's, all or nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.auth import authenticate
from django.db import connection

from simplane.billing.models import BillingProfile
from simplane.core import audit, crypto, seals, tenancy
from simplane.core.db import transaction
from simplane.core.jobs import connection_parameters
from simplane.core.models import AuditEntry
from simplane.ledger import accounts
from simplane.ledger.models import Wallet
from simplane.ledger.verify import verify
from simplane.ops import tenant as command
from simplane.ops import tenant_plan
from simplane.ops.tenant_archive import BadArchive, Manifest, opened
from simplane.ops.tenant_export import DamagedHistory, export
from simplane.ops.tenant_import import Taken, take_in
from simplane.ordering.models import Unit
from simplane.organizations.models import Organization, User
from simplane.suppliers.models import Supplier
from simplane.workforce.models import Employee
from tests import factories, signin
from tests.billing import desk
from tests.company.members import member
from tests.tenancy.filled import filled

pytestmark = pytest.mark.django_db(transaction=True)
ACME, BETA = "zqxj-acme-", "zqxj-beta-"


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """Another database with our tables and no rows."""
    here = connection.settings_dict["NAME"]
    there = f"{here}_moved"
    # Other threads of this process may be connected to ours, which then can not be copied.
    empty = os.environ.get("SIMPLANE_TEST_TEMPLATE", here)
    accounts.forget()
    with psycopg.connect(**{**connection_parameters(), "dbname": "postgres"}, autocommit=True) as server:
        connection.close()
        server.execute(f"DROP DATABASE IF EXISTS {there}")
        server.execute(f"CREATE DATABASE {there} TEMPLATE {empty}")
        yield there
        at(here)
        server.execute(f"DROP DATABASE {there}")


def at(database: str) -> None:
    """From now on this process works with that database."""
    connection.close()
    connection.settings_dict["NAME"] = database
    accounts.forget()


def living(mark: str) -> Organization:
    """A company with a row in every table of tenants, an order that was served, money, an invoice and somebody who signs in."""
    of = desk.company(vat_id="DE136695976", name=f"{mark}name")
    of.slug = mark.strip("-")
    of.save()
    profile = BillingProfile.objects.get(organization=of)
    profile.delete()
    filled(of, mark)
    BillingProfile.objects.filter(organization=of).delete()
    profile.save()
    desk.on_credit(of)
    desk.buys(of, 1900)
    owner = factories.order(organization=of, book="company", customer=factories.customer(organization=of, name=mark))
    factories.delivered_unit(order=owner)
    factories.message(order_id=owner.pk)
    person = member(of, email=f"{mark}owner@example.com")
    person.is_staff = True
    person.set_password("a long password of an owner")
    person.save()
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    signin.add_authenticator_app(person)
    with transaction():
        audit.note("line.suspended", "line", mark, before={"a": 1.5}, organization_id=of.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO usage_event VALUES (%s, 1, now(), 5, 1, 1, 'DE', 'net', %s)", [of.pk, f"{mark}record"]
        )
    return of


def test_a_company_moves_whole_and_alone_and_leaves_again_as_it_came(
    elsewhere: str, tmp_path: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.set_day(settings, date(2026, 10, 10))
    with tenancy.everywhere():
        desk.seller()
        of, other = living(ACME), living(BETA)
        desk.set_day(settings, date(2026, 11, 3))
        invoice = desk.locked(of)
    file, here = tmp_path / "acme.tar", connection.settings_dict["NAME"]

    assert command.main(["export", of.slug, str(file)]) == 0
    told = capsys.readouterr().out
    assert command.main(["export", of.slug, str(file)]) == 1
    assert command.main(["export", "operator", str(tmp_path / "x")]) == 1
    assert ("exists already" in capsys.readouterr().out, (tmp_path / "x").exists()) == (True, False)
    raw = file.read_bytes()
    assert (ACME.encode() in raw, BETA.encode() in raw, file.stat().st_mode & 0o077) == (True, False, 0)
    manifest = opened(file).manifest
    counted = counts(of.pk)
    for log in ("core_auditentry", "core_auditseal"):
        counted[log] -= 1  # that it was exported; sealed by the next try
    rows = {one.name: one.rows for one in manifest.tables if one.name in counted}
    assert (rows.pop("ledger_account"), rows) == (
        5,
        {name: n for name, n in counted.items() if name != "ledger_account"},
    )
    assert set(counted) >= {"fleet_operation", "usage_event", "ledger_wallet", "billing_invoice", "core_auditseal"}
    assert {"suppliers_purchase", "lines_line", "mfa_authenticator"} <= {one.name for one in manifest.tables}

    at(elsewhere)
    refused(file, tmp_path)
    assert command.main(["import", str(file)]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == told.splitlines()
    export(of.slug, tmp_path / "again.tar")
    arrived(of.pk, manifest, opened(tmp_path / "again.tar").manifest)
    grown = {"core_auditentry": counted["core_auditentry"] + 2, "core_auditseal": counted["core_auditseal"] + 1}
    assert counts(of.pk) == {**counted, **grown}
    with pytest.raises(Taken, match="in use here"):
        take_in(file)
    stands(of, other, invoice.number)

    at(here)
    Unit.objects.filter(organization=of).update(tops_up=Unit.objects.get(organization=other))
    with pytest.raises(tenant_plan.Entangled, match="ordering_unit"):
        export(of.slug, tmp_path / "entangled.tar")
    Unit.objects.filter(organization=of).update(tops_up=None)
    AuditEntry.objects.create(pk=0, at=of.created_at, actor="boss", action="forged", organization_id=of.pk)
    with pytest.raises(DamagedHistory, match="entry 0 has no seal"):
        export(of.slug, tmp_path / "forged.tar")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["acme.tar", "again.tar", "wrong.tar"]


def arrived(of: int, was: Manifest, now: Manifest) -> None:
    """Again the same bytes, but for the audit log, which goes on: that it left is not in the file yet, that it arrived is."""
    grown = {"core_auditentry", "core_auditseal"}
    before, after = ({one.name: one for one in manifest.tables} for manifest in (was, now))
    assert {name for name in after if before[name].sha256 != after[name].sha256} == grown
    assert [after[name].rows - before[name].rows for name in sorted(grown)] == [1, 1]
    assert list(before) == list(after)
    told = AuditEntry.objects.filter(organization_id=of, entity="organization").order_by("pk")
    assert list(told.values_list("action", flat=True))[-2:] == ["tenant.imported", "tenant.exported"]


def refused(file: Path, folder: Path) -> None:
    """A byte changed, a manifest written anew, another key: nothing of it comes in."""
    raw, wrong = file.read_bytes(), folder / "wrong.tar"
    manifest = opened(file).manifest
    mine = json.dumps(manifest.told(), indent=1).encode()
    table = raw.index(b"zqxj-acme-record")
    digest = manifest.sha256.encode()
    for changed in (
        raw[:table] + b"Z" + raw[table + 1 :],
        raw[: raw.index(digest)] + b"0" * 64 + raw[raw.index(digest) + 64 :],
        raw.replace(mine[-200:], mine[-200:].replace(b'"seal": "', b'"seal": "0')[:200], 1),
        raw[: len(raw) // 2],
        b"nothing",
    ):
        wrong.write_bytes(changed)
        with pytest.raises(BadArchive):
            take_in(wrong)
    assert not Organization.objects.exists()


def counts(of: int) -> dict[str, int]:
    """Rows of every table that names the organization, without what the program thinks of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.columns WHERE column_name = 'organization_id'")
        names = sorted({name for (name,) in cursor.fetchall() if not name.startswith("usage_event_")})
        found = {}
        for name in names:
            cursor.execute(f"SELECT count(*) FROM {name} WHERE organization_id = %s", [of])
            found[name] = int((cursor.fetchone() or [0])[0])
    return {name: count for name, count in found.items() if count}


def stands(of: Organization, other: Organization, number: str) -> None:
    """In its new database: walls, books, history, secrets and logins; new rows get new numbers."""
    with tenancy.scope(of.pk):
        assert Employee.objects.count() == 1
        with connection.cursor() as cursor:
            cursor.execute("SELECT number FROM billing_invoice WHERE number <> ''")
            assert (number,) in cursor.fetchall()
    with tenancy.scope(other.pk):
        assert Employee.objects.count() == 0
    assert (verify().problems, seals.verify(of.pk).problems) == ((), ())
    person = User.objects.get(email=f"{ACME}owner@example.com")
    assert (person.is_staff, Authenticator.objects.filter(user=person).count()) == (False, 1)
    assert authenticate(None, email=person.email, password="a long password of an owner") == person
    strangers = User.objects.exclude(memberships__organization=of)
    assert [(one.has_usable_password(), one.is_active) for one in strangers] == [(False, False)] * strangers.count()
    assert Supplier.objects.first() is not None
    assert all(isinstance(one.credentials, dict) for one in Supplier.objects.all())
    with tenancy.everywhere():
        desk.on_credit(factories.organization(kind="company", slug="next"))
    assert Wallet.objects.count() == 2


def test_an_archive_of_another_key_is_refused(tmp_path: Path, settings: Any) -> None:
    factories.organization(kind="company", slug="acme")
    export("acme", tmp_path / "acme.tar")
    settings.SECRET_KEY = "another" * 10
    crypto._box.cache_clear()

    assert command.main(["import", str(tmp_path / "acme.tar")]) == 1

    crypto._box.cache_clear()
    assert Organization.objects.filter(slug="acme").count() == 1


def test_every_table_is_a_companys_or_it_is_said_why_it_stays_or_is_everybodys() -> None:
    everybodys = {
        model._meta.label_lower
        for model in tenant_plan._moving()
        if not tenant_plan.own(model) and not model._meta.auto_created
    }

    assert everybodys == {
        "core.schedule", "core.ratelimit", "core.cacheentry", "core.bookmark", "alerts.alert", "delivery.suppression",
        "catalog.product", "catalog.price", "catalog.exchangerate", "catalog.tier", "ledger.period",
        "suppliers.supplier", "suppliers.offer", "suppliers.offerchange", "suppliers.catalogrun",
        "suppliers.quarantinedoffer", "routing.match", "routing.rule", "payments.invoiceseries",
        "payments.stripeaccount", "payments.payout", "billing.seller", "billing.numberseries", "billing.monthrun",
    }  # fmt: skip
    assert set(tenant_plan.STAYS) <= {one._meta.label_lower for one in apps.get_models(include_auto_created=True)}
