-- The last contribution of each object: enough to know whether the next one says anything new.
create table digest (
  forest text not null,
  guid uuid not null,
  digest bytea not null,
  version bigint not null,
  -- Version of the object it was made from: an older state never replaces a newer one.
  source_version bigint not null,
  primary key (forest, guid)
) with (fillfactor = 85);

-- DNs of scopes, bound to GUIDs once and kept whatever is renamed later.
create table binding (
  configuration text not null,
  forest text not null,
  dn text not null,
  guid text not null,
  bound_at timestamptz not null default now(),
  primary key (configuration, forest, dn)
);

-- Under which configuration version every object was evaluated. A scope bound after objects had been seen asks for all of
-- them to be evaluated again: `asked` and `done` count those.
create table evaluated (
  configuration text primary key,
  version bigint not null,
  asked bigint not null default 0,
  done bigint not null default 0
);
