-- Who may enrol, and the certificates that were issued.

-- A token works once; what is kept of it is a hash.
create table agent_token (
  id text primary key,
  hash bytea not null,
  agent text not null,
  forests text[] not null,
  created_at timestamptz not null,
  created_by text not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  revoked_at timestamptz
);
create index agent_token_agent on agent_token (agent);

create table agent_certificate (
  serial text primary key,
  agent text not null,
  forests text[] not null,
  issued_at timestamptz not null,
  not_after timestamptz not null,
  revoked_at timestamptz,
  revoked_by text not null default '',
  revoked_why text not null default ''
);
create index agent_certificate_agent on agent_certificate (agent);
