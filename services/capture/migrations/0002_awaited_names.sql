-- Links of a directory that names their ends instead of identifying them, to names that are nobody's yet: who has the
-- link is read again when somebody takes the name.
create table awaited_name (
  forest text not null,
  -- Digest of the canonical distinguished name.
  name text not null,
  -- Who has the link.
  guid uuid not null,
  primary key (forest, name, guid)
);
