/** canopy held list|approve|reject */
import type { write } from '@canopy/proto'
import { type Command, type Given, optionText, printJson } from '../command.ts'
import { ago, count, counted } from '../format.ts'
import type { Json } from '../json.ts'
import { table } from '../table.ts'
import { whoAmI } from '../who.ts'

const list: Command = {
  words: 'held list',
  summary: 'Operations a guard holds until a person decides, and objects that no target could carry whole',
  run: async (given) => {
    const gateway = await given.gateway()
    const answer = await gateway.get<Json<write.ListHeldResponse>>('held')
    if (given.json) printJson(given, answer)
    else print(given, answer)
    return 0
  },
}

function print(given: Given, { held, total }: Json<write.ListHeldResponse>): void {
  if (held.length === 0) return given.out.line('Nothing is held.')
  const columns = [
    { title: 'id', keep: true },
    { title: 'class', keep: true },
    { title: 'target' },
    { title: 'object' },
    { title: 'since' },
    { title: 'reason' },
  ]
  const rows = held.map((each) => [
    each.id || '–',
    each.class,
    each.target,
    each.display || each.anchor,
    ago(each.at, given.now()),
    each.reason,
  ])
  for (const line of table(columns, rows, given.out)) given.out.line(line)
  if (held.some(({ id }) => id === ''))
    given.out.line('– is held by what it is: the directory or the configuration (mappings) releases it, no approval.')
  if (total > held.length) given.out.line(`${count(held.length)} of ${count(total)}.`)
}

const decision = (verb: 'approve' | 'reject', summary: string): Command => ({
  words: `held ${verb}`,
  summary,
  positionals: [{ name: 'ID|CLASS', help: 'an id of canopy held list, or all of a class such as delete' }],
  options: [{ name: 'why', value: 'TEXT', help: 'the reason, kept with the decision', required: true }],
  examples: [`canopy held ${verb} held_7f3k --why "the department was closed"`],
  run: async (given) => {
    const gateway = await given.gateway()
    const answer = await gateway.post<Json<write.DecideHeldResponse>>('held/decide', {
      id: given.positionals['ID|CLASS'],
      approve: verb === 'approve',
      why: optionText(given, 'why'),
      who: whoAmI(),
    })
    if (given.json) printJson(given, answer)
    else given.out.line(`${counted(answer.decided, 'operation')} ${verb === 'approve' ? 'approved' : 'rejected'}.`)
    return 0
  },
})

export const heldCommands: readonly Command[] = [
  list,
  decision('approve', 'Lets held operations go; a newer version of an object voids what was approved of it'),
  decision('reject', 'Leaves the cloud as it is, for the version that was held'),
]
