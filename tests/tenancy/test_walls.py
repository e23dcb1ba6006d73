"""Two walls between tenants: managers that must be told whose rows, and a database role that sees nobody else's."""

from __future__ import annotations

import threading

import pytest
from django.apps import apps
from django.db import Error, connection, transaction

from simplane.core import audit, events, jobs, tenancy
from simplane.core.models import AuditEntry
from simplane.core.tenancy import TenantModel, Unscoped
from simplane.organizations.models import Membership, Organization, User
from simplane.workforce.models import Employee
from tests.companies import company, employee

pytestmark = pytest.mark.django_db
WALLED = """
SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
       (SELECT count(*) FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polroles <> '{0}') = 2
  FROM pg_class AS c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
   AND has_any_column_privilege('simplane_tenant', c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
"""
FAILING = """
CREATE SCHEMA failing; GRANT USAGE ON SCHEMA failing TO simplane_tenant;
CREATE FUNCTION failing.set_config(text, text, boolean) RETURNS text LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'not now'; END $$;
"""
"""What leaves a scope fails on a connection that is whole."""
NO_TENANTS_DATA = {"core_event", "procrastinate_jobs", "procrastinate_events"}
"""A tenant's request writes into these and reads nothing of them."""


def test_who_asks_without_saying_for_whom_gets_an_error_and_no_rows() -> None:
    employee(company("acme"))

    with pytest.raises(Unscoped, match="outside a scope"):
        Employee.objects.count()
    with tenancy.everywhere():
        assert Employee.objects.count() == 1


def test_in_a_scope_only_its_own_rows_are_seen_by_managers_and_by_raw_sql() -> None:
    acme, beta = company("acme"), company("beta")
    ana = employee(acme)
    employee(beta)

    with tenancy.scope(acme.pk):
        assert [one.pk for one in Employee.objects.all()] == [ana.pk]
        assert rows("SELECT id FROM workforce_employee") == [(ana.pk,)]
        assert rows("SELECT id FROM organizations_organization") == [(acme.pk,)]
    with tenancy.everywhere():
        assert Employee.objects.count() == 2


def test_no_statement_writes_into_another_company() -> None:
    acme, beta = company("acme"), company("beta")
    ana, ben = employee(acme), employee(beta, "Ben Ott")

    with tenancy.scope(acme.pk):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE workforce_employee SET title = 'x'")
            assert cursor.rowcount == 1
            cursor.execute("DELETE FROM workforce_employee WHERE id = %s", [ben.pk])
            assert cursor.rowcount == 0
        with pytest.raises(Unscoped, match="of organization"):
            Employee(organization=beta, email="x@beta.example").save()
        with pytest.raises(Error, match="row-level security"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE workforce_employee SET organization_id = %s WHERE id = %s", [beta.pk, ana.pk])

    with tenancy.everywhere():
        assert Employee.objects.get(pk=ben.pk).title == ""


@pytest.mark.parametrize("table", ["ordering_order", "ledger_entry", "suppliers_supplier", "organizations_apikey"])
def test_what_belongs_to_all_of_us_is_out_of_reach(table: str) -> None:
    with tenancy.scope(company().pk), pytest.raises(Error, match="permission denied"), transaction.atomic():
        rows(f"SELECT * FROM {table}")


def test_a_company_sees_of_people_only_its_own_members_and_no_password() -> None:
    acme, beta = company("acme"), company("beta")
    for place, who in ((acme, "ana"), (beta, "ben")):
        person = User.objects.create_user(f"{who}@{place.slug}.example")
        Membership.objects.create(organization=place, user=person, role="owner", created_at=place.created_at)

    with tenancy.scope(acme.pk):
        assert rows("SELECT email FROM organizations_user") == [("ana@acme.example",)]
        with pytest.raises(Error, match="permission denied"), transaction.atomic():
            rows("SELECT password FROM organizations_user")


def test_news_jobs_and_history_of_a_company_are_written_in_its_scope() -> None:
    acme, beta = company("acme"), company("beta")

    with tenancy.scope(acme.pk):
        audit_in_a_transaction("team.made")
        assert AuditEntry.objects.count() == 1
    with tenancy.scope(beta.pk):
        assert AuditEntry.objects.count() == 0
    assert AuditEntry.objects.get().organization_id == acme.pk
    assert rows("SELECT task_name FROM procrastinate_jobs") == [("usage.refresh_line",)]


def audit_in_a_transaction(action: str) -> None:
    with transaction.atomic():
        audit.note(action, "team", 1)
        events.record(events.News())
        jobs.enqueue("usage.refresh_line", once_key="x", line_id=1)
        jobs.enqueue("usage.refresh_line", once_key="x", line_id=1)


def test_leaving_a_scope_gives_the_connection_back_as_it_was_also_after_an_error() -> None:
    acme = company()
    with pytest.raises(ZeroDivisionError), tenancy.scope(acme.pk):
        assert 1 / 0

    assert rows("SELECT current_user <> 'simplane_tenant', simplane_organization()") == [(True, None)]
    with tenancy.scope(acme.pk), pytest.raises(Unscoped), tenancy.scope(acme.pk + 1):
        pass
    assert Organization.objects.count() == 1


def test_who_looks_everywhere_may_narrow_the_view_but_not_leave_a_scope_that_way() -> None:
    acme = company()
    employee(acme)
    employee(company("beta"))

    with tenancy.everywhere():
        with tenancy.scope(acme.pk):
            assert Employee.objects.count() == 1
        assert Employee.objects.count() == 2
    with tenancy.scope(acme.pk), pytest.raises(Unscoped), tenancy.everywhere():
        pass


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_breaks_comes_back_behind_the_same_wall() -> None:
    acme, beta = company("acme"), company("beta")
    employee(acme)
    employee(beta)

    with tenancy.scope(acme.pk):
        connection.close()
        assert rows("SELECT count(*) FROM workforce_employee") == [(1,)]
    assert rows("SELECT count(*) FROM workforce_employee") == [(2,)]


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_can_not_be_taken_out_of_a_scope_is_closed() -> None:
    acme = company()
    with connection.cursor() as cursor:
        cursor.execute(FAILING)
    with tenancy.scope(acme.pk):
        walled = connection.connection
        walled.execute("SET search_path = failing, pg_catalog, public")

    assert walled.closed
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA failing CASCADE")
    assert rows("SELECT current_user::text <> 'simplane_tenant', simplane_organization()") == [(True, None)]


@pytest.mark.django_db(transaction=True)
def test_a_scope_does_not_reach_into_other_threads() -> None:
    acme = company()
    seen: list[object] = []

    def elsewhere() -> None:
        seen.extend(rows("SELECT current_user::text <> 'simplane_tenant'"))
        connection.close()

    with tenancy.scope(acme.pk):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert seen == [(True,)]


def test_a_role_that_is_only_a_tenant_sees_nothing_without_a_scope() -> None:
    """As the application's own role, by a plain connection: the wall is in the database, not in our code."""
    employee(company())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE simplane_tenant")
        cursor.execute("SELECT count(*) FROM workforce_employee")
        assert cursor.fetchone() == (0,)
        cursor.execute("RESET ROLE")


def test_every_table_that_a_tenant_reaches_is_behind_the_wall() -> None:
    reached = {name: whole for name, forced, policies in rows(WALLED) for whole in [forced and policies]}

    assert {name for name, whole in reached.items() if not whole} == NO_TENANTS_DATA
    for model in apps.get_models():
        if issubclass(model, TenantModel):
            assert reached.get(model._meta.db_table), f"{model._meta.db_table} has no wall: see core/walls.py"


def rows(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())
