"""Tables of the stand-in. Money is in minor units of its currency; times are epoch seconds."""

SCHEMA = """
create table if not exists token (token text primary key, expires_at real not null);
create table if not exists idem (
    key text primary key, fingerprint text not null, status integer not null, body blob not null, at real not null);
create table if not exists offering (
    id integer primary key, code text not null unique, body text not null, removed integer not null default 0);
create table if not exists account (
    id integer primary key, code text not null unique, body text not null, created_at real not null);
create table if not exists subscriber (
    id integer primary key, code text not null unique, account text not null, body text not null,
    created_at real not null);
create table if not exists deal (
    id integer primary key, code text not null unique, type text not null, state text not null,
    fails integer not null default 0, reference text not null, body text not null, subscription text not null,
    product text not null default '', charged integer not null default 0, refunded integer not null default 0,
    currency text not null default '', bought text not null default '[]',
    schedule text, on_hold text, low_data integer not null default 0,
    created_at real not null, due_at real, updated_at real, completed_at real, canceled_at real);
create index if not exists deal_due on deal (due_at) where state in ('open', 'scheduled');
create table if not exists subscription (
    id integer primary key, code text not null unique, subscriber text not null, account text not null,
    status text not null, profile integer not null, created_at real not null, ended_at real);
create table if not exists profile (
    id integer primary key, code text not null unique, subscription text not null, iccid text not null unique,
    matching_id text not null, status text not null, eid text not null default '');
create table if not exists product (
    id integer primary key, code text not null unique, deal text not null, subscription text not null,
    offering text not null, kind text not null, status text not null, starts text not null, starts_at real,
    days integer not null, size integer, spent integer not null default 0, amount integer not null,
    currency text not null, warned integer not null default 0, created_at real not null, expires_at real);
create index if not exists product_of on product (subscription);
create index if not exists product_from on product (deal);
create index if not exists product_ends on product (expires_at) where status in ('active', 'depleted');
create index if not exists product_starts on product (starts_at) where status = 'scheduled';
create table if not exists webhook (
    id integer primary key, code text not null unique, url text not null, events text not null);
"""
