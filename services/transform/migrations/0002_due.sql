-- Objects whose contribution changes by itself: an account that expires. A row goes when it was evaluated again.
create table due (
  forest text not null,
  guid uuid not null,
  at timestamptz not null,
  primary key (forest, guid)
);
create index due_at on due (at);
