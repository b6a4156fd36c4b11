/** Mapping rules as the services read them: the pinned table, changed by what the configuration says. */
import { targetAttribute } from '@canopy/domain'
import type { configuration, control } from '@canopy/proto'
import type { MappedClass, MappingSource, MappingsSource, Source } from '../ports.ts'
import { kindOfClass, mappedClasses } from './classes.ts'
import { defaultTables } from './defaults.ts'

type MappingRule = configuration.MappingRule

/**
 * The table's rules in their order, each replaced by the own rule of its target; own ones for other targets follow, then
 * those of a class, then those of a forest. What no target of any kind takes is left out: it would be read, sent and kept
 * for nothing. Proxy addresses stay: names are claimed by them.
 */
export function compileMappings({ mappings }: Source): MappingRule[] {
  const table = defaultTables[mappings.extends] ?? []
  const general = mappedClasses.flatMap((objectClass) => {
    const own = new Map(mappings[objectClass].map((rule) => [rule.target, compileRule(objectClass, rule)]))
    const inherited = table.filter((rule) => rule.kind === objectClass)
    const known = new Set(inherited.map((rule) => rule.target))
    return [
      ...inherited.map((rule) => own.get(rule.target) ?? rule),
      ...[...own.values()].filter((rule) => !known.has(rule.target)),
    ]
  })
  const special = mappings.forests.flatMap((one) =>
    mappedClasses.flatMap((objectClass) =>
      one[objectClass].map((rule) => ({ ...compileRule(objectClass, rule), forest: one.forest })),
    ),
  )
  return [...general, ...special].filter(isOfUse)
}

/** Names that are looked at before they are written, though no target takes them as they are. */
const claimed = 'proxyAddresses'

function isOfUse({ kind, target, source }: MappingRule): boolean {
  if (source?.$case === 'reference' || target === claimed) return true
  return (targetAttribute(kindOfClass(kind as MappedClass), target)?.carriers.length ?? 0) > 0
}

const compileRule = (objectClass: MappedClass, rule: MappingSource): MappingRule => ({
  kind: objectClass,
  target: rule.target,
  source: compileSource(rule),
  onCreate: rule.apply === 'onCreate',
  defaultValue: rule.default ?? '',
  forest: '',
  whenNull: rule.whenNull,
  onTooLong: rule.onTooLong ?? '',
  reevaluate: rule.reevaluate?.join(',') ?? '',
})

function compileSource(rule: MappingSource): MappingRule['source'] {
  if (rule.direct !== undefined) return { $case: 'direct', value: rule.direct }
  if (rule.constant !== undefined) return { $case: 'constant', value: rule.constant }
  if (rule.expression !== undefined) return { $case: 'expression', value: rule.expression }
  if (rule.reference !== undefined) return { $case: 'reference', value: rule.reference }
  if (rule.computed !== undefined) return { $case: 'computed', value: rule.computed }
  return { $case: 'none', value: true }
}

type Suffix = Pick<configuration.Configuration, 'unverifiedSuffix' | 'unverifiedSuffixReplacement'>

export const compileSuffix = (policy: MappingsSource['unverifiedSuffix']): Suffix =>
  typeof policy === 'string'
    ? { unverifiedSuffix: policy, unverifiedSuffixReplacement: undefined }
    : { unverifiedSuffix: 'replace', unverifiedSuffixReplacement: policy.replace }

export const compileRecipients = (recipients: MappingsSource['recipients']): { [recipientClass: string]: string } => ({
  ...recipients,
})

/** The examples that a configuration carries; a number or a flag is its text. */
export const compileTests = ({ mappings, forests }: Source): control.MappingTest[] =>
  mappings.tests.map(({ name, given, expect, held }) => {
    const { class: objectClass, forest, ...attributes } = given
    return {
      name: name ?? '',
      forest: forest ?? forests[0]?.name ?? '',
      objectClass,
      given: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, valuesOf(value)])),
      expect: Object.fromEntries(Object.entries(expect).map(([key, value]) => [key, valuesOf(value)])),
      held: held ?? '',
    }
  })

type Scalar = MappingsSource['tests'][number]['expect'][string]

const valuesOf = (value: Scalar): control.TestValues => {
  if (value === null || value === '') return { values: [] }
  return { values: Array.isArray(value) ? [...value] : [String(value)] }
}
