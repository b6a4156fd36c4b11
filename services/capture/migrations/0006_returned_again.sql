-- A domain hears of what another one restored when its controllers replicate: its groups are asked several times.
alter table returned add column asked int4 not null default 0;
alter table returned add column due_at timestamptz not null default now();
