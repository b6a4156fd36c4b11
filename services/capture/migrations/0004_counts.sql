-- Built-in accounts and groups are no longer counted: only what could become somebody in the cloud is.
update partition p set
  users = p.users - c.users, groups = p.groups - c.groups, contacts = p.contacts - c.contacts, containers = p.containers - c.containers
from (
  select forest, domain, count(*) filter (where kind = 0) as users, count(*) filter (where kind = 1) as groups,
    count(*) filter (where kind = 2) as contacts, count(*) filter (where kind = 3) as containers
  from object
  where not gone and position(convert_to('isCriticalSystemObject', 'UTF8') || '\x12060a04'::bytea || convert_to('TRUE', 'UTF8') in body) > 0
  group by forest, domain
) c
where c.forest = p.forest and c.domain = p.domain;
