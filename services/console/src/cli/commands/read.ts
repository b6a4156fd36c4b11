/** canopy read */
import type { capture } from '@canopy/proto'
import { type Command, optionText, printJson } from '../command.ts'
import type { Json } from '../json.ts'
import { clean } from '../table.ts'

export const read: Command = {
  words: 'read',
  summary: 'Reads one object now from its directory, and keeps what it says like any change',
  positionals: [{ name: 'WHO', help: 'DN, GUID, user principal name or mail' }],
  options: [{ name: 'forest', value: 'NAME', help: 'only this forest' }],
  examples: ['canopy read ada.park@contoso.lab', 'canopy read "CN=Ada Park,OU=Staff,DC=contoso,DC=lab"'],
  run: async (given) => {
    const body = { who: given.positionals.WHO, forest: optionText(given, 'forest') ?? '' }
    const answer = await (await given.gateway()).post<Json<capture.ReadObjectResponse>>('read', body)
    if (given.json) printJson(given, answer)
    else {
      for (const { forest, kind, dn, guid, gone, version } of answer.objects)
        given.out.line(`${forest}  ${kind}  ${clean(dn)}  ${guid}${gone ? '  deleted' : ''}  version ${version}`)
      for (const { subject, message } of answer.unanswered) given.err.line(`${subject} did not answer: ${message}`)
    }
    return answer.objects.length > 0 ? 0 : 1
  },
}
