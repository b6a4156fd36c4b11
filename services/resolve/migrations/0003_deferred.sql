-- Identities of which some objects were evaluated under a newer configuration version and some not yet: they stay as they are
-- until all were.
create table deferred (
  anchor uuid primary key
);
