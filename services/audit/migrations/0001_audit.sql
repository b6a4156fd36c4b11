-- The provisioning log. One chain per partition of canopy.results; a head is locked by whoever appends to its chain.
create table head (
  chain int primary key,
  next_offset bigint not null,
  entries bigint not null,
  hash bytea not null
) with (fillfactor = 50);

-- `sequence` names an entry; it grows within a chain, but between chains it is not the order of commits.
-- hash = SHA-256(previous || body). `other` is the other end of a membership or manager.
create table entry (
  sequence bigint generated always as identity primary key,
  chain int not null,
  topic_offset bigint not null,
  anchor text not null,
  cloud_id text not null,
  other text not null,
  display text not null,
  other_display text not null,
  at timestamptz not null,
  action text not null,
  outcome text not null,
  body bytea not null,
  previous bytea not null,
  hash bytea not null,
  unique (chain, topic_offset)
);
create index entry_anchor on entry (anchor, sequence);
create index entry_other on entry (other, sequence) where other <> '';
create index entry_cloud on entry (cloud_id, sequence) where cloud_id <> '';
create index entry_at on entry (at);
create index entry_gap on entry (chain, topic_offset) where action = 'gap';

-- root = SHA-256(previous root || every chain, its last offset and hash, in order of chains).
create table seal (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  chains int[] not null,
  next_offsets bigint[] not null,
  hashes text[] not null,
  root bytea not null
);
