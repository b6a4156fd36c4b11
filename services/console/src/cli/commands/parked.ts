/** canopy parked list|release */
import type { ParkedAnswer } from '../../api/operations.ts'
import { type Command, type Given, optionText, printJson } from '../command.ts'
import { ago } from '../format.ts'
import type { Json } from '../json.ts'
import { table } from '../table.ts'

const service = {
  name: 'service',
  value: 'NAME',
  help: 'only of this service: capture, transform, resolve, write, audit, control',
}

const list: Command = {
  words: 'parked list',
  summary: 'Records a service put aside because it cannot handle them; everything else goes on',
  options: [service],
  run: async (given) => {
    const gateway = await given.gateway()
    const answer = await gateway.get<Json<ParkedAnswer>>('parked', { service: optionText(given, 'service') })
    if (given.json) printJson(given, answer)
    else print(given, answer)
    return 0
  },
}

function print(given: Given, { parked, missing }: Json<ParkedAnswer>): void {
  const columns = [
    { title: 'id', keep: true },
    { title: 'service', keep: true },
    { title: 'topic' },
    { title: 'key' },
    { title: 'since' },
    { title: 'why' },
  ]
  const rows = parked.map((each) => [
    each.id,
    each.service,
    each.topic,
    each.key,
    ago(each.at, given.now()),
    `${each.code}  ${each.reason}`,
  ])
  if (rows.length > 0) for (const line of table(columns, rows, given.out)) given.out.line(line)
  else if (missing.length === 0) given.out.line('No record is parked.')
  for (const { service, code, message } of missing) given.err.line(`${service} did not answer: ${code}  ${message}`)
}

const release: Command = {
  words: 'parked release',
  summary: 'Hands a parked record to its service once more',
  positionals: [{ name: 'ID', help: 'an id of canopy parked list' }],
  options: [service],
  run: async (given) => {
    const gateway = await given.gateway()
    const answer = await gateway.post<{ service: string }>('parked/release', {
      id: given.positionals.ID,
      service: optionText(given, 'service') ?? '',
    })
    if (given.json) printJson(given, answer)
    else given.out.line(`Released to ${answer.service}.`)
    return 0
  },
}

export const parkedCommands: readonly Command[] = [list, release]
