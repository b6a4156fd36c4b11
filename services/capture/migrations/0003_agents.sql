-- Readings beside the stream, what a reading missed, attached agents, versions of credentials.

alter table partition
  -- Objects that wait for a person because a complete reading missed too much; its mark.
  add column missing int not null default 0,
  add column held_mark bigint not null default 0,
  add column held_names_only boolean not null default false,
  -- Mark of the reading beside the stream that is under way: what the stream touches meanwhile carries at least it.
  add column open_mark bigint not null default 0,
  -- When all of it was last enumerated.
  add column enumerated_at timestamptz not null default '-infinity';

-- A place that is to be read again while the stream goes on; an empty base is the whole partition.
create table reading (
  id uuid primary key,
  forest text not null,
  domain text not null,
  base text not null,
  asked_at timestamptz not null default clock_timestamp(),
  -- What it has seen carries at least this mark.
  mark bigint not null default 0,
  entries int not null default 0,
  trouble text not null default ''
);
create index reading_partition on reading (forest, domain, asked_at);

alter table reread
  -- A reading did not see it: it is gone if the directory, asked for it by its GUID, does not have it.
  add column absent boolean not null default false,
  -- Too many were missed at once: not asked for before a person says so.
  add column held boolean not null default false;

-- Streams of agents, of every process of capture.
create table agent_session (
  session text primary key,
  agent text not null,
  version text not null,
  protocol int not null,
  instance text not null,
  -- Where the other processes of capture reach that one.
  address text not null,
  attached_at timestamptz not null default clock_timestamp(),
  alive_until timestamptz not null,
  credentials text[] not null,
  forests text[] not null,
  -- canopy.agent.v1.Ceiling; none: an agent of protocol 1.
  ceiling bytea,
  enrolled boolean not null
);

-- Versions of credentials by a salted fingerprint: one attempt at a time, none after a refusal.
create table credential_version (
  fingerprint text primary key,
  credential text not null,
  -- trying, accepted, refused or unknown.
  state text not null,
  session text not null,
  until timestamptz not null,
  at timestamptz not null,
  code text not null default '',
  message text not null default '',
  mend text not null default ''
);

-- The salt of those fingerprints: one row.
create table fingerprint_salt (
  one boolean primary key default true check (one),
  salt bytea not null
);
