-- What random values are drawn from: one secret, made once, so that an object that is evaluated again draws the same.
create table chance (
  one boolean primary key check (one),
  seed bytea not null
);
