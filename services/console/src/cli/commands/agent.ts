/** canopy agent list|explain|retry */
import type { capture } from '@canopy/proto'
import { type Command, type Given, printJson } from '../command.ts'
import { ago, counted } from '../format.ts'
import type { Json } from '../json.ts'
import { Problem } from '../problem.ts'
import { table } from '../table.ts'

type Agents = Json<capture.ListAgentsResponse>
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

function print({ out, now }: Given, { agents }: Agents): void {
  if (agents.length === 0) return out.line('No agent is attached.')
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
  for (const line of table(columns, rows, out)) out.line(line)
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
        mend: 'on its own host the agent tells it too: node main.js explain',
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

export const agentCommands: readonly Command[] = [list, explain, retry]
