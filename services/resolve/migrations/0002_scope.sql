-- Scope that is decided by groups. `grouped`: the contribution names groups that admit or exclude.
alter table contribution add column grouped boolean not null default false;
create index contribution_grouped on contribution (forest, guid) where grouped;

-- Groups that contributions name. Where there are any, changed memberships are looked at.
create table scope_group (
  forest text not null,
  guid uuid not null,
  primary key (forest, guid)
);

-- Memberships that changed and may bring somebody into scope or out of it.
create table edge_news (
  seq bigint generated always as identity primary key,
  forest text not null,
  group_guid uuid not null,
  member text not null
);

-- Groups whose members are to be looked at, in chunks. A run is one cause; a group is met once in it, so nested groups may
-- form a circle. The zero GUID: everything of the forest that groups decide about.
create table rescope (
  run bigint not null,
  forest text not null,
  group_guid uuid not null,
  cursor text not null default '',
  done boolean not null default false,
  primary key (run, forest, group_guid)
);
create index rescope_open on rescope (run) where not done;
create sequence rescope_run;
