-- The connector space: what the forests say, as last read.

-- One directory partition (a domain of a forest): who reads it, how far, and how it is.
create table partition (
  forest text not null,
  domain text not null,
  naming_context text not null default '',
  optional boolean not null default false,
  attributes text[] not null default '{}',
  -- Lease: batches of any other session or epoch are refused.
  epoch bigint not null default 0,
  session text not null default '',
  agent text not null default '',
  instance text not null default '',
  lease_until timestamptz not null default '-infinity',
  -- Position.
  next_batch bigint not null default 1,
  cursor bytea not null default '',
  -- Raised at every reading from the start: the epoch of watermarks.
  generation bigint not null default 0,
  -- Source of marks: what a reading or a list has seen carries its mark.
  mark bigint not null default 0,
  snapshot_mark bigint not null default 0,
  complete boolean not null default false,
  caught_up boolean not null default false,
  dirty boolean not null default false,
  checkpoint bigint not null default 0,
  checkpoint_at timestamptz not null default '-infinity',
  fresh_at timestamptz,
  held text not null default '',
  -- Counts of what is present.
  users int not null default 0,
  groups int not null default 0,
  contacts int not null default 0,
  containers int not null default 0,
  memberships int not null default 0,
  -- What the agent last reported.
  state text not null default 'PARTITION_STATE_UNSPECIFIED',
  server text not null default '',
  dialect text not null default '',
  sees_deletions boolean not null default true,
  code text not null default '',
  message text not null default '',
  mend text not null default '',
  entries_read int not null default 0,
  refused_credential text not null default '',
  primary key (forest, domain)
) with (fillfactor = 50);

-- One object, also after its deletion: its version is never reset.
create table object (
  forest text not null,
  guid uuid not null,
  domain text not null,
  -- user, group, contact, container, other, in that order.
  kind smallint not null,
  gone boolean not null,
  version bigint not null,
  classes text[] not null,
  sid text,
  name text not null,
  -- As it stands in the distinguished name; the whole name of a naming context's head.
  rdn text not null,
  rdn_key text not null,
  parent uuid,
  upn text,
  mail text,
  sam text,
  -- Mark of the reading that saw it last.
  seen bigint not null,
  -- Mark of the member list that is being read in parts.
  list_mark bigint not null default 0,
  -- canopy.capture.v1.DirectoryObject with attributes, references and oversize alone.
  body bytea not null,
  primary key (forest, guid)
) with (fillfactor = 80);
create index object_child on object (forest, parent, rdn_key);
create index object_sid on object (sid) where sid is not null;
create index object_upn on object (upn) where upn is not null;
create index object_mail on object (mail) where mail is not null;
create index object_sam on object (sam) where sam is not null;

-- One membership, by GUID of this forest or SID of another; also after its removal.
create table edge (
  forest text not null,
  group_guid uuid not null,
  member text not null,
  present boolean not null,
  version bigint not null,
  seen bigint not null,
  -- Whether the last statement that touched the row changed `present`.
  flip boolean not null default true,
  primary key (forest, group_guid, member)
) with (fillfactor = 80);
create index edge_member on edge (forest, member) where present;

-- Work that follows a transaction in chunks: what is below a moved container, what a reading did not see.
create table sweep (
  id bigint generated always as identity primary key,
  forest text not null,
  domain text not null,
  -- path: republish what is below `guid`; edges: retract edges of and to `guid`; missing, stale: objects and edges
  -- that the reading `mark` did not see.
  kind text not null,
  guid uuid,
  mark bigint not null default 0,
  after text not null default ''
);
create index sweep_partition on sweep (forest, domain);

-- Objects whose delta made no sense alone, or that came back: to be read whole.
create table reread (
  forest text not null,
  domain text not null,
  guid uuid not null,
  primary key (forest, domain, guid)
);

-- Objects that cannot be taken as they are, with the reason; the newest published state stays.
create table set_aside (
  forest text not null,
  guid uuid not null,
  bytes int not null,
  reason text not null,
  at timestamptz not null default now(),
  primary key (forest, guid)
);
