/** canopy lab …: changes the lab's own people, to watch what becomes of it. */
import { type Command, type Given, type Option, optionText, type Positional, printJson } from '../command.ts'
import type { Json } from '../json.ts'
import { Problem, usageProblem } from '../problem.ts'
import { clean } from '../table.ts'

interface LabAnswer {
  readonly lines: readonly string[]
}

const who: Positional = { name: 'WHO', help: 'DN, GUID, account name, user principal name or display name' }
const forest: Option = { name: 'forest', value: 'NAME', help: 'only in this forest' }

const list: Command = {
  words: 'lab list',
  summary: 'Some of the lab’s people, groups, contacts or OUs',
  options: [
    forest,
    { name: 'kind', value: 'KIND', help: 'user (default), group, contact or ou' },
    { name: 'limit', value: 'N', help: 'at most N of each forest (default 20)' },
  ],
  run: async (given) => {
    const gateway = await given.gateway()
    const query = {
      forest: optionText(given, 'forest'),
      kind: optionText(given, 'kind'),
      limit: whole(given, 'limit')?.toString(),
    }
    return print(given, await inLab('list', () => gateway.get<Json<LabAnswer>>('lab/list', query)))
  },
}

interface Verb {
  readonly verb: string
  readonly summary: string
  readonly positionals?: readonly Positional[]
  readonly options?: readonly Option[]
  readonly examples?: readonly string[]
  readonly body: (given: Given) => Readonly<Record<string, unknown>>
}

const verbCommand = ({ verb, summary, positionals = [who], options = [], examples, body }: Verb): Command => ({
  words: `lab ${verb}`,
  summary,
  positionals,
  options: [...options, forest],
  ...(examples ? { examples } : {}),
  run: async (given) => {
    const gateway = await given.gateway()
    const asked = { ...body(given), forest: optionText(given, 'forest') }
    return print(given, await inLab(verb, () => gateway.post<Json<LabAnswer>>(`lab/${verb}`, asked)))
  },
})

/** A Canopy that serves real forests has no lab. */
async function inLab<T>(verb: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'CANOPY-CONSOLE-NOT-FOUND') throw error
    throw new Problem({
      code: 'CANOPY-CLI-0008',
      message: `this Canopy has no lab that can ${verb}`,
      mend: 'the lab is the outside world of npm start without --config',
    })
  }
}

function print(given: Given, answer: Json<LabAnswer>): number {
  if (given.json) printJson(given, answer)
  else for (const line of answer.lines) given.out.line(clean(line))
  return 0
}

/** Throws Problem with exit code 2 when it is no whole number. */
function whole(given: Given, name: string): number | undefined {
  const text = optionText(given, name)
  if (text === undefined) return undefined
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw usageProblem(`--${name} is a whole number, not ${text}`)
}

const whoOf = ({ positionals }: Given) => ({ who: positionals.WHO })
const group: Positional = { name: 'GROUP', help: 'the group, named the same way' }
const membership = ({ positionals }: Given) => ({ who: positionals.WHO, to: positionals.GROUP })

export const labCommands: readonly Command[] = [
  list,
  verbCommand({
    verb: 'rename',
    summary: 'Gives somebody another name',
    positionals: [who, { name: 'NAME', help: 'the new name' }],
    examples: ['canopy lab rename "Ada Park" "Ada Park-Lindqvist"'],
    body: (given) => ({ ...whoOf(given), name: given.positionals.NAME }),
  }),
  verbCommand({
    verb: 'move',
    summary: 'Moves an object below another container',
    positionals: [who, { name: 'OU', help: 'DN or GUID of the container' }],
    body: (given) => ({ ...whoOf(given), to: given.positionals.OU }),
  }),
  verbCommand({ verb: 'disable', summary: 'Disables an account', body: whoOf }),
  verbCommand({ verb: 'enable', summary: 'Enables an account', body: whoOf }),
  verbCommand({ verb: 'delete', summary: 'Deletes an object', body: whoOf }),
  verbCommand({
    verb: 'restore',
    summary: 'Brings a deleted object back',
    positionals: [{ name: 'WHO', help: 'GUID, as canopy lab delete prints it' }],
    body: whoOf,
  }),
  verbCommand({ verb: 'add-member', summary: 'Adds somebody to a group', positionals: [who, group], body: membership }),
  verbCommand({
    verb: 'remove-member',
    summary: 'Removes somebody from a group',
    positionals: [who, group],
    body: membership,
  }),
  verbCommand({
    verb: 'churn',
    summary: 'Makes many changes at random',
    positionals: [],
    options: [{ name: 'count', value: 'N', help: 'changes in each forest (default 20)' }],
    body: (given) => ({ count: whole(given, 'count') }),
  }),
  verbCommand({
    verb: 'fault',
    summary: 'Lets the lab’s servers fail for a while',
    positionals: [{ name: 'KIND', help: 'what fails; list shows every kind, clear ends it' }],
    options: [
      { name: 'for', value: 'DURATION', help: '30s, 2m; without it: until the next fault' },
      { name: 'count', value: 'N', help: 'so many times (default: once, or as often as it can while --for lasts)' },
      { name: 'amount', value: 'N', help: 'milliseconds, per cent, entries or changes, as the kind says' },
    ],
    examples: ['canopy lab fault throttle --for 30s', 'canopy lab fault hide --amount 40', 'canopy lab fault clear'],
    body: (given) => ({
      kind: given.positionals.KIND,
      for: optionText(given, 'for'),
      count: whole(given, 'count'),
      amount: whole(given, 'amount'),
    }),
  }),
]
