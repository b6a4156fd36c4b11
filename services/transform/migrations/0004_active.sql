-- What every batch is mapped under: a configuration version, and what its scopes are bound to, counted together as epoch.
create table active (
  name text primary key,
  version bigint not null,
  epoch bigint not null,
  -- Epoch under which every object was evaluated.
  evaluated bigint not null,
  body bytea not null
);

-- How far everything was evaluated under an epoch, by input partition: an interrupted evaluation goes on there.
create table evaluation (
  epoch bigint not null,
  partition int not null,
  next_offset bigint not null,
  primary key (epoch, partition)
);

drop table evaluated;
