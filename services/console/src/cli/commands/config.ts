/** canopy config validate|show|diff|apply */
import type { control } from '@canopy/proto'
import type { ConfigurationAnswer } from '../../api/configuration.ts'
import { type Command, type Given, optionText, printJson } from '../command.ts'
import { type Problems, printProblems, refused, sourceOf } from '../config-file.ts'
import { ago } from '../format.ts'
import type { Gateway } from '../gateway.ts'
import type { Json } from '../json.ts'
import { Problem, usageProblem } from '../problem.ts'
import { askCounts, type Counted, printCounts } from '../scope-text.ts'
import { clean, table, wrap } from '../table.ts'
import { whoAmI } from '../who.ts'
import { importFile } from './config-import.ts'

const fileOf = (given: Given): string => given.positionals.FILE ?? ''

const file = { name: 'FILE', help: 'the YAML file; - reads standard input' }

const validate: Command = {
  words: 'config validate',
  summary: 'Checks a configuration file without applying it, and counts what each clause of its scope drops',
  positionals: [file],
  run: async (given) => {
    const { answer, scope } = await withCounts<Json<control.ValidateConfigurationResponse>>(given, 'validate')
    if (given.json) printJson(given, { ...answer, scope })
    else {
      printProblems(given, fileOf(given), answer.problems)
      if (answer.valid) given.out.line('The configuration is valid.')
      if (scope) printCounts(given, scope)
    }
    return answer.valid ? 0 : 1
  },
}

const show: Command = {
  words: 'config show',
  summary: 'The configuration that is active, as it was written, and its versions',
  options: [
    { name: 'version', value: 'N', help: 'an earlier version' },
    { name: 'versions', help: 'when each version was applied, and by whom, instead' },
  ],
  run: async (given) => {
    const gateway = await given.gateway()
    const answer = await gateway.get<Json<ConfigurationAnswer>>('config', {
      version: wholeVersion(optionText(given, 'version')),
    })
    if (given.json) printJson(given, answer)
    else if (given.options.versions) printVersions(given, answer)
    else given.out.line(answer.configuration.source.trimEnd())
    return 0
  },
}

const diff: Command = {
  words: 'config diff',
  summary: 'What a configuration file would change in the active one, and what its scope drops',
  positionals: [file],
  run: async (given) => {
    const { answer, scope } = await withCounts<Json<control.DiffConfigurationResponse>>(given, 'diff')
    if (given.json) printJson(given, { ...answer, scope })
    else {
      printProblems(given, fileOf(given), answer.problems)
      for (const { path, oldValue, newValue } of answer.differences) {
        const change =
          oldValue === '' ? `+ ${newValue}` : newValue === '' ? `− ${oldValue}` : `${oldValue} → ${newValue}`
        for (const [index, line] of wrap(`${path}: ${change}`, given.out.columns - 2).entries())
          given.out.line(index > 0 ? `  ${line}` : line)
      }
      if (answer.differences.length === 0 && !refused(answer.problems))
        given.out.line('Nothing differs from the active configuration.')
      if (scope) printCounts(given, scope)
    }
    return refused(answer.problems) ? 1 : 0
  },
}

const apply: Command = {
  words: 'config apply',
  summary: 'Makes a configuration file the active version; every object is evaluated again under it',
  positionals: [file],
  run: async (given) => {
    const answer = await post<Json<control.ApplyConfigurationResponse>>(given, 'apply')
    const { configuration, changed, problems } = answer
    if (given.json) printJson(given, answer)
    else {
      printProblems(given, fileOf(given), problems)
      if (configuration) {
        const version = `version ${shortVersion(configuration.version)} of ${clean(configuration.name)}`
        given.out.line(changed ? `Applied: ${version} is active.` : `Nothing differs: ${version} stays active.`)
      }
    }
    return configuration && !refused(problems) ? 0 : 1
  },
}

export const configCommands: readonly Command[] = [validate, show, diff, apply, importFile]

async function post<T>(given: Given, what: string): Promise<T> {
  const { gateway, source } = await asking(given, what)
  return await gateway.post<T>(`config/${what}`, { source, who: whoAmI() })
}

/** With what the scope drops; undefined where the source has problems that are more than warnings. */
async function withCounts<T extends { readonly problems: Problems }>(
  given: Given,
  what: string,
): Promise<{ readonly answer: T; readonly scope: Counted | undefined }> {
  const { gateway, source } = await asking(given, what)
  const answer = await gateway.post<T>(`config/${what}`, { source })
  return { answer, scope: refused(answer.problems) ? undefined : await askCounts(given, gateway, source) }
}

async function asking(given: Given, what: string): Promise<{ readonly gateway: Gateway; readonly source: string }> {
  const source = await sourceOf(given, given.positionals.FILE ?? '')
  // The services know what a configuration may say, and which forests there are: nothing is checked without them.
  const gateway = await given.gateway().catch((error: unknown) => {
    if (!(error instanceof Problem) || error.code !== 'CANOPY-CLI-0001') throw error
    throw new Problem({ ...details(error), message: `${error.message}; canopy config ${what} asks a running one` })
  })
  return { gateway, source }
}

const details = ({ code, message, at, mend }: Problem) => ({ code, message, at, mend })

function printVersions(given: Given, { versions }: Json<ConfigurationAnswer>): void {
  const columns = [
    { title: 'version', align: 'right' as const },
    { title: 'name' },
    { title: 'applied' },
    { title: 'by' },
  ]
  const rows = versions.map((each) => [
    shortVersion(each.version),
    each.name,
    ago(each.appliedAt, given.now()),
    each.appliedBy,
  ])
  for (const line of table(columns, rows, given.out)) given.out.line(line)
}

const counterBits = 40n

/** A version is (incarnation, counter), both from (1, 0) on: people see 1, 2, 3, and the incarnation once there is a second. */
export function shortVersion(version: string): string {
  const value = BigInt(version)
  const incarnation = value >> counterBits
  const counter = (value & ((1n << counterBits) - 1n)) + 1n
  return incarnation <= 1n ? String(counter) : `${incarnation}.${counter}`
}

/** The way back. Throws Problem with exit code 2. */
export function wholeVersion(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const [, incarnation = '1', counter] = /^(?:(\d{1,6})\.)?([1-9]\d{0,11})$/.exec(text) ?? []
  if (counter !== undefined) return String((BigInt(incarnation) << counterBits) + BigInt(counter) - 1n)
  throw usageProblem(`--version does not know ${text}`, 'canopy config show --versions lists them')
}
