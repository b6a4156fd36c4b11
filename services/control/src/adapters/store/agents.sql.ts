/** The tables of enrolment: tokens that work once, certificates that were issued. */
import type { Queryable } from '@canopy/chassis'

export interface NewToken {
  readonly id: string
  readonly hash: Buffer
  readonly agent: string
  readonly forests: readonly string[]
  readonly createdAt: Date
  readonly createdBy: string
  readonly expiresAt: Date
}

export async function addToken(sql: Queryable, token: NewToken): Promise<void> {
  const { id, hash, agent, forests, createdAt, createdBy, expiresAt } = token
  await sql.query(
    `insert into agent_token (id, hash, agent, forests, created_at, created_by, expires_at)
     values ($1, $2, $3, string_to_array($4, ' '), $5, $6, $7)`,
    [id, hash, agent, forests.join(' '), createdAt, createdBy, expiresAt],
  )
}

export interface Admitted {
  readonly agent: string
  readonly forests: string[]
}

/** Until the end of the transaction nobody else issues to the agent or revokes it. */
export async function lockAgent(tx: Queryable, agent: string): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('agent ' || $1, 0))`, [agent])
}

export async function tokenAgent(sql: Queryable, id: string): Promise<string | undefined> {
  const [row] = await sql.query<{ agent: string }>('select agent from agent_token where id = $1', [id])
  return row?.agent
}

/** Uses the token up: of two that come with it one is let in. Undefined: unknown, used, expired or revoked. */
export async function useToken(
  sql: Queryable,
  of: { readonly id: string; readonly hash: Buffer; readonly now: Date },
): Promise<Admitted | undefined> {
  const [row] = await sql.query<Admitted & Record<string, unknown>>(
    `update agent_token set used_at = $3
     where id = $1 and hash = $2 and used_at is null and revoked_at is null and expires_at > $3
     returning agent, forests`,
    [of.id, of.hash, of.now],
  )
  return row
}

/** Who renews: undefined when the certificate is not one that still counts. */
export async function holderOf(
  sql: Queryable,
  of: { readonly serial: string; readonly agent: string; readonly now: Date },
): Promise<Admitted | undefined> {
  const [row] = await sql.query<Admitted & Record<string, unknown>>(
    `select agent, forests from agent_certificate
     where serial = $1 and agent = $2 and revoked_at is null and not_after > $3`,
    [of.serial, of.agent, of.now],
  )
  return row
}

export async function addCertificate(
  sql: Queryable,
  of: Admitted & { readonly serial: string; readonly issuedAt: Date; readonly notAfter: Date },
): Promise<void> {
  await sql.query(
    `insert into agent_certificate (serial, agent, forests, issued_at, not_after)
     values ($1, $2, string_to_array($3, ' '), $4, $5)`,
    [of.serial, of.agent, of.forests.join(' '), of.issuedAt, of.notAfter],
  )
}

/** Everything of the agent that would still work is void. */
export async function revokeAgent(
  sql: Queryable,
  of: { readonly agent: string; readonly who: string; readonly why: string; readonly now: Date },
): Promise<{ certificates: number; tokens: number }> {
  await lockAgent(sql, of.agent)
  const certificates = await sql.query(
    `update agent_certificate set revoked_at = $2, revoked_by = $3, revoked_why = $4
     where agent = $1 and revoked_at is null and not_after > $2 returning 1`,
    [of.agent, of.now, of.who, of.why],
  )
  const tokens = await sql.query(
    'update agent_token set revoked_at = $2 where agent = $1 and used_at is null and revoked_at is null and expires_at > $2 returning 1',
    [of.agent, of.now],
  )
  return { certificates: certificates.length, tokens: tokens.length }
}

/** Serial numbers that are void before their time. */
export async function revokedSerials(sql: Queryable, now: Date): Promise<string[]> {
  const rows = await sql.query<{ serial: string }>(
    'select serial from agent_certificate where revoked_at is not null and not_after > $1 order by serial',
    [now],
  )
  return rows.map(({ serial }) => serial)
}

export interface EnrolledRow extends Record<string, unknown> {
  agent: string
  enrolled_at: Date | null
  not_after: Date | null
  revoked_at: Date | null
  token_expires_at: Date | null
  forests: string[] | null
}

/** By name: the newest certificate, and a token that still waits. */
export const listEnrolled = (sql: Queryable, now: Date): Promise<EnrolledRow[]> =>
  sql.query<EnrolledRow>(
    `with known as (select agent from agent_certificate union select agent from agent_token where expires_at > $1 and used_at is null and revoked_at is null)
     select k.agent, c.first_at as enrolled_at, c.not_after, c.revoked_at, t.expires_at as token_expires_at,
       coalesce(c.forests, t.forests) as forests
     from known k
     left join lateral (
       select not_after, revoked_at, forests, (select min(issued_at) from agent_certificate f where f.agent = k.agent) as first_at
       from agent_certificate where agent = k.agent order by issued_at desc, serial limit 1) c on true
     left join lateral (
       select expires_at, forests from agent_token
       where agent = k.agent and used_at is null and revoked_at is null and expires_at > $1 order by expires_at desc limit 1) t on true
     order by k.agent`,
    [now],
  )
