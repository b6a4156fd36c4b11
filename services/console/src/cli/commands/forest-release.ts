/** canopy forest release */
import type { capture } from '@canopy/proto'
import { type Command, optionText, printJson } from '../command.ts'
import { counted } from '../format.ts'
import type { Json } from '../json.ts'

export const forestRelease: Command = {
  words: 'forest release',
  summary: 'Says that what a complete reading missed is really gone: it is deleted, within the guards of the targets',
  positionals: [{ name: 'FOREST', help: 'its name in the configuration' }],
  options: [{ name: 'why', value: 'TEXT', help: 'kept in the log', required: true }],
  run: async (given) => {
    const forest = given.positionals.FOREST
    const body = { forest, why: optionText(given, 'why') ?? '', who: given.env.USER ?? 'cli' }
    const answer = await (await given.gateway()).post<Json<capture.ReleaseMissingResponse>>('forests/release', body)
    if (given.json) printJson(given, answer)
    else if (answer.partitions === 0) given.out.line(`Nothing of ${forest} is held.`)
    else given.out.line(`${counted(answer.objects, 'object')} of ${forest} may go.`)
    return 0
  },
}
