/** One identity side by side, as lines. */
import type { ShowAnswer } from '../api/show.ts'
import { clock, values } from './format.ts'
import type { Json } from './json.ts'
import { type Cell, clean, table, wrap } from './table.ts'
import type { Terminal } from './terminal.ts'

type Answer = Json<ShowAnswer>
type Found = Answer['found'][number]
type Row = Found['rows'][number]
interface Around {
  readonly on: Pick<Terminal, 'paint' | 'columns'>
  readonly now: Date
}

export function showLines(answer: Answer, around: Around): readonly string[] {
  const { on } = around
  const several = answer.found.length > 1 ? [`${answer.found.length} are found by ${clean(answer.who)}`, ''] : []
  return [
    ...several,
    ...answer.found.flatMap((found, index) => [...(index > 0 ? [''] : []), ...foundLines(found, around)]),
    ...answer.missing.flatMap(({ service, code, message }) =>
      wrap(`${service} did not answer, its part is missing: ${code}  ${message}`, on.columns).map((line) =>
        on.paint('red', line),
      ),
    ),
  ]
}

function foundLines(found: Found, around: Around): readonly string[] {
  const { on } = around
  return [
    `${on.paint('bold', clean(found.display || found.anchor))}  ${found.kind}${found.anchor ? `  anchor ${found.anchor}` : '  not resolved'}`,
    ...found.sources.flatMap((source) => sourceLines(source, around)),
    ...cloudLines(found, around),
    ...remarks(found, around),
    '',
    ...attributeLines(found, around),
  ]
}

function sourceLines(source: Found['sources'][number], { on }: Around): readonly string[] {
  const scope =
    source.scope === 'in'
      ? 'in scope'
      : `${source.scope === 'out' ? 'out of scope' : 'scope unknown'}${source.scopeReason ? `: ${source.scopeReason}` : ''}`
  const [first, ...others] = wrap(`${source.forest}  ${source.dn}`, on.columns - 9)
  return [
    `  forest ${first}`,
    ...others.map((line) => `         ${line}`),
    `         ${clean(`${source.guid}  ${source.gone ? 'deleted' : scope}`)}`,
  ]
}

function cloudLines({ cloud }: Found, { on, now }: Around): readonly string[] {
  if (!cloud) return ['  cloud  nothing is known of it there']
  const last = cloud.journal[0]
  const parts = [
    cloud.target,
    cloud.cloudId || 'not there yet',
    cloud.state,
    last ? `last ${last.action} ${clock(last.at, now)}` : '',
  ]
  const lines = [`  cloud  ${clean(parts.filter((part) => part !== '').join('  '))}`]
  if (cloud.message)
    lines.push(...wrap(cloud.message, on.columns - 9).map((line) => `         ${on.paint('yellow', line)}`))
  if (cloud.members.length > 0) {
    const names = cloud.members.slice(0, 20).join(', ')
    const more = cloud.members.length > 20 ? ` and ${cloud.members.length - 20} more` : ''
    lines.push(...wrap(`members: ${names}${more}`, on.columns - 9).map((line) => `         ${line}`))
  }
  return lines
}

function remarks(found: Found, { on }: Around): readonly string[] {
  const texts = [
    ...(found.gone ? ['the identity is gone'] : []),
    ...(found.leftScope ? ['it left the scope'] : []),
    ...found.holds.map(
      (hold) => `held (${hold.reason}${hold.attribute ? `, ${hold.attribute}` : ''}): ${hold.message}`,
    ),
    ...found.conflicts.map((conflict) => `conflict: ${conflict}`),
  ]
  return texts.flatMap((text) =>
    wrap(text, on.columns - 9).map(
      (line, index) => `${index === 0 ? '  note   ' : '         '}${on.paint('yellow', line)}`,
    ),
  )
}

/** One line per attribute and forest; the resolved and the cloud's value stand on the first. */
function attributeLines(found: Found, { on }: Around): readonly string[] {
  const columns = [
    { title: '', keep: true },
    { title: 'attribute', keep: true },
    { title: 'forest' },
    { title: 'source' },
    { title: 'mapped' },
    { title: 'resolved' },
    { title: 'cloud' },
  ]
  const rows = found.rows.flatMap((row) => rowsOf(row, found.cloud !== undefined))
  if (rows.length === 0) return ['  no attribute is mapped']
  const marks = new Set(rows.map((row) => (typeof row[0] === 'object' ? row[0].text : row[0])))
  return [
    ...table(columns, rows, on),
    ...(marks.has('≠') ? [on.paint('dim', '≠ the cloud differs from what was resolved')] : []),
    ...(marks.has('±') ? [on.paint('dim', '± the forests do not agree; the one with * won')] : []),
  ]
}

function rowsOf(row: Row, inCloud: boolean): readonly (readonly Cell[])[] {
  const mark: Cell = row.differs ? { text: '≠', style: 'red' } : row.contested ? { text: '±', style: 'yellow' } : ''
  const end = (first: boolean): readonly Cell[] => {
    if (!first) return ['', '']
    return [values(row.resolved), { text: inCloud ? values(row.cloud) : '–', style: row.differs ? 'red' : undefined }]
  }
  if (row.forests.length === 0) return [[mark, row.attribute, row.from, '–', '–', ...end(true)]]
  return row.forests.map((each, index) => [
    index === 0 ? mark : '',
    index === 0 ? row.attribute : '',
    row.contested && each.forest === row.from ? `${each.forest} *` : each.forest,
    sourceText(each.source, each.mapped),
    values(each.mapped),
    ...end(index === 0),
  ])
}

/** The value alone when it is the mapped one, or the rule read one attribute. */
function sourceText(source: Row['forests'][number]['source'], mapped: readonly string[]): string {
  const read = Object.entries(source)
  const same = read.find(([, found]) => found.length > 0 && found.join('\0') === mapped.join('\0'))
  if (same) return values(same[1])
  if (read.length === 0) return '–'
  if (read.length === 1) return values(read[0]![1])
  return (
    read
      .filter(([, found]) => found.length > 0)
      .map(([attribute, found]) => `${attribute}=${found.join(', ')}`)
      .join(' ') || '(none)'
  )
}
