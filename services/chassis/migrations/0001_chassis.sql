-- The chassis' own tables, in every service's schema.

create table lease (
  pool text not null,
  name text not null,
  epoch bigint not null default 0,
  owner text not null default '',
  expires_at timestamptz not null default '-infinity',
  primary key (pool, name)
) with (fillfactor = 50);

create table lease_member (
  pool text not null,
  owner text not null,
  seen_until timestamptz not null,
  primary key (pool, owner)
) with (fillfactor = 50);

-- What committed transactions have to publish: one row per transaction and output partition.
create table outbox (
  seq bigint generated always as identity primary key,
  stage text not null,
  topic text not null,
  partition int not null,
  count int not null,
  bytes int not null,
  records bytea not null,
  created_at timestamptz not null default clock_timestamp(),
  sent_at timestamptz
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
-- Read once and thrown away: compressing costs more than it saves.
alter table outbox alter column records set storage external;
create index outbox_unsent on outbox (stage, topic, partition, seq) where sent_at is null;
create index outbox_sent on outbox (stage, sent_at) where sent_at is not null;

create table consumer_offset (
  stage text not null,
  topic text not null,
  partition int not null,
  next_offset bigint not null,
  changed_at timestamptz not null default now(),
  primary key (stage, topic, partition)
) with (fillfactor = 50);

create table watermark_in (
  stage text not null,
  topic text not null,
  partition int not null,
  forest text not null,
  nc text not null,
  epoch bigint not null,
  checkpoint bigint not null,
  body bytea not null,
  primary key (stage, forest, nc, topic, partition)
) with (fillfactor = 50);

-- `reached`: the minimum over the input partitions. `passed`: what the outputs have been told.
create table watermark_out (
  stage text not null,
  forest text not null,
  nc text not null,
  reached_epoch bigint not null default 0,
  reached_checkpoint bigint not null default 0,
  passed_epoch bigint not null default 0,
  passed_checkpoint bigint not null default 0,
  body bytea,
  primary key (stage, forest, nc)
) with (fillfactor = 50);

-- Records put aside because they cannot be handled; a newer record of the key takes its row away.
create table parked (
  id text primary key,
  stage text not null,
  topic text not null,
  partition int not null,
  record_offset bigint not null,
  key text not null,
  value bytea,
  headers jsonb not null,
  record_time timestamptz not null,
  code text not null,
  reason text not null,
  parked_at timestamptz not null default now()
);
create unique index parked_key on parked (stage, topic, key);
