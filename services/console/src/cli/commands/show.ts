/** canopy show */
import type { ShowAnswer } from '../../api/show.ts'
import { type Command, printJson } from '../command.ts'
import type { Json } from '../json.ts'
import { showLines } from '../show-text.ts'

export const show: Command = {
  words: 'show',
  summary: 'One person, group or contact: as the forests say it, as mapped, as resolved, as the cloud has it',
  positionals: [{ name: 'WHO', help: 'DN, GUID, user principal name, mail address or anchor' }],
  examples: ['canopy show ada.park@contoso.com', 'canopy show "CN=Ada Park,OU=Staff,DC=contoso,DC=com"'],
  run: async (given) => {
    const gateway = await given.gateway()
    const answer = await gateway.get<Json<ShowAnswer>>('show', { who: given.positionals.WHO })
    if (given.json) printJson(given, answer)
    else for (const line of showLines(answer, { on: given.out, now: given.now() })) given.out.line(line)
    return answer.found.length > 0 ? 0 : 1
  },
}
