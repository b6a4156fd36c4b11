/** A configuration file that a command was given, and what the services find wrong in it. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import type { control } from '@canopy/proto'
import type { Given } from './command.ts'
import { counted } from './format.ts'
import type { Json } from './json.ts'
import { Problem } from './problem.ts'
import { clean, wrap } from './table.ts'

export type Problems = Json<control.ValidateConfigurationResponse>['problems']

/** "-" reads standard input. Problem CANOPY-CLI-0007. */
export async function sourceOf(given: Given, path: string): Promise<string> {
  if (path === '-') return await readAll(process.stdin)
  try {
    return await readFile(resolve(given.cwd, path), 'utf8')
  } catch {
    throw new Problem({ code: 'CANOPY-CLI-0007', message: 'the file cannot be read', at: path, mend: 'check the path' })
  }
}

export const refused = (problems: Problems): boolean => problems.some(({ warning }) => !warning)

/** What, where, how to mend it. */
export function printProblems(given: Given, path: string, problems: Problems): void {
  for (const problem of problems) {
    const { out } = given
    const [first, ...others] = wrap(`${problem.code}  ${problem.message}`, out.columns)
    out.line(out.paint(problem.warning ? 'yellow' : 'red', `${problem.warning ? 'warning ' : ''}${first}`))
    for (const line of others) out.line(`     ${line}`)
    out.line(`  at   ${clean(`${path}:${problem.line}:${problem.column}${problem.path ? `  ${problem.path}` : ''}`)}`)
    if (problem.mend)
      for (const [index, line] of wrap(problem.mend, out.columns - 7).entries())
        out.line(`${index === 0 ? '  mend ' : '       '}${line}`)
  }
  const errors = problems.filter(({ warning }) => !warning).length
  if (errors > 0) given.out.line(`${counted(errors, 'problem')}; nothing was changed.`)
}
