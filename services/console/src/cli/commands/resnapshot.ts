/** canopy resnapshot */
import type { capture } from '@canopy/proto'
import { type Command, optionText, printJson } from '../command.ts'
import { counted } from '../format.ts'
import type { Json } from '../json.ts'

export const resnapshot: Command = {
  words: 'resnapshot',
  summary:
    'Reads a forest again from the start, or one place in it while changes go on; deletes only what is proven gone',
  positionals: [{ name: 'FOREST', help: 'its name in the configuration' }],
  options: [{ name: 'ou', value: 'DN', help: 'only what is below it, beside the stream of changes' }],
  run: async (given) => {
    const ou = optionText(given, 'ou') ?? ''
    const forest = given.positionals.FOREST
    const gateway = await given.gateway()
    const answer = await gateway.post<Json<capture.ResnapshotResponse>>('resnapshot', { forest, ou })
    if (given.json) printJson(given, answer)
    else
      given.out.line(
        `${ou || forest} is read again: ${counted(answer.partitions, 'partition')}. canopy status shows how far it is.`,
      )
    return 0
  },
}
