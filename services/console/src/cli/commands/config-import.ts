/** canopy config import */
import type { control } from '@canopy/proto'
import { type Command, type Given, optionText, printJson } from '../command.ts'
import { sourceOf } from '../config-file.ts'
import { counted } from '../format.ts'
import type { Json } from '../json.ts'
import { wrap } from '../table.ts'

type Answer = Json<control.ImportMappingsResponse>

export const importFile: Command = {
  words: 'config import',
  summary:
    'Makes a configuration of the rules of Cloud Sync or Connect, and tells line by line what it could not carry',
  positionals: [
    {
      name: 'FILE',
      help: 'the synchronization schema of a Cloud Sync job, or exported rules of Connect; - reads standard input',
    },
  ],
  options: [{ name: 'name', value: 'NAME', help: 'name of the configuration (default imported)' }],
  examples: ['canopy config import job-schema.json > canopy.yaml', 'canopy config import rules.ps1 > canopy.yaml'],
  run: async (given) => {
    const path = given.positionals.FILE ?? ''
    const source = await sourceOf(given, path)
    const gateway = await given.gateway()
    const name = optionText(given, 'name') ?? 'imported'
    const answer = await gateway.post<Answer>('config/import', { source, name })
    if (given.json) printJson(given, answer)
    else {
      for (const line of answer.configuration.trimEnd().split('\n')) given.out.line(line)
      report(given, path, answer)
    }
    return answer.configuration === '' ? 1 : 0
  },
}

/** Beside the configuration, which may go into a file. */
function report(given: Given, path: string, { findings, carried, configuration }: Answer): void {
  const { err } = given
  for (const { line, subject, message, mend, lost } of findings) {
    const text = `${path}:${line}  ${subject}: ${message}${mend ? ` (${mend})` : ''}`
    const [first, ...others] = wrap(text, err.columns - 6)
    err.line(`${lost ? err.paint('red', 'lost') : err.paint('yellow', 'note')}  ${first}`)
    for (const rest of others) err.line(`      ${rest}`)
  }
  if (configuration === '') return
  const lost = findings.filter((one) => one.lost).length
  err.line(`${counted(carried, 'attribute')} carried over, ${counted(lost, 'thing')} lost.`)
}
