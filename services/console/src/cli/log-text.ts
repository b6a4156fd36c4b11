/** An entry of the provisioning log as one line, and what is below it. */
import type { audit } from '@canopy/proto'
import { clock, duration } from './format.ts'
import type { Json } from './json.ts'
import { clean, displayWidth, pad, shorten, wrap } from './table.ts'
import type { Style, Terminal } from './terminal.ts'

type Entry = Json<audit.AuditEntry>
type Result = NonNullable<Entry['result']>
type On = Pick<Terminal, 'paint' | 'columns'>

const done: Readonly<Record<string, string>> = {
  create: 'created',
  update: 'updated',
  disable: 'disabled',
  delete: 'deleted',
  restore: 'restored',
  addMember: 'added member',
  removeMember: 'removed member',
  setManager: 'set manager',
  clearManager: 'cleared manager',
  adopt: 'adopted',
  gap: 'gap',
}

/** "22:14:03  updated  user  Ada Park-Lindqvist  displayName, surname  contoso  84 ms" */
export function entryLine(entry: Entry, on: On, now: Date): string {
  const { result } = entry
  if (!result) return `entry ${entry.sequence} cannot be read`
  const [verb, style] = verbOf(result)
  const time = clock(result.at, now)
  const parts = [whatOf(result), forestsOf(result).join(', '), took(result)].filter((part) => part !== '')
  const head = `${time}  ${pad(verb, 15)}  ${pad(result.kind, 7)}  `
  const tail = parts.length > 0 ? `  ${parts.map(clean).join('  ')}` : ''
  // A long name gives way to what was done; both together to the width.
  const room = on.columns - displayWidth(head)
  const name = shorten(clean(nameOf(result)), Math.max(16, room - displayWidth(tail)))
  const rest = shorten(name + tail, room)
  const painted = style ? on.paint(style, pad(verb, 15)) : pad(verb, 15)
  return `${on.paint('dim', time)}  ${painted}  ${pad(result.kind, 7)}  ${rest}`.trimEnd()
}

function verbOf(result: Result): readonly [string, Style | undefined] {
  switch (result.outcome) {
    case 'OUTCOME_HELD':
      return [`${result.action} held`, 'yellow']
    case 'OUTCOME_FAILED':
      return [result.action === 'gap' ? 'gap' : `${result.action} failed`, 'yellow']
    case 'OUTCOME_REFUSED':
      return [`${result.action} refused`, 'red']
    case 'OUTCOME_DONE':
    case 'OUTCOME_UNSPECIFIED':
    case 'UNRECOGNIZED':
      return [done[result.action] ?? result.action, undefined]
    default:
      return result.outcome satisfies never
  }
}

const nameOf = (result: Result): string => result.display || result.anchor

function whatOf(result: Result): string {
  if (result.outcome !== 'OUTCOME_DONE') return result.code || result.message
  if (result.otherDisplay || result.otherAnchor)
    return `${arrow(result.action)} ${result.otherDisplay || result.otherAnchor}`
  // A new object has every attribute: that there are many is all there is to say.
  if (result.action === 'create') return result.changes.length > 0 ? `${result.changes.length} attributes` : ''
  return result.changes.map(({ attribute }) => attribute).join(', ')
}

const arrow = (action: string): string => (action.startsWith('remove') || action.startsWith('clear') ? '−' : '+')

const forestsOf = (result: Result): readonly string[] => [
  ...new Set(result.changes.flatMap(({ provenance }) => (provenance?.forest ? [provenance.forest] : []))),
]

/** From the moment the agent saw it until it was in the cloud. */
function took(result: Result): string {
  if (!result.at || !result.observedAt) return ''
  return duration(new Date(result.at).getTime() - new Date(result.observedAt).getTime())
}

/** Steps, then values. */
export function entryDetails(entry: Entry, on: On): readonly string[] {
  const { result } = entry
  if (!result) return []
  const lines = result.steps.map((step) => {
    const since =
      result.observedAt && step.at ? new Date(step.at).getTime() - new Date(result.observedAt).getTime() : undefined
    const when = since === undefined || since < 0 ? '' : `+${duration(since)}`
    return `    ${pad(step.stage, 9)}${pad(when, 10)}${step.note}`.trimEnd()
  })
  for (const change of result.changes) {
    const { provenance } = change
    const from = provenance ? `  (${[provenance.forest, provenance.rule].filter(Boolean).join(', ')})` : ''
    lines.push(`    ${change.attribute}: ${valuesText(change.oldValues)} → ${valuesText(change.newValues)}${from}`)
  }
  if (result.message) lines.push(`    ${result.code}  ${result.message}`.trimEnd())
  if (result.traceId) lines.push(`    trace    ${result.traceId}`)
  lines.push(`    anchor   ${result.anchor}  entry ${entry.sequence}`)
  if (result.cloudId) lines.push(`    cloud    ${result.cloudId}`)
  return lines.flatMap((line) => indented(line, on.columns))
}

const valuesText = (values: readonly string[]): string =>
  values.length === 0 ? '(none)' : values.map((value) => `"${value}"`).join(', ')

/** Long ones go on, further in. */
function indented(line: string, columns: number): readonly string[] {
  const text = clean(line)
  if (displayWidth(text) <= columns) return [text]
  const inner = text.trimStart()
  const lead = ' '.repeat(text.length - inner.length)
  return wrap(inner, columns - lead.length - 2).map((part, index) =>
    shorten(`${lead}${index > 0 ? '  ' : ''}${part}`, columns),
  )
}
