/** canopy resnapshot */
import type { capture } from '@canopy/proto'
import { type Command, printJson } from '../command.ts'
import { counted } from '../format.ts'
import type { Json } from '../json.ts'

export const resnapshot: Command = {
  words: 'resnapshot',
  summary: 'Reads a forest again from the start; nothing is deleted before the reading is complete',
  positionals: [{ name: 'FOREST', help: 'its name in the configuration' }],
  run: async (given) => {
    const forest = given.positionals.FOREST
    const gateway = await given.gateway()
    const answer = await gateway.post<Json<capture.ResnapshotResponse>>('resnapshot', { forest })
    if (given.json) printJson(given, answer)
    else
      given.out.line(
        `${forest} is read again: ${counted(answer.partitions, 'partition')}. canopy status shows how far it is.`,
      )
    return 0
  },
}
