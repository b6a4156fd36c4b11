-- Objects that were restored in one domain of a forest, for each other domain of it: its groups may hold them again, and
-- do not say so.
create table returned (
  forest text not null,
  -- Whose groups are to be asked.
  domain text not null,
  guid uuid not null,
  dn text not null,
  primary key (forest, domain, guid)
);
