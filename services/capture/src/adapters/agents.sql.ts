/** Statements over attached agents, of every process of capture. */
import type { Queryable } from '@canopy/chassis'
import { agent } from '@canopy/proto'
import type { LiveAgent } from '../core/share.ts'
import type { AgentSession } from './agent-session.ts'

export interface AgentRow extends Record<string, unknown> {
  session: string
  agent: string
  version: string
  protocol: number
  instance: string
  address: string
  attached_at: Date
  credentials: string[]
  forests: string[]
  ceiling: Buffer | null
  enrolled: boolean
  held: string[]
}

export async function addSession(
  sql: Queryable,
  session: AgentSession,
  of: { readonly instance: string; readonly address: string; readonly ttlMs: number },
): Promise<void> {
  const { hello } = session
  await sql.query(
    `insert into agent_session (session, agent, version, protocol, instance, address, alive_until, credentials, forests, ceiling, enrolled)
     values ($1, $2, $3, $4, $5, $6, clock_timestamp() + make_interval(secs => $7::float8 / 1000),
       string_to_array($8, ' '), string_to_array($9, ' '), $10, $11) on conflict do nothing`,
    [
      session.id,
      session.name,
      hello.version,
      hello.protocol,
      of.instance,
      of.address,
      of.ttlMs,
      hello.credentials.join(' '),
      session.forests.join(' '),
      hello.ceiling ? Buffer.from(agent.Ceiling.encode(hello.ceiling).finish()) : null,
      session.serial !== undefined,
    ],
  )
}

export async function renewSessions(sql: Queryable, sessions: readonly string[], ttlMs: number): Promise<void> {
  await sql.query(
    `update agent_session set alive_until = clock_timestamp() + make_interval(secs => $2::float8 / 1000)
     where session = any($1::text[])`,
    [sessions, ttlMs],
  )
}

/** Those long silent go too: their process was killed. */
export async function removeSession(sql: Queryable, session: string): Promise<void> {
  await sql.query(
    `delete from agent_session where session = $1 or alive_until < clock_timestamp() - make_interval(mins => 5)`,
    [session],
  )
}

export const liveAgents = (sql: Queryable): Promise<AgentRow[]> =>
  sql.query<AgentRow>(
    `select s.session, s.agent, s.version, s.protocol, s.instance, s.address, s.attached_at, s.credentials, s.forests,
       s.ceiling, s.enrolled, array(select p.forest || '/' || p.domain from partition p
         where p.session = s.session and p.lease_until > clock_timestamp() order by 1) as held
     from agent_session s where s.alive_until > clock_timestamp() order by s.agent, s.session`,
  )

export const toLive = ({ session, credentials, forests, held }: AgentRow): LiveAgent => ({
  session,
  credentials,
  forests,
  held: held.length,
})

/** "<forest>/<domain>" of each partition that nobody holds. */
export async function freePartitions(sql: Queryable): Promise<Set<string>> {
  const rows = await sql.query<{ key: string }>(
    `select forest || '/' || domain as key from partition where session = '' or lease_until < clock_timestamp()`,
  )
  return new Set(rows.map((row) => row.key))
}

/** Where the process is that holds the stream of the partition's agent. */
export async function holderOf(
  sql: Queryable,
  of: { readonly forest: string; readonly domain: string },
): Promise<{ readonly instance: string; readonly address: string } | undefined> {
  const [row] = await sql.query<{ instance: string; address: string }>(
    `select s.instance, s.address from partition p join agent_session s on s.session = p.session
     where p.forest = $1 and p.domain = $2 and p.lease_until > clock_timestamp()`,
    [of.forest, of.domain],
  )
  return row
}
