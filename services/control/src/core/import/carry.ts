/** From imported rules to rules of a configuration: by name, by table, by what expressions may say. */
import { compile, ExpressionProblem, targetAttribute, targetReferences } from '@canopy/domain'
import type { MappedClass } from '../../ports.ts'
import { kindOfClass } from '../classes.ts'
import { defaultTables } from '../defaults.ts'
import { finding, type Imported, type ImportedRule, type ImportFinding, remark } from './imported.ts'
import { refusedSources, targetName, withoutRule } from './names.ts'

export const importTable = 'entra/defaults@2026-11'

/** One line of a configuration: key and value in their order. */
export type CarriedRule = Readonly<Record<string, string | true>>

export interface Carried {
  readonly classes: ReadonlyMap<MappedClass, readonly CarriedRule[]>
  /** Targets that objects are matched by, in order. */
  readonly matches: readonly string[]
  readonly findings: readonly ImportFinding[]
  /** Rules that are said, by the table or by a line of their own. */
  readonly count: number
}

export function carry(imported: Imported): Carried {
  const findings: ImportFinding[] = [...imported.findings]
  const classes = new Map<MappedClass, CarriedRule[]>()
  const named = new Map<MappedClass, Set<string>>()
  const matches: { target: string; priority: number }[] = []
  let count = 0
  for (const rule of imported.rules) {
    const made = carryOne(rule, imported.dialect, findings)
    if (made === undefined) continue
    const seen = named.get(rule.objectClass) ?? new Set<string>()
    named.set(rule.objectClass, seen)
    if (seen.has(made.target)) {
      findings.push(finding(rule.line, subjectOf(rule), `${made.target} is mapped by an earlier rule already`))
      continue
    }
    seen.add(made.target)
    count++
    if (rule.matchPriority !== undefined) matches.push({ target: made.target, priority: rule.matchPriority })
    if (made.line) classes.set(rule.objectClass, [...(classes.get(rule.objectClass) ?? []), made.line])
  }
  dropEqualToUser(classes)
  for (const objectClass of imported.classes) removeRest(objectClass, named.get(objectClass), classes, findings)
  const ordered = matches.toSorted((a, b) => a.priority - b.priority).map(({ target }) => target)
  return { classes, matches: [...new Set(ordered)], findings, count }
}

const subjectOf = (rule: ImportedRule): string =>
  `${rule.objectClass}.${rule.target}${rule.from === '' ? '' : ` (${rule.from})`}`

interface Made {
  readonly target: string
  /** Undefined: the table says it already. */
  readonly line: CarriedRule | undefined
}

function carryOne(rule: ImportedRule, dialect: Imported['dialect'], findings: ImportFinding[]): Made | undefined {
  const subject = subjectOf(rule)
  const { source } = rule
  const refused = source.is === 'attribute' ? refusedSources[source.name.toLowerCase()] : undefined
  if (refused !== undefined) return void findings.push(finding(rule.line, subject, refused))
  const done = withoutRule[rule.target.toLowerCase()]
  if (done !== undefined) return void findings.push(remark(rule.line, subject, done))
  const kind = kindOfClass(rule.objectClass)
  const target = targetName(kind, rule.target)
  if (targetReferences[kind].includes(target)) return reference(rule, target, findings)
  const attribute = targetAttribute(kind, target)
  if (attribute === undefined) {
    return void findings.push(
      finding(rule.line, subject, `a ${kind} has no attribute ${target}`, 'a directory extension'),
    )
  }
  if (attribute.carriers.length === 0 && target !== 'proxyAddresses') {
    return void findings.push(finding(rule.line, subject, `no application can write ${target} of a ${kind}`))
  }
  const wrong = source.is === 'expression' ? problemOf(source.text, dialect) : undefined
  if (wrong !== undefined) return void findings.push(finding(rule.line, subject, wrong, 'write it anew'))
  return { target, line: isOfTable(rule, target) ? undefined : lineOf(rule, target) }
}

function reference(rule: ImportedRule, target: string, findings: ImportFinding[]): Made | undefined {
  if (rule.source.is === 'attribute') {
    const isSame = rule.source.name.toLowerCase() === target.toLowerCase()
    return { target, line: isSame ? undefined : { target, reference: rule.source.name } }
  }
  return void findings.push(finding(rule.line, subjectOf(rule), `${target} is a reference: it takes an attribute only`))
}

/** Functions that have one name in both languages and other arguments. */
const differing = /\b(?:Join|Replace|Switch|FormatDateTime|PCase|Split)\s*\(/

function problemOf(text: string, dialect: Imported['dialect']): string | undefined {
  if (dialect === 'connect' && differing.test(text.replaceAll(/"(?:\\.|[^"\\])*"/g, '""'))) {
    return `${differing.exec(text)?.[0]}…) has other arguments in the provisioning language`
  }
  try {
    compile(text)
    return undefined
  } catch (error) {
    if (!(error instanceof ExpressionProblem)) throw error
    return `${error.message} (at character ${error.position + 1})`
  }
}

const normal = (text: string): string => text.replaceAll(/\s/g, '').replaceAll('NULL', '""')

function isOfTable(rule: ImportedRule, target: string): boolean {
  if (rule.onCreate || rule.defaultValue !== '') return false
  const kind = kindOfClass(rule.objectClass)
  const known = defaultTables[importTable]?.find((one) => one.kind === kind && one.target === target)
  if (!known || rule.source.is === 'constant') return false
  const said = known.source
  if (said?.$case === 'computed') return rule.source.is === 'attribute' && rule.source.name === target
  if (rule.source.is === 'attribute') return said?.$case === 'direct' && said.value === rule.source.name
  return said?.$case === 'expression' && normal(said.value) === normal(rule.source.text)
}

function lineOf({ source, onCreate, defaultValue }: ImportedRule, target: string): CarriedRule {
  const value: CarriedRule =
    source.is === 'attribute'
      ? { direct: source.name }
      : source.is === 'constant'
        ? { constant: source.value }
        : { expression: source.text }
  return {
    target,
    ...value,
    ...(onCreate ? { apply: 'onCreate' } : {}),
    ...(defaultValue === '' ? {} : { default: defaultValue }),
  }
}

/** A class of users has what users have: only its differences are said. */
function dropEqualToUser(classes: Map<MappedClass, CarriedRule[]>): void {
  const users = new Set((classes.get('user') ?? []).map((line) => JSON.stringify(line)))
  const own = (classes.get('inetOrgPerson') ?? []).filter((line) => !users.has(JSON.stringify(line)))
  if (own.length > 0) classes.set('inetOrgPerson', own)
  else classes.delete('inetOrgPerson')
}

/** What the table maps and the import does not is left alone, as it was. */
function removeRest(
  objectClass: MappedClass,
  named: ReadonlySet<string> | undefined,
  classes: Map<MappedClass, CarriedRule[]>,
  findings: ImportFinding[],
): void {
  if (objectClass === 'inetOrgPerson' || objectClass === 'device') return
  const kind = kindOfClass(objectClass)
  const needed = new Set(['userPrincipalName', 'accountEnabled', 'displayName', 'mailNickname', 'proxyAddresses'])
  const rest = (defaultTables[importTable] ?? []).filter(
    (rule) =>
      rule.kind === objectClass &&
      !named?.has(rule.target) &&
      !needed.has(rule.target) &&
      (rule.source?.$case === 'reference' || (targetAttribute(kind, rule.target)?.carriers.length ?? 0) > 0),
  )
  if (rest.length === 0) return
  const lines = rest.map(({ target }): CarriedRule => ({ target, none: true }))
  classes.set(objectClass, [...(classes.get(objectClass) ?? []), ...lines])
  const names = rest.map(({ target }) => target).join(', ')
  findings.push(remark(1, objectClass, `not mapped there, so left alone here (none: true): ${names}`))
}
