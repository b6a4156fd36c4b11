/** canopy map preview|test */
import type { MappingTestsAnswer, PreviewAnswer } from '../../api/map.ts'
import { type Command, type Given, optionText, printJson } from '../command.ts'
import { printProblems, refused, sourceOf } from '../config-file.ts'
import { counted, values } from '../format.ts'
import type { Json } from '../json.ts'
import { clean, table, wrap } from '../table.ts'

type Preview = Json<PreviewAnswer>
type Found = Preview['found'][number]
type Tests = Json<MappingTestsAnswer>

const config = {
  name: 'config',
  value: 'FILE',
  help: 'a draft instead of the active configuration; - reads standard input',
}

const preview: Command = {
  words: 'map preview',
  summary: 'What the mapping makes of one object: each attribute, its value, the rule, what the rule read',
  positionals: [{ name: 'WHO', help: 'a DN, GUID, user principal name, mail address or account name' }],
  options: [config],
  examples: ['canopy map preview ada@contoso.com', 'canopy map preview ada@contoso.com --config draft.yaml'],
  run: async (given) => {
    const answer = await post<Preview>(given, 'preview', { who: given.positionals.WHO ?? '' })
    if (given.json) printJson(given, answer)
    else {
      printProblems(given, optionText(given, 'config') ?? '', answer.problems)
      for (const found of answer.found) printPreview(given, found)
    }
    return refused(answer.problems) ? 1 : 0
  },
}

const test: Command = {
  words: 'map test',
  summary: 'Runs the examples a configuration carries (mappings.tests) against its own mapping',
  options: [config],
  run: async (given) => {
    const answer = await post<Tests>(given, 'test', {})
    const failed = answer.results.filter(({ passed }) => !passed)
    if (given.json) printJson(given, answer)
    else printTests(given, answer)
    return answer.isRun && failed.length === 0 ? 0 : 1
  },
}

export const mapCommands: readonly Command[] = [preview, test]

async function post<T>(given: Given, what: string, body: Readonly<Record<string, string>>): Promise<T> {
  const path = optionText(given, 'config')
  const source = path === undefined ? '' : await sourceOf(given, path)
  const gateway = await given.gateway()
  return await gateway.post<T>(`map/${what}`, { ...body, source })
}

function printPreview(given: Given, found: Found): void {
  const { out } = given
  const scope = found.scope === 'in' ? 'in scope' : `${found.scope === 'out' ? 'out of scope' : 'scope unknown'}`
  out.line(`${out.paint('bold', clean(found.dn))}  ${found.kind} of ${found.forest}`)
  const facts = [
    found.scopeReason ? `${scope}: ${found.scopeReason}` : scope,
    ...(found.recipientClass && found.recipientClass !== 'none' ? [`recipient class ${found.recipientClass}`] : []),
    ...found.holds.map(({ reason, message }) => `held (${reason}): ${message}`),
    ...(found.changesAt ? [`changes by itself at ${found.changesAt}`] : []),
  ]
  for (const fact of facts) for (const line of wrap(fact, out.columns - 2)) out.line(`  ${line}`)
  const columns = [{ title: 'attribute', keep: true }, { title: 'value' }, { title: 'rule' }, { title: 'source' }]
  const isTelling = (row: Found['rows'][number]): boolean => (row.values?.length ?? 0) > 0 || row.note !== ''
  const rows = found.rows.filter(isTelling).map((row) => [
    row.onCreate ? `${row.target} ¹` : row.target,
    row.note ? { text: row.note, style: 'red' as const } : values(row.values),
    row.rule,
    Object.entries(row.source)
      .map(([attribute, read]) => `${attribute}=${values(read)}`)
      .join('  '),
  ])
  for (const line of table(columns, rows, out)) out.line(line)
  const empty = found.rows.filter((row) => !isTelling(row))
  const listed = (title: string, of: typeof empty): void => {
    const names = of.map(({ target }) => target).join(', ')
    if (names) for (const line of wrap(`${title}: ${names}`, out.columns)) out.line(out.paint('dim', line))
  }
  listed(
    'empty',
    empty.filter(({ values: made }) => made !== undefined),
  )
  listed(
    'left alone',
    empty.filter(({ values: made }) => made === undefined),
  )
  if (found.rows.some((row) => row.onCreate && isTelling(row)))
    out.line(out.paint('dim', '¹ written when the object is created, never again'))
  out.line('')
}

function printTests(given: Given, { results, problems, isRun }: Tests): void {
  const { out } = given
  printProblems(given, optionText(given, 'config') ?? '', problems)
  if (!isRun) return
  if (results.length === 0) return out.line('The configuration carries no examples (mappings.tests).')
  for (const { index, name, passed, mismatches } of results) {
    const title = `mappings.tests[${index}]${name ? `  ${name}` : ''}`
    out.line(`${passed ? out.paint('green', 'pass') : out.paint('red', 'fail')}  ${clean(title)}`)
    for (const each of mismatches) {
      const why = each.note ? ` (${each.note})` : ''
      const text = `${each.target}: expected ${values(each.expected)}, made ${values(each.actual)}${why}`
      for (const line of wrap(text, out.columns - 6)) out.line(`      ${line}`)
    }
  }
  const failed = results.filter(({ passed }) => !passed).length
  out.line(`${counted(results.length, 'example')}, ${failed === 0 ? 'all pass' : `${failed} fail`}.`)
}
