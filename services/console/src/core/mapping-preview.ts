/** What a mapping makes of one object: each target attribute with its values, the rule, and what the rule read. */
import { attributeText } from '@canopy/domain'
import type { change, configuration, contribution } from '@canopy/proto'

export interface MappingPreview {
  readonly forest: string
  readonly guid: string
  readonly dn: string
  readonly kind: string
  readonly scope: 'in' | 'out' | 'unknown'
  readonly scopeReason: string
  readonly recipientClass: string
  readonly holds: readonly contribution.MappedHold[]
  /** When what is said of the object changes by itself. */
  readonly changesAt: Date | undefined
  readonly rows: readonly PreviewedAttribute[]
}

export interface PreviewedAttribute {
  readonly target: string
  /** Undefined: the attribute is left alone. */
  readonly values: readonly string[] | undefined
  /** The rule as it is written: an expression, an attribute in brackets, a constant in quotes. */
  readonly rule: string
  readonly onCreate: boolean
  readonly source: Readonly<Record<string, readonly string[]>>
  /** Why there is no value, where the rule failed. */
  readonly note: string
}

type Rule = configuration.MappingRule

export function previewMapping(of: {
  readonly object: change.DirectoryObject
  readonly made: contribution.Contribution
  readonly rules: readonly Rule[]
}): MappingPreview {
  const { object, made } = of
  const notes = (made.steps.at(-1)?.note ?? '').split('; ')
  return {
    forest: object.forest,
    guid: object.guid,
    dn: object.dn,
    kind: object.kind,
    scope: made.scope === 'SCOPE_IN' ? 'in' : made.scope === 'SCOPE_OUT' ? 'out' : 'unknown',
    scopeReason: made.scopeReason,
    recipientClass: made.recipientClass,
    holds: made.holds,
    changesAt: made.changesAt,
    rows: rulesFor(object, of.rules).map((rule) => row({ object, made, rule, notes })),
  }
}

/** The most special rule of each target, in the order of the first of each. */
function rulesFor(object: change.DirectoryObject, rules: readonly Rule[]): readonly Rule[] {
  const isClass = object.objectClasses.some((one) => one.toLowerCase() === 'inetorgperson')
  const kinds = object.kind === 'user' && isClass ? ['user', 'inetOrgPerson'] : [object.kind]
  const found = new Map<string, Rule>()
  const weight = (rule: Rule): number => (rule.forest === '' ? 0 : 2) + (rule.kind === 'inetOrgPerson' ? 1 : 0)
  for (const rule of rules) {
    if (!kinds.includes(rule.kind) || (rule.forest !== '' && rule.forest !== object.forest)) continue
    const known = found.get(rule.target)
    if (!known || weight(rule) >= weight(known)) found.set(rule.target, rule)
  }
  return [...found.values()]
}

function row(of: {
  readonly object: change.DirectoryObject
  readonly made: contribution.Contribution
  readonly rule: Rule
  readonly notes: readonly string[]
}): PreviewedAttribute {
  const { object, made, rule } = of
  const value = made.attributes[rule.target]
  const reference = made.references[rule.target]
  const name = `${rule.kind}.${rule.target}: `
  const read = new Set([...attributesOf(rule), ...(value?.sources ?? [])])
  return {
    target: rule.target,
    values: value?.values ?? (reference === undefined ? undefined : [reference]),
    rule: ruleText(rule),
    onCreate: value?.onCreate ?? rule.onCreate,
    source: Object.fromEntries([...read].map((attribute) => [attribute, sourceValues(object, attribute)])),
    note: of.notes.find((note) => note.startsWith(name))?.slice(name.length) ?? '',
  }
}

function ruleText({ source }: Rule): string {
  switch (source?.$case) {
    case 'direct':
      return `[${source.value}]`
    case 'constant':
      return JSON.stringify(source.value)
    case 'expression':
      return source.value
    case 'reference':
      return `reference [${source.value}]`
    case 'computed':
      return `computed ${source.value}`
    case 'none':
    case undefined:
      return 'none'
    default:
      return source satisfies never
  }
}

/** Attributes a rule names. */
function attributesOf({ source }: Rule): readonly string[] {
  if (source?.$case === 'direct') return [source.value]
  if (source?.$case !== 'expression') return []
  const outsideTexts = source.value.replaceAll(/"(?:\\.|[^"\\])*"/g, '""')
  return [...outsideTexts.matchAll(/\[([A-Za-z][\w-]*)\]/g)].map((match) => match[1]!)
}

/** As the forest has it; what the object itself says where the attribute did not travel. */
function sourceValues(object: change.DirectoryObject, attribute: string): readonly string[] {
  const lower = attribute.toLowerCase()
  const name = Object.keys(object.attributes).find((each) => each.toLowerCase() === lower)
  const bytes = name === undefined ? [] : (object.attributes[name]?.values ?? [])
  if (bytes.length > 0) return bytes.map((each) => attributeText(lower, each))
  if (lower === 'cn' || lower === 'name') return object.name === '' ? [] : [object.name]
  if (lower === 'objectguid') return [object.guid]
  return lower === 'objectsid' && object.sid !== '' ? [object.sid] : []
}
