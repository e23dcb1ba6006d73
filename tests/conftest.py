"""Fixtures for all tests. Factories live in tests/factories/."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import settings

from simplane.ledger import accounts
from simplane.routing import stats

# The suite says the same every time; HYPOTHESIS_PROFILE=explore looks for what nobody has thought of yet.
settings.register_profile("suite", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))
# A hash takes a quarter of a second on purpose; nobody attacks the passwords of tests.
PBKDF2PasswordHasher.iterations = 1_000


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """What a process remembers belongs to one test's rows."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    stats.forget()
    accounts.forget()


def _empty_what_was_used(_: TransactionTestCase) -> None:
    """After a test that commits: only tables that hold rows, the queue's too. Django's flush truncates every table, which
    took longer than most tests."""
    with connection.cursor() as cursor:
        cursor.execute(EMPTY)


EMPTY = """
DO $$ DECLARE one regclass; used boolean; BEGIN
  -- Neither the order of foreign keys nor the rule that the ledger only grows holds here.
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    AND relname NOT IN ('django_migrations', 'django_content_type', 'auth_permission') LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', one) INTO used;
    IF used THEN EXECUTE format('DELETE FROM %s', one); END IF;
  END LOOP;
END $$
"""
TransactionTestCase._fixture_teardown = _empty_what_was_used  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """Our own test server comes with a migrated database: each worker's is a copy of it."""
    connection.settings_dict["TEST"]["TEMPLATE"] = os.environ.get("SIMPLANE_TEST_TEMPLATE", "template0")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database can only be dropped without connections."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
