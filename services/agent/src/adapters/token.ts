/** Reads the token that enrols an agent: where the hub is, whom to believe, and what opens its door once. */
import { Failure } from '@canopy/chassis'

export interface EnrolmentToken {
  /** host:port; empty where the hub does not know its own. */
  readonly hub: string
  /** SHA-256 of the certificate of the hub's authority, hex. */
  readonly pin: string
  readonly token: string
}

/** Failure CANOPY-AGENT-0006: it is none. */
export function parseToken(text: string): EnrolmentToken {
  const [version, body] = text.trim().split('.')
  try {
    if (version !== 'canopy1' || body === undefined) throw new Error('another form')
    const parts = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Record<string, unknown>
    const { hub, pin, token } = parts
    if (typeof hub === 'string' && typeof pin === 'string' && /^[0-9a-f]{64}$/.test(pin) && typeof token === 'string')
      return { hub, pin, token }
  } catch {
    // Told below.
  }
  throw new Failure({
    kind: 'permanent',
    code: 'CANOPY-AGENT-0006',
    message: 'what was given is no token of a hub',
    at: 'agent.enrolment.token_file',
    mend: 'canopy agent token NAME prints one; copy it in full',
  })
}
