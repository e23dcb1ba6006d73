"""Two companies with a row in every table of tenants: whatever one of them does, nothing of the other is seen or changed."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from django.core import serializers
from django.db import Error, connection, transaction
from django.db.models import Model
from django.db.models.signals import post_init

from simplane.company.urls import pages
from simplane.core import jobs, tenancy
from simplane.core.jobs import Job
from simplane.core.tenancy import TenantModel
from simplane.delivery.models import Message
from simplane.organizations.invitations import invite
from simplane.organizations.keys import create_key
from simplane.organizations.models import ApiKey, CompanyRole, Invitation, Membership, Organization
from tests.companies import company
from tests.company.members import browser_of, member
from tests.tenancy.filled import filled, tenant_models

MARK = "zqxj-acme-"
Rows = Mapping[str, Model]
KINDS = {
    "people": "employee",
    "people/file": "peoplefile",
    "teams": "team",
    "cost-centres": "costcentre",
    "lines": "fleetline",
    "lines/many": "bulk",
    "mine": "fleetline",
    "rules": "policy",
    "budgets": "budget",
    "approvals": "approval",
    "alerts": "alert",
    "alerts/routes": "alertroute",
    "members": "membership",
    "members/invitations": "invitation",
    "settings/keys": "apikey",
    "settings/hr": "scimtoken",
    "settings/groups": "group",
    "settings/sign-in": "connection",
    "invoices": "invoice",
    "savings": "fleetline",
    "settings/domains": "domain",
    "views": "savedview",
}
"""What an address of a page names: the words before its first id -> the table."""
NAMED = {
    "alert_id": "alert",
    "approval_id": "approval",
    "bulk_id": "bulk",
    "connection_id": "connection",
    "employee_id": "employee",
    "fleet_line_id": "fleetline",
    "invoice_id": "invoice",
    "line_ids": "fleetline",
    "operation_id": "operation",
    "saving_id": "fleetline",
    "sent_id": "alertsent",
    "user_id": "breakglass",
}
"""What a job's argument names."""


@pytest.mark.django_db
def test_no_statement_reads_or_changes_a_row_of_another_company() -> None:
    acme, beta = company("acme"), company("beta")
    theirs = filled(acme, MARK)
    filled(beta, "beta-")
    before = state(acme)

    for name, row in theirs.items():
        model, table = type(row), row._meta.db_table
        with tenancy.scope(beta.pk):
            assert model.objects.count() == 1, name
            assert not model.objects.filter(pk=row.pk), name
            assert met(f"SELECT 1 FROM {table} WHERE organization_id <> {beta.pk}") == 0, name
            assert met(f"UPDATE {table} SET organization_id = {beta.pk} WHERE organization_id = {acme.pk}") == 0, name
            assert met(f"UPDATE {table} SET organization_id = {acme.pk}") == 0, name
            assert met(f"DELETE FROM {table} WHERE organization_id <> {beta.pk}") == 0, name
    assert state(acme) == before


@pytest.mark.django_db
def test_no_page_or_file_shows_or_changes_what_another_company_has() -> None:
    acme, beta = company("acme"), company("beta")
    theirs = filled(acme, MARK) | others(acme)
    eve = browser_of(member(beta), beta)
    before = state(acme)

    with loaded(acme) as seen:
        for pattern in pages:
            route = f"/{pattern.pattern}"
            address = named(theirs, route)
            for answer in (eve.get(address), eve.post(address, {"q": "zqxj", "confirm": "1", "reason": "x"})):
                assert answer.status_code < 500, address
                assert MARK not in answer.content.decode("latin-1"), address
                assert seen == [], address
                if address != route:
                    assert answer.status_code in (302, 404, 405), f"{address} answered {answer.status_code}"
    assert state(acme) == before


@pytest.mark.django_db(transaction=True)
def test_no_job_of_a_company_touches_the_rows_of_another_whose_ids_it_is_given() -> None:
    acme, beta = company("acme"), company("beta")
    theirs = filled(acme, MARK)
    filled(beta, "beta-")
    before = state(acme)

    with loaded(acme) as seen:
        for one in list(jobs.registered().values()):
            asked = inspect.signature(one.function).parameters
            if "organization_id" in asked:
                given = {name: argument(theirs, name) for name in asked} | {"organization_id": beta.pk}
                asyncio.run(jobs.perform(Job(one.name, given)))
                assert seen == [], one.name
    assert state(acme) == before
    assert MARK not in state(beta)
    assert MARK not in serializers.serialize("json", Message.objects.all())


def argument(theirs: Rows, name: str) -> Any:
    """The other company's row where a job names one; any word elsewhere."""
    if name not in NAMED:
        return {"subject_id": getattr(theirs["operation"], "public_id", ""), "step": 1}.get(name, "x")
    found = theirs[NAMED[name]].pk
    return [found] if name.endswith("ids") else found


def named(theirs: Rows, route: str) -> str:
    """The address with the id of the other company's row in the first place, a verb in what comes after."""
    first, *_ = re.split(r"<str:\w+>", route)
    if first == route:
        return route
    row = theirs[KINDS[first.strip("/")]]
    known = str(getattr(row, "public_id", None) or getattr(row, "host", None) or row.pk)
    return re.sub(r"<str:\w+>", "suspend", re.sub(r"<str:\w+>", known, route, count=1))


@contextmanager
def loaded(of: Organization) -> Iterator[list[str]]:
    """Names of the models of which a tenant row of the company came from the database, as they come."""
    seen: list[str] = []

    def look(instance: Model, **_: object) -> None:
        if isinstance(instance, TenantModel) and instance.__dict__.get("organization_id") == of.pk:
            seen.append(type(instance).__name__)

    post_init.connect(look)
    try:
        yield seen
    finally:
        post_init.disconnect(look)


def others(of: Organization) -> dict[str, Model]:
    """What a company has in tables that are not tenants' alone."""
    asked = invite(of.pk, f"{MARK}new@acme.example", CompanyRole.VIEWER, by=member(of))
    key = create_key(of, f"{MARK}key", scopes=["people:read"], by=CompanyRole.OWNER).key
    return {"membership": Membership.objects.get(organization=of), "invitation": asked, "apikey": key}


def state(of: Organization) -> str:
    """Every row of a company that belongs to tenants, as text."""
    with tenancy.everywhere():
        rows = [list(model.objects.filter(organization=of).order_by("pk")) for model in tenant_models()]
    shared = [list(kind.objects.filter(organization=of).order_by("pk")) for kind in (Membership, Invitation, ApiKey)]
    return "\n".join(serializers.serialize("json", found) for found in [*rows, *shared])


def met(statement: str) -> int:
    """How many rows a statement met; one that the database refuses met none."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            return int(cursor.rowcount)
    except Error:
        return 0
