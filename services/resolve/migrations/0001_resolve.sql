-- What each object of a forest says about its identity, as transform last said it.
create table contribution (
  forest text not null,
  guid uuid not null,
  version bigint not null,
  kind text not null,
  gone boolean not null,
  -- 0 unknown, 1 in, 2 out
  scope smallint not null,
  -- The identity it belongs to. Until the identity is decided it follows kind and source anchor; afterwards it stays.
  anchor uuid not null,
  source_anchor text not null,
  sid text,
  created_at timestamptz not null,
  -- Lower-case, for questions by people.
  dn text,
  upn text,
  mail text,
  -- What a transaction that touches the identity has to lock.
  claims text[] not null,
  refs uuid[] not null,
  body bytea not null,
  -- The selective column first, so that no plan reads a whole forest to find one object.
  primary key (guid, forest)
) with (fillfactor = 85);
create index contribution_anchor on contribution (anchor);
create index contribution_sid on contribution (sid) where sid is not null;
create index contribution_order on contribution (kind, forest, created_at, guid);
create index contribution_dn on contribution (dn);
create index contribution_upn on contribution (upn) where upn is not null;
create index contribution_mail on contribution (mail) where mail is not null;
create index contribution_source_anchor on contribution (source_anchor);

-- One person, group or contact. Its anchor is minted once.
create table identity (
  anchor uuid primary key,
  kind text not null,
  source_anchor text not null,
  version bigint not null,
  incarnation bigint not null,
  -- 0 never desired, 1 live, 2 held because its scope is unknown, 3 left scope, 4 gone
  state smallint not null,
  members smallint not null,
  digest bytea not null,
  body bytea not null
) with (fillfactor = 85);

-- Who holds a value that only one object of the cloud may hold, and who else would like to.
create table claim (
  claim text primary key,
  anchor uuid not null
);
create index claim_anchor on claim (anchor);

create table conflict (
  claim text not null,
  loser uuid not null,
  attribute text not null,
  effect text not null,
  primary key (claim, loser)
);
create index conflict_loser on conflict (loser);

-- Objects an identity refers to, known or not: it is resolved again when they come or go.
create table reference (
  anchor uuid not null,
  attribute text not null,
  forest text not null,
  guid uuid not null,
  primary key (anchor, attribute)
);
create index reference_target on reference (forest, guid);

-- Memberships as the forests say them: either a GUID of the same forest or a SID.
create table source_edge (
  forest text not null,
  group_guid uuid not null,
  member text not null,
  member_guid uuid,
  member_sid text,
  present boolean not null,
  version bigint not null,
  primary key (member, group_guid, forest)
) with (fillfactor = 90);
create index source_edge_group on source_edge (forest, group_guid, member);

create table desired_edge (
  group_anchor uuid not null,
  member_anchor uuid not null,
  present boolean not null,
  -- Of the group: an edge of an older one is void.
  incarnation bigint not null,
  version bigint not null,
  primary key (group_anchor, member_anchor)
) with (fillfactor = 90);
create index desired_edge_member on desired_edge (member_anchor);

create table decision (
  id text primary key,
  version bigint not null,
  revoked boolean not null
);

-- 0 waiting, 1 deciding identities, 2 deriving edges, 3 open. Never goes back.
create table barrier (
  name text primary key,
  state smallint not null,
  -- Where deciding or deriving goes on.
  cursor jsonb not null default '{}',
  opened_at timestamptz
);

create table input_watermark (
  forest text not null,
  partition text not null,
  epoch bigint not null,
  checkpoint bigint not null,
  observed_at timestamptz,
  objects bigint not null,
  edges bigint not null,
  primary key (forest, partition)
);

-- The configuration whose rules are used, and under which version each input partition was evaluated.
create table configuration (
  name text primary key,
  version bigint not null,
  body bytea not null
);
create table evaluated (
  partition int primary key,
  version bigint not null
);

-- Identities to resolve again, and identities whose edges are to be derived again in chunks.
create table rework (
  seq bigint generated always as identity primary key,
  anchor uuid not null
);
create table rederive (
  seq bigint generated always as identity primary key,
  anchor uuid not null,
  cursor jsonb not null default '{}'
);

-- Counts as sums of changes; folded together in the background.
create table tally (
  users bigint not null,
  groups bigint not null,
  contacts bigint not null,
  joined bigint not null,
  edges bigint not null
);
