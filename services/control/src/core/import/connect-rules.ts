/** From the synchronization rules of Entra Connect to one rule per attribute: the lowest precedence wins. */
import type { MappedClass } from '../../ports.ts'
import { classOf, finding, type Imported, type ImportedRule, type ImportFinding, remark } from './imported.ts'

/** One rule of Connect, however it was exported. */
export interface ConnectRule {
  readonly name: string
  readonly inbound: boolean
  readonly precedence: number
  /** Class in the directory. */
  readonly source: string
  readonly flows: readonly ConnectFlow[]
  /** "attribute OPERATOR value" of each condition that is not one of the default exclusions. */
  readonly conditions: readonly string[]
  readonly line: number
}

export interface ConnectFlow {
  readonly target: string
  readonly source: ImportedRule['source']
  readonly merge: string
  readonly once: boolean
  readonly line: number
}

/** Canopy leaves these out of scope by itself. */
export const isDefaultExclusion = (attribute: string): boolean =>
  ['iscriticalsystemobject', 'admindescription'].includes(attribute.toLowerCase())

export function fromConnect(rules: readonly ConnectRule[]): Imported {
  const findings: ImportFinding[] = []
  const classes = new Set<MappedClass>()
  const flows = new Map<string, Offer[]>()
  const isOfDirectory = (rule: ConnectRule): boolean => rule.inbound && !/^In from AAD\b/i.test(rule.name)
  const outbound = rules.filter((rule) => !isOfDirectory(rule))
  if (outbound.length > 0) {
    const message = `${outbound.length} rules of the connector to Entra: they shape what Microsoft's own service takes, and no other`
    findings.push(remark(outbound[0]!.line, 'rules of Entra', message))
  }
  for (const rule of rules.filter(isOfDirectory).toSorted((a, b) => a.precedence - b.precedence)) {
    const objectClass = classOf(rule.source)
    if (objectClass === undefined) {
      findings.push(remark(rule.line, rule.name, `objects of the class ${rule.source} are not mapped by rules`))
      continue
    }
    classes.add(objectClass)
    for (const flow of rule.flows) {
      const key = `${objectClass}.${flow.target}`
      flows.set(key, [...(flows.get(key) ?? []), { rule, flow, objectClass }])
    }
  }
  const chosen = [...flows.values()].map((offers) => choose(offers, findings))
  return { dialect: 'connect', rules: chosen, include: [], exclude: [], classes, findings }
}

interface Offer {
  readonly rule: ConnectRule
  readonly flow: ConnectFlow
  readonly objectClass: MappedClass
}

/** The first without a condition; else the first, whose condition is lost. */
function choose(offers: readonly Offer[], findings: ImportFinding[]): ImportedRule {
  const chosen = offers.find(({ rule }) => rule.conditions.length === 0) ?? offers[0]!
  const { rule, flow, objectClass } = chosen
  const subject = `${objectClass}.${flow.target}`
  for (const other of offers) {
    if (other === chosen || JSON.stringify(other.flow.source) === JSON.stringify(flow.source)) continue
    const when =
      other.rule.conditions.length > 0 ? `under ${other.rule.conditions.join(' and ')}` : 'at a later precedence'
    findings.push(
      finding(other.flow.line, subject, `the value of ${other.rule.name}, ${when}`, 'use IIF in one expression'),
    )
  }
  if (rule.conditions.length > 0) {
    findings.push(remark(rule.line, subject, `mapped always, not only under ${rule.conditions.join(' and ')}`))
  }
  if (flow.merge !== '' && flow.merge !== 'Update') {
    const message = `the merge type ${flow.merge}: here the first forest with a value wins`
    findings.push(remark(flow.line, subject, message, 'precedence.attributes'))
  }
  return {
    objectClass,
    target: flow.target,
    source: flow.source,
    onCreate: flow.once,
    defaultValue: '',
    matchPriority: undefined,
    from: rule.name,
    line: flow.line,
  }
}
