/** canopy agent list|token|revoke|explain|retry */
import type { agents, capture } from '@canopy/proto'
import type { AgentsAnswer } from '../../api/agents.ts'
import { type Command, type Given, optionText, printJson } from '../command.ts'
import { ago, clock, counted } from '../format.ts'
import type { Json } from '../json.ts'
import { Problem } from '../problem.ts'
import { table } from '../table.ts'

type Agents = Json<AgentsAnswer>
type Agent = Agents['agents'][number]

const list: Command = {
  words: 'agent list',
  summary: 'Agents that are attached, what they read, and how they came in',
  run: async (given) => {
    const answer = await (await given.gateway()).get<Agents>('agents')
    if (given.json) printJson(given, answer)
    else print(given, answer)
    return 0
  },
}

function print({ out, now }: Given, { agents, enrolled }: Agents): void {
  const away = enrolled.filter(({ name }) => !agents.some((agent) => agent.name === name))
  if (agents.length + away.length === 0) return out.line('No agent is attached, and none was enrolled.')
  const columns = [
    { title: 'agent', keep: true },
    { title: 'version' },
    { title: 'attached' },
    { title: 'by' },
    { title: 'reads' },
    { title: 'credentials' },
  ]
  const rows = agents.map((agent) => [
    agent.name,
    `${agent.version}, protocol ${agent.protocol}`,
    ago(agent.attachedAt, now()),
    agent.enrolled ? 'certificate' : 'service',
    agent.partitions.join(' ') || 'stands by',
    agent.credentials.join(' '),
  ])
  for (const each of away) rows.push([each.name, '', 'no', awayBecause(each, now()), '', ''])
  for (const line of table(columns, rows, out)) out.line(line)
}

function awayBecause({ revokedAt, tokenExpiresAt, notAfter }: Agents['enrolled'][number], now: Date): string {
  if (tokenExpiresAt) return `token until ${clock(tokenExpiresAt, now)}`
  if (revokedAt) return `revoked ${ago(revokedAt, now)}`
  return notAfter && Date.parse(notAfter) > now.getTime() ? 'certificate' : 'certificate ended'
}

const token: Command = {
  words: 'agent token',
  summary: 'Makes a token that enrols one agent, once; it is shown here and nowhere else',
  positionals: [{ name: 'NAME', help: 'of the agent, as it will be listed' }],
  options: [
    { name: 'minutes', value: 'N', help: 'how long it works (default: control.agents.token_mins)' },
    { name: 'forests', value: 'A,B', help: 'the only forests it may read; default: all' },
  ],
  examples: ['canopy agent token bridge-1 > token'],
  run: async (given) => {
    const body = {
      agent: given.positionals.NAME,
      minutes: optionText(given, 'minutes') ?? '',
      forests: optionText(given, 'forests') ?? '',
      who: given.env.USER ?? 'cli',
    }
    const answer = await (await given.gateway()).post<Json<agents.CreateTokenResponse>>('agents/token', body)
    if (given.json) printJson(given, answer)
    else {
      given.out.line(answer.token)
      const until = clock(answer.expiresAt, given.now())
      given.err.line(
        `Works once, until ${until}. Put it into the file of agent.enrolment.token_file on the agent's host.`,
      )
    }
    return 0
  },
}

const revoke: Command = {
  words: 'agent revoke',
  summary: "Makes an agent's certificates and tokens void; it is cut off within seconds",
  positionals: [{ name: 'NAME', help: 'of canopy agent list' }],
  options: [{ name: 'why', value: 'TEXT', help: 'kept with the revocation', required: true }],
  run: async (given) => {
    const agent = given.positionals.NAME
    const body = { agent, why: optionText(given, 'why') ?? '', who: given.env.USER ?? 'cli' }
    const answer = await (await given.gateway()).post<Json<agents.RevokeResponse>>('agents/revoke', body)
    if (given.json) printJson(given, answer)
    else
      given.out.line(
        `${agent} is out: ${counted(answer.certificates, 'certificate')} and ${counted(answer.tokens, 'token')} are void.`,
      )
    return 0
  },
}

const explain: Command = {
  words: 'agent explain',
  summary: "What an agent's own ceiling allows: attributes, places, commands; no hub can raise it",
  positionals: [{ name: 'NAME', help: 'of canopy agent list; none: all', optional: true }],
  run: async (given) => {
    const { agents } = await (await given.gateway()).get<Agents>('agents')
    const name = given.positionals.NAME
    const asked = agents.filter((agent) => name === undefined || agent.name === name)
    if (asked.length === 0)
      throw new Problem({
        code: 'CANOPY-CLI-0007',
        message: name === undefined ? 'no agent is attached' : `no agent ${name} is attached`,
        mend: 'on its own host the agent tells it too: canopy-agent explain',
      })
    if (given.json)
      printJson(given, { agents: asked.map(({ name, forests, ceiling }) => ({ name, forests, ceiling })) })
    else for (const agent of asked) for (const line of ceilingLines(agent)) given.out.line(line)
    return 0
  },
}

function ceilingLines({ name, forests, ceiling }: Agent): readonly string[] {
  const list = (names: readonly string[], all: string): string => (names.length === 0 ? all : names.join(', '))
  if (ceiling === undefined) return [name, '  it speaks an older protocol and does not say']
  const { attributes, ous, readOnly } = ceiling
  const always = 'objectClass, objectSid, name'
  return [
    name,
    `  forests     ${list(forests, 'all that the hub assigns')}`,
    `  attributes  ${attributes.length === 0 ? 'all that mappings read' : `${always}, ${attributes.join(', ')}`}`,
    `  places      ${ous.length === 0 ? 'everywhere' : ous.join(' · ')}`,
    `  commands    ${readOnly ? 'none that changes a directory' : 'also those that change a directory'}`,
  ]
}

const retry: Command = {
  words: 'agent retry',
  summary: 'Lets a refused credential be tried once more: after an account was unlocked or enabled',
  positionals: [{ name: 'CREDENTIAL', help: 'its name in the configuration' }],
  run: async (given) => {
    const credential = given.positionals.CREDENTIAL
    const gateway = await given.gateway()
    const answer = await gateway.post<Json<capture.RetryCredentialResponse>>('agents/retry', { credential })
    if (given.json) printJson(given, answer)
    else if (answer.versions === 0) given.out.line(`No version of ${credential} is refused.`)
    else given.out.line(`${counted(answer.versions, 'version')} of ${credential} may be tried once more.`)
    return 0
  },
}

export const agentCommands: readonly Command[] = [list, token, revoke, explain, retry]
