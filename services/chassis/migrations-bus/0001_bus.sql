-- The PostgreSQL bus: partitioned logs, one row per appended segment.

create table bus_topic (
  name text primary key,
  partitions integer not null check (partitions > 0),
  cleanup text not null check (cleanup in ('compact', 'delete'))
);

-- One row per partition, updated by every append: room on the page keeps those updates in place.
create table bus_partition (
  topic text not null references bus_topic (name),
  partition integer not null,
  next_offset bigint not null default 0,
  -- Where compaction had come to the end when it last ran.
  cleaned_offset bigint not null default 0,
  primary key (topic, partition)
) with (fillfactor = 20, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);

-- Keyed by the last offset: "from offset n on" is then one range of the index, also after compaction.
create table bus_segment (
  topic text not null,
  partition integer not null,
  base_offset bigint not null,
  last_offset bigint not null,
  count integer not null,
  bytes integer not null,
  created_at timestamptz not null,
  data bytea not null,
  primary key (topic, partition, last_offset)
) with (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0.05);

-- Protobuf of mostly unique text: compressing each value on its way in costs more than the space is worth.
alter table bus_segment alter column data set storage external;

-- Draws the offsets of one segment and stores it. The row lock of the partition is taken first and kept until the
-- commit, so offsets become visible in order and without gaps. The deadline (milliseconds of this server's clock) is
-- looked at under the lock: whoever takes the lock later also comes later in the log, however long this one stalls.
-- Returns the first offset, null behind the deadline, -1 for an unknown partition.
create function bus_append(in_topic text, in_partition integer, in_count integer, in_deadline_ms double precision, in_data bytea)
returns bigint language plpgsql as $$
declare
  first_offset bigint;
  at timestamptz;
begin
  select next_offset into first_offset from bus_partition
    where topic = in_topic and partition = in_partition for no key update;
  if not found then
    return -1;
  end if;
  at := clock_timestamp();
  if extract(epoch from at) * 1000 >= in_deadline_ms then
    return null;
  end if;
  update bus_partition set next_offset = first_offset + in_count
    where topic = in_topic and partition = in_partition;
  insert into bus_segment (topic, partition, base_offset, last_offset, count, bytes, created_at, data)
    values (in_topic, in_partition, first_offset, first_offset + in_count - 1, in_count, octet_length(in_data), at, in_data);
  return first_offset;
end
$$;
