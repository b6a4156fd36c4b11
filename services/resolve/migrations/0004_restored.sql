-- A store that was built again from what was published, once: objects keep the identity they had, whatever they say now.
create table restored (
  one boolean primary key check (one),
  at timestamptz not null default now()
);
insert into restored (one) select true where exists (select from barrier) or exists (select from contribution);

create table assigned (
  guid uuid not null,
  forest text not null,
  anchor uuid not null,
  primary key (guid, forest)
);
