"""Tables and settings of the eSIM Go stand-in."""

from collections.abc import Mapping
from typing import Any

SCHEMA = """
create table if not exists bundle (
    name text primary key, price_minor integer, active integer not null default 1, profile text not null,
    megabytes integer not null, days integer not null, unlimited integer not null, autostart integer not null,
    description text not null, groups text not null, countries text not null, region text not null,
    body text not null) without rowid;

create table if not exists purchase (
    number integer primary key, reference text not null unique, kind text not null, created_ns integer not null,
    ready_at real not null, outcome text not null, assigned integer not null, topup integer not null,
    items text not null, total_minor integer not null, balance_after_minor integer not null,
    refunded_minor integer not null default 0);
create index if not exists purchase_created on purchase (created_ns);

create table if not exists esim (
    iccid text primary key, profile text not null, created_ns integer not null, ready_at real not null,
    profile_status text not null default 'Released', state text not null default 'active',
    policy_suspended integer not null default 0, customer_ref text not null default '',
    last_action text not null default 'Bundle Applied', action_ns integer not null,
    installed_ms integer, attached_at real, country text, returned_at real, deletion_at real) without rowid;
create index if not exists esim_ready on esim (ready_at);

create table if not exists assignment (
    id integer primary key autoincrement, iccid text not null, bundle text not null, reference text not null,
    ordinal integer not null, state text not null, initial_bytes integer not null, remaining_bytes integer not null,
    assigned_ns integer not null, ready_at real not null, start_at real, end_at real,
    unit_minor integer not null, purchase text not null);
create index if not exists assignment_iccid on assignment (iccid);
create index if not exists assignment_reference on assignment (reference);

create table if not exists inventory (
    id integer primary key autoincrement, bundle text not null, total integer not null, remaining integer not null,
    unit_minor integer not null, purchase text not null, bought_at real not null, expires_at real not null);

create table if not exists history (
    id integer primary key, iccid text not null, name text not null, bundle text not null, at_ns integer not null);
create index if not exists history_iccid on history (iccid);
"""

SETTINGS: Mapping[str, Any] = {
    "api_key": "esg_sandbox_key_0001",
    "organisation_name": "Sandbox Travel",
    "currency": "USD",
    "test_credit_minor": 0,
    "rate_limit_per_second": 10,
    "catalogue_rows": 0,
    "catalogue_envelope": True,
    "max_per_order": 10,
    "async_above": 5,
    "async_seconds": 3.0,
    "assignments_delay_seconds": 0.0,
    "bundle_processing_seconds": 2.0,
    "order_error_body": "text",
    "refunds_enabled": True,
    "refund_days": 60,
    "returns_uninstalled": True,
    "callback_url": "",
    "callback_version": 3,
    "callback_encoding": "base64",
    "low_balance_threshold_minor": 0,
}

OPENING_BALANCE_MINOR = 5_000_000
FIRST_ASSIGNMENT_ID = 215009266
FIRST_USAGE_ID = 9012345
