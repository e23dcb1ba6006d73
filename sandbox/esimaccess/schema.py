"""Tables of the stand-in. Money is USD x 10000 in all of them; times are epoch seconds."""

SCHEMA = """
create table if not exists package (
    id integer primary key, code text not null, slug text not null, name text not null, scope text not null,
    location_code text not null, data_type integer not null, top_up_type integer not null, price integer,
    removed integer not null default 0, body text not null);
create index if not exists package_code on package (code);
create index if not exists package_slug on package (slug);
create index if not exists package_place on package (location_code);

create table if not exists sale (
    id integer primary key, number text not null unique, transaction_id text not null, topup integer not null,
    line_id integer, product text not null, quantity integer not null, charged integer not null,
    refunded integer not null default 0, created_at real not null, ready_at real not null);
create unique index if not exists sale_once on sale (transaction_id) where topup = 0;
create index if not exists sale_time on sale (created_at);

create table if not exists line (
    id integer primary key, sale_id integer not null, tran_no text not null unique, iccid text not null,
    imsi text not null, msisdn text not null, ac text not null, token text not null, eid text not null default '',
    package_code text not null, location_code text not null, apn text not null, paid integer not null,
    active_type integer not null, data_type integer not null, sms_status integer not null,
    top_up_type integer not null, plans text not null,
    total_volume integer not null, total_duration integer not null, used integer not null default 0,
    used_at real not null, esim_status text not null default 'GOT_RESOURCE',
    smdp_status text not null default 'RELEASED', resume_to text not null default '',
    activated_at real, expires_at real not null, top_ups integer not null default 0,
    sequence integer not null default 100, warned integer not null default 0);
create index if not exists line_sale on line (sale_id);
create index if not exists line_iccid on line (iccid);

create table if not exists sms (
    id integer primary key, line_id integer not null, message text not null, at real not null);
"""
