-- Every version of every configuration, as it was applied.
create table configuration (
  name text not null,
  version bigint not null,
  source text not null,
  -- The compiled Configuration, protobuf.
  body bytea not null,
  applied_at timestamptz not null,
  applied_by text not null,
  primary key (name, version)
);
