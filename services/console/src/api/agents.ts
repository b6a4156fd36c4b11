/** Agents and what they are asked for: who is attached, reading one object now, releasing what a reading missed. */
import { call, Failure } from '@canopy/chassis'
import { agents, capture } from '@canopy/proto'
import { bodyText, requiredText } from '../http/body.ts'
import { type Asked, badRequest } from '../ports.ts'
import { answered, attempt } from './services.ts'

const client = ({ channels }: Asked) => channels.client('capture', capture.CaptureClient)
/** Every partition of a forest is asked in turn. */
const readDeadlineMs = 60_000

const enrolment = ({ channels }: Asked) => channels.client('control', agents.AgentsClient)

export interface AgentsAnswer {
  readonly agents: readonly capture.AgentStatus[]
  /** Those that got a certificate or a token, attached or not; empty where control does not answer. */
  readonly enrolled: readonly agents.EnrolledAgent[]
}

export async function listAgents(asked: Asked): Promise<AgentsAnswer> {
  const [attached, known] = await Promise.all([
    call(client(asked), 'listAgents', {}),
    attempt(() => call(enrolment(asked), 'listEnrolled', {})),
  ])
  return { agents: attached.agents, enrolled: answered(known)?.agents ?? [] }
}

/** The token is in this one answer and nowhere else. */
export const createToken = (asked: Asked): Promise<agents.CreateTokenResponse> => {
  const minutes = bodyText(asked.body, 'minutes') || '0'
  if (!/^\d{1,5}$/.test(minutes)) throw badRequest(`${minutes} are no minutes`, 'body.minutes')
  return call(enrolment(asked), 'createToken', {
    agent: requiredText(asked.body, 'agent'),
    validMinutes: Number(minutes),
    who: bodyText(asked.body, 'who') || 'console',
    forests: bodyText(asked.body, 'forests')
      .split(',')
      .filter((name) => name !== ''),
  })
}

export const revokeAgent = (asked: Asked): Promise<agents.RevokeResponse> =>
  call(enrolment(asked), 'revoke', {
    agent: requiredText(asked.body, 'agent'),
    why: requiredText(asked.body, 'why'),
    who: bodyText(asked.body, 'who') || 'console',
  })

/** Failure CANOPY-CONSOLE-0010-NOT-FOUND: no forest that answered has it. */
export async function readNow(asked: Asked): Promise<capture.ReadObjectResponse> {
  const who = requiredText(asked.body, 'who')
  const forest = bodyText(asked.body, 'forest')
  const answer = await call(client(asked), 'readObject', { who, forest }, { deadlineMs: readDeadlineMs })
  if (answer.objects.length > 0 || answer.unanswered.length > 0) return answer
  throw new Failure({
    kind: 'permanent',
    code: 'CANOPY-CONSOLE-0010-NOT-FOUND',
    message: `no directory has ${who}`,
    mend: 'give a DN, GUID, user principal name or mail address in full',
  })
}

export const releaseMissing = (asked: Asked): Promise<capture.ReleaseMissingResponse> =>
  call(client(asked), 'releaseMissing', {
    forest: requiredText(asked.body, 'forest'),
    why: requiredText(asked.body, 'why'),
    who: bodyText(asked.body, 'who') || 'console',
  })

export const retryCredential = (asked: Asked): Promise<capture.RetryCredentialResponse> =>
  call(client(asked), 'retryCredential', { credential: requiredText(asked.body, 'credential') })

export const listSetAside = (asked: Asked, limit: number): Promise<capture.ListSetAsideResponse> =>
  call(client(asked), 'listSetAside', { limit })

export const releaseSetAside = (asked: Asked, of: { forest: string; guid: string }): Promise<boolean> =>
  call(client(asked), 'releaseSetAside', of).then(({ released }) => released)
