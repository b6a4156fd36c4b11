-- What is desired, as last heard. state: due | sending | verify | done | waiting | held | conflict | refused | guarded
create table desired (
  anchor text primary key,
  kind text not null,
  version bigint not null,
  gone boolean not null,
  body bytea not null,
  shard smallint not null,
  lane smallint not null,
  state text not null,
  code text,
  reason text,
  attempts int not null default 0,
  due_at timestamptz not null default now(),
  applied_version bigint not null default 0,
  observed_at timestamptz,
  differs_since timestamptz,
  traceparent text
);
create index desired_due on desired (lane, due_at) where state = 'due';
create index desired_verify on desired (due_at) where state = 'verify';
create index desired_exceptional on desired (state) where state in ('guarded', 'held', 'conflict', 'refused');

-- The identity of a cloud object: recorded once it is known, kept after deletion (state: live | deleted).
create table link (
  anchor text primary key,
  kind text not null,
  cloud_id text not null,
  origin text not null,
  state text not null,
  display text not null,
  linked_at timestamptz not null default now(),
  deleted_at timestamptz,
  applied jsonb not null default '{}'
);
create unique index link_cloud on link (cloud_id);

-- Memberships (owner: group) and managers (owner: user). state: waiting | due | sending | verify | done | held | guarded | refused
create table edge (
  relation text not null,
  owner text not null,
  other text not null,
  version bigint not null,
  present boolean not null,
  incarnation bigint not null,
  shard smallint not null,
  state text not null,
  code text,
  reason text,
  attempts int not null default 0,
  due_at timestamptz not null default now(),
  observed_at timestamptz,
  differs_since timestamptz,
  -- Cloud ids it was applied for; a new id on either end makes it pending again.
  applied_owner text,
  applied_other text,
  primary key (relation, owner, other)
);
-- Removals first, then whole groups together.
create index edge_due on edge (relation, present, owner, other) where state = 'due';
create index edge_other on edge (other);
create index edge_exceptional on edge (state, owner) where state in ('guarded', 'held', 'refused', 'verify');

-- A request is journaled before it is sent; an open ticket is settled before anything newer.
create table journal (
  id bigint generated always as identity primary key,
  anchor text not null,
  other text,
  action text not null,
  cloud_id text,
  changes jsonb,
  desired_version bigint not null,
  sent_at timestamptz not null default now(),
  deadline_at timestamptz not null,
  answered_at timestamptz,
  outcome text,
  code text
);
create index journal_open on journal (deadline_at) where answered_at is null;
create index journal_anchor on journal (anchor, id);

-- What an attribute held before Canopy first changed it.
create table before_image (
  anchor text not null,
  attribute text not null,
  "values" jsonb not null,
  at timestamptz not null default now(),
  primary key (anchor, attribute)
);

-- Operations a guard holds, and what people decided about them.
create table held (
  id text primary key,
  target text not null,
  class text not null,
  anchor text not null,
  other text not null default '',
  version bigint not null,
  reason text not null,
  at timestamptz not null default now(),
  decided text,
  why text,
  who text
);
create unique index held_operation on held (class, anchor, other, version);

-- Guarded effects that were done, counted over a sliding window by every process.
create table guard_done (target text not null, class text not null, at timestamptz not null default now(), count int not null);
create index guard_done_at on guard_done (class, at);

-- Counters a person sees, and pacing budgets shared by processes.
create table counter (target text not null, name text not null, value bigint not null, primary key (target, name));
create table budget (target text primary key, tokens double precision not null, refilled_at timestamptz not null default now());

create table barrier (name text primary key, opened_at timestamptz not null default now());
