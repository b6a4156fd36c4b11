-- The domains each target's tenant has verified, as last seen. A configuration version has those it was made with.
create table tenant_domains (
  target text primary key,
  verified text[] not null,
  initial text not null,
  seen_at timestamptz not null default now()
);
