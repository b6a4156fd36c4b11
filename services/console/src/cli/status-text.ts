/** The state of everything as lines, like the first screen of a start. */
import type { ServiceState, StatusSnapshot } from '../api/status.ts'
import { ago, count, counted, duration, share } from './format.ts'
import type { Json } from './json.ts'
import { clean, displayWidth, shorten, table, wrap } from './table.ts'
import type { Style, Terminal } from './terminal.ts'

type Status = Json<StatusSnapshot>
type Forest = Status['forests'][number]
type Target = Status['targets'][number]
type On = Pick<Terminal, 'paint' | 'columns'>

const indent = ' '.repeat(9)

export function statusLines(status: Status, on: On, now: Date): readonly string[] {
  return [
    headline(status, on),
    ...forestLines(status, on, now),
    ...status.targets.flatMap((target) => targetLines(target, on, now)),
    ...conflictLine(status),
    ...serviceLines(status.services, on),
  ]
}

function headline(status: Status, on: On): string {
  const version = status.services.find((service) => service.state === 'up')?.version
  return `Canopy${version ? ` ${version}` : ''} · ${stateText(status.state, on)}`
}

function stateText(state: Status['state'], on: On): string {
  switch (state) {
    case 'inSync':
      return on.paint('green', 'in sync')
    case 'reading':
      return on.paint('yellow', 'reading the forests')
    case 'resolving':
      return on.paint('yellow', 'mapping and resolving')
    case 'writing':
      return on.paint('yellow', 'writing to the cloud')
    case 'waiting':
      return on.paint('red', 'waits for something outside')
    case 'down':
      return on.paint('red', 'not every service answers')
    default:
      return state satisfies never
  }
}

function forestLines(status: Status, on: On, now: Date): readonly string[] {
  if (status.forests.length === 0)
    return [`  forest ${on.paint('dim', 'none: apply a configuration (canopy config apply FILE)')}`]
  const several = new Set(status.forests.map(({ forest }) => forest)).size < status.forests.length
  const columns = [
    { title: '', keep: true },
    { title: '', keep: true },
    { title: '' },
    { title: '' },
    { title: '' },
    { title: '', keep: true },
  ]
  const rows = status.forests.map((forest) => [
    '  forest',
    several ? `${forest.forest}/${forest.domain}` : forest.forest,
    forest.server,
    `${count(forest.reachedObjects)}/${count(forest.objects)} objects`,
    `${count(forest.reachedMemberships)}/${count(forest.memberships)} memberships`,
    forestState(forest, now),
  ])
  const lines = table(columns, rows, on)
  return status.forests.flatMap((forest, index) => [lines[index]!, ...forestTrouble(forest, on)])
}

function forestState(forest: Forest, now: Date) {
  switch (forest.state) {
    case 'waiting':
      return { text: 'waiting', style: 'red' as const }
    case 'connecting':
      return { text: 'connecting', style: 'yellow' as const }
    case 'reading':
      return { text: `reading, ${count(forest.entriesRead)}`, style: 'yellow' as const }
    case 'following':
      if (!forest.complete) return { text: 'reading', style: 'yellow' as const }
      if (!forest.reached) return { text: `fresh ${ago(forest.freshAt, now)}`, style: 'yellow' as const }
      return { text: 'in sync', style: 'green' as const }
    default:
      return forest.state satisfies never
  }
}

function forestTrouble(forest: Forest, on: On): readonly string[] {
  const lines: string[] = []
  if (forest.code || forest.message) lines.push(...trouble(`${forest.code}  ${forest.message}`, forest.mend, on))
  if (forest.blind) {
    const mend =
      'let the account read deleted objects; until then what is gone is found by enumerating the forest (capture.blind_reading_ms)'
    lines.push(...trouble('blind: the account does not see deletions', mend, on))
  }
  for (const { base, entries, trouble: stopped } of forest.placeReadings) {
    const what = `reading ${base || 'all of it'} beside the stream, ${count(entries)} entries`
    if (stopped) lines.push(...trouble(`${what}: ${stopped}`, '', on))
    else lines.push(indent + what)
  }
  return lines
}

function trouble(what: string, mend: string, on: On): readonly string[] {
  const wide = on.columns - indent.length
  const lines = wrap(what.trim(), wide).map((line) => indent + on.paint('red', line))
  if (mend) lines.push(...wrap(`mend ${mend}`, wide).map((line) => indent + line))
  return lines
}

function targetLines(target: Target, on: On, now: Date): readonly string[] {
  const done = [
    `${count(target.created)} created`,
    `${count(target.updated)} updated`,
    `${count(target.disabled)} disabled`,
    `${count(target.deleted)} deleted`,
    `${count(target.held)} held`,
  ]
  const first = shorten(`  cloud  ${clean(target.target)}  ${done.join(' · ')}`, on.columns)
  const [text, style] = equality(target)
  const beside = displayWidth(first) + 3 + text.length <= on.columns
  return [
    ...(beside ? [`${first}   ${on.paint(style, text)}`] : [first, indent + on.paint(style, text)]),
    ...wrapParts(targetDetails(target, now), on.columns),
    ...(target.message ? trouble(`${target.code}  ${target.message}`, target.mend, on) : []),
  ]
}

function equality(target: Target): readonly [string, Style] {
  if (target.mode === 'observe') return ['observing: nothing is written', 'cyan']
  const [part, all] = [target.objectsEqual + target.edgesEqual, target.objects + target.edges]
  if (part >= all) return ['equal to the forests', 'green']
  const due = Object.values(target.backlog).some((rows) => rows > 0)
  return due
    ? [`${share(part, all)} equal to the forests`, 'yellow']
    : [`${share(part, all)} equal, the rest waits`, 'green']
}

function targetDetails(target: Target, now: Date): readonly string[] {
  const backlog = Object.entries(target.backlog).filter(([, rows]) => rows > 0)
  const parts = [
    `${target.type}, ${target.mode}`,
    `${count(target.objectsEqual)}/${count(target.objects)} objects`,
    `${count(target.edgesEqual)}/${count(target.edges)} memberships`,
  ]
  if (backlog.length > 0) parts.push(`due: ${backlog.map(([lane, rows]) => `${count(rows)} ${lane}`).join(', ')}`)
  if (target.oldestDifference)
    parts.push(`oldest difference ${duration(now.getTime() - new Date(target.oldestDifference).getTime())}`)
  if (target.waiting > 0) parts.push(`${count(target.waiting)} wait for another object`)
  if (target.failed > 0) parts.push(`${count(target.failed)} refused`)
  if (!target.barrierOpen) parts.push('first export waits for every forest')
  if (target.propagationP50Ms > 0) {
    parts.push(`${duration(target.propagationP50Ms)} from forest to cloud (99 %: ${duration(target.propagationP99Ms)})`)
  }
  return parts
}

/** Parts with dots between them, on as many lines as they need. */
function wrapParts(parts: readonly string[], columns: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const part of parts.map(clean)) {
    const longer = line === '' ? part : `${line} · ${part}`
    if (line !== '' && indent.length + longer.length > columns) {
      lines.push(line)
      line = part
    } else line = longer
  }
  return [...lines, line].map((each) => indent + each)
}

function conflictLine({ resolve }: Status): readonly string[] {
  if (!resolve) return []
  const people = `${counted(resolve.users, 'user')} · ${counted(resolve.groups, 'group')} · ${counted(resolve.contacts, 'contact')}`
  const joined = resolve.joined > 0 ? ` · ${count(resolve.joined)} joined` : ''
  const conflicts =
    resolve.conflicts > 0 ? `${counted(resolve.conflicts, 'conflict')} (canopy conflicts)` : 'no conflicts'
  const waits = resolve.waitingFor.length > 0 ? ` · waits for ${resolve.waitingFor.map(clean).join(', ')}` : ''
  return [`  people ${people}${joined} · ${conflicts}${waits}`]
}

function serviceLines(services: readonly Json<ServiceState>[], on: On): readonly string[] {
  const up = services.filter((service) => service.state === 'up')
  const lag = up.map(({ service, lag }) => `${service} ${count(lag)}`)
  const lines =
    lag.length > 0
      ? wrapParts(lag, on.columns).map((line, index) => (index === 0 ? `  behind ${line.trimStart()}` : line))
      : []
  for (const service of up) {
    if (service.parked > 0)
      lines.push(`  parked ${service.service}: ${counted(service.parked, 'record')} (canopy parked list)`)
    for (const message of service.waiting) lines.push(`  waits  ${service.service}: ${clean(message)}`)
  }
  for (const service of services) {
    if (service.state !== 'down') continue
    const [first, ...others] = wrap(
      `${service.service}: ${service.code}  ${service.message}`,
      on.columns - indent.length,
    )
    lines.push(`  ${on.paint('red', 'down')}   ${first}`, ...others.map((line) => indent + line))
  }
  return lines
}
