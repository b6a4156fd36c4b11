/** Statements over versions of credentials: one attempt at a time over all agents, none after a refusal. */
import { randomBytes } from 'node:crypto'
import type { Queryable } from '@canopy/chassis'
import type { agent } from '@canopy/proto'

/** An attempt that says nothing for this long is taken for dead. */
const tryingMs = 20_000
/** What was accepted this recently need not queue. */
const freshMs = 10_000

/** The salt of this installation, made once. */
export async function fingerprintSalt(sql: Queryable): Promise<Buffer> {
  await sql.query('insert into fingerprint_salt (salt) values ($1) on conflict do nothing', [randomBytes(32)])
  const [row] = await sql.query<{ salt: Buffer }>('select salt from fingerprint_salt')
  return row!.salt
}

export async function claimCredential(
  sql: Queryable,
  session: string,
  { fingerprint, credential }: agent.CredentialClaim,
): Promise<agent.CredentialVerdict> {
  const granted = await sql.query(
    `insert into credential_version as c (fingerprint, credential, state, session, until, at)
     values ($1, $2, 'trying', $3, clock_timestamp() + make_interval(secs => $4::float8 / 1000), clock_timestamp())
     on conflict (fingerprint) do update set state = 'trying', session = excluded.session, until = excluded.until,
       credential = excluded.credential, at = excluded.at
     where c.state = 'unknown' or (c.state = 'trying' and c.until < clock_timestamp())
       or (c.state = 'accepted' and c.at < clock_timestamp() - make_interval(secs => $5::float8 / 1000))
     returning 1`,
    [fingerprint, credential, session, tryingMs, freshMs],
  )
  const quiet = { fingerprint, code: '', message: '', mend: '' }
  if (granted.length > 0) return { ...quiet, answer: 'ANSWER_GO' }
  const [row] = await sql.query<{ state: string; code: string; message: string; mend: string }>(
    'select state, code, message, mend from credential_version where fingerprint = $1',
    [fingerprint],
  )
  if (row?.state === 'refused') return { ...row, fingerprint, answer: 'ANSWER_REFUSED' }
  return { ...quiet, answer: row?.state === 'accepted' ? 'ANSWER_GO' : 'ANSWER_WAIT' }
}

export async function settleCredential(sql: Queryable, outcome: agent.CredentialOutcome): Promise<void> {
  const { fingerprint, accepted, code, message, mend } = outcome
  const state = accepted ? 'accepted' : code === '' ? 'unknown' : 'refused'
  // Who was not reached takes nothing back: another attempt may have been accepted meanwhile.
  await sql.query(
    `update credential_version set state = $2, code = $3, message = $4, mend = $5, at = clock_timestamp()
     where fingerprint = $1 and ($2 <> 'unknown' or state = 'trying')`,
    [fingerprint, state, code, message, mend],
  )
}

/** Lets refused versions be tried once more; returns how many. */
export async function forgetRefusals(sql: Queryable, credential: string): Promise<number> {
  const rows = await sql.query(
    `update credential_version set state = 'unknown' where state = 'refused' and ($1 = '' or credential = $1) returning 1`,
    [credential],
  )
  return rows.length
}
