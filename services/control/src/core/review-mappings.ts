/** What a well-formed `mappings` gets wrong: unknown targets, two sources, expressions, chance and time out of place. */
import { isDirectoryExtension, targetAttribute, targetReferences } from '@canopy/domain'
import type { Finding, MappedClass, MappingSource, MappingsSource, Path, Source } from '../ports.ts'
import { kindOfClass, mappedClasses } from './classes.ts'
import { defaultTables, writableTargets } from './defaults.ts'
import { refuse, twice } from './finding.ts'
import { reviewExpression } from './review-expression.ts'

export function reviewMappings(source: Source): readonly Finding[] {
  const { mappings } = source
  return [
    ...reviewTable(mappings),
    ...reviewClasses(mappings, ['mappings']),
    ...mappings.forests.flatMap((one, index) => {
      const path: Path = ['mappings', 'forests', index]
      return [...forestMissing(source, one.forest, [...path, 'forest']), ...reviewClasses(one, path)]
    }),
    ...twice(
      mappings.forests.map((one) => one.forest),
      (index) => ['mappings', 'forests', index, 'forest'],
      'set of rules for the forest',
    ),
    ...reviewSuffix(mappings),
    ...mappings.tests.flatMap((test, index) =>
      typeof test.given.forest === 'string'
        ? forestMissing(source, test.given.forest, ['mappings', 'tests', index, 'given', 'forest'])
        : [],
    ),
  ]
}

function reviewTable(mappings: MappingsSource): readonly Finding[] {
  const known = Object.keys(defaultTables)
  if (known.includes(mappings.extends)) return []
  const path: Path = ['mappings', 'extends']
  const refused = refuse(
    'CANOPY-CONFIG-0011',
    path,
    `there is no table ${mappings.extends}`,
    `known: ${known.join(', ')}`,
  )
  return [{ ...refused, unknown: { word: mappings.extends, known } }]
}

function forestMissing(source: Source, forest: string, path: Path): readonly Finding[] {
  const known = source.forests.map((one) => one.name)
  if (known.includes(forest)) return []
  const refused = refuse('CANOPY-CONFIG-0011', path, `there is no forest ${forest}`, `known: ${known.join(', ')}`)
  return [{ ...refused, unknown: { word: forest, known } }]
}

function reviewSuffix({ unverifiedSuffix: policy }: MappingsSource): readonly Finding[] {
  if (typeof policy === 'string') return []
  const path: Path = ['mappings', 'unverifiedSuffix', 'replace']
  return (['from', 'to'] as const).flatMap((key) =>
    /^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/.test(policy.replace[key])
      ? []
      : [refuse('CANOPY-CONFIG-0003', [...path, key], `${policy.replace[key]} is no domain`, 'such as contoso.com')],
  )
}

function reviewClasses(of: Readonly<Record<MappedClass, readonly MappingSource[]>>, at: Path): readonly Finding[] {
  return mappedClasses.flatMap((objectClass) => [
    ...twice(
      of[objectClass].map((rule) => rule.target),
      (index) => [...at, objectClass, index, 'target'],
      `rule for ${objectClass}`,
    ),
    ...of[objectClass].flatMap((rule, index) => reviewRule(objectClass, rule, [...at, objectClass, index])),
  ])
}

const sourceKeys = ['direct', 'constant', 'expression', 'reference', 'computed', 'none'] as const

function reviewRule(objectClass: MappedClass, rule: MappingSource, path: Path): readonly Finding[] {
  const sources = sourceKeys.filter((key) => rule[key] !== undefined)
  const findings: Finding[] = [...reviewTarget(objectClass, rule, path)]
  if (sources.length !== 1) {
    const message =
      sources.length === 0 ? 'a rule needs a source' : `a rule has one source, not ${sources.join(' and ')}`
    findings.push(refuse('CANOPY-CONFIG-0013', path, message, `give one of ${sourceKeys.join(', ')}`))
  }
  if (rule.computed !== undefined && rule.computed !== rule.target) {
    const mend = `computed: ${rule.computed} belongs to the target ${rule.computed}`
    findings.push(refuse('CANOPY-CONFIG-0013', [...path, 'computed'], 'it is computed for another target', mend))
  }
  if (rule.default !== undefined && rule.reference !== undefined) {
    findings.push(refuse('CANOPY-CONFIG-0013', [...path, 'default'], 'a reference has no default', 'leave it out'))
  }
  return [...findings, ...reviewExpression(rule, path)]
}

function reviewTarget(objectClass: MappedClass, rule: MappingSource, path: Path): readonly Finding[] {
  const kind = kindOfClass(objectClass)
  const isReference = targetReferences[kind].includes(rule.target)
  if (rule.reference !== undefined && !isReference) {
    const mend = targetReferences[kind].length > 0 ? `references: ${targetReferences[kind].join(', ')}` : undefined
    return [refuse('CANOPY-CONFIG-0011', [...path, 'reference'], `${rule.target} of a ${kind} is no reference`, mend)]
  }
  if (isReference) {
    return rule.reference === undefined && rule.none === undefined
      ? [refuse('CANOPY-CONFIG-0013', path, `${rule.target} is a reference`, 'reference: <attribute>, or none: true')]
      : []
  }
  const attribute = targetAttribute(kind, rule.target)
  if (attribute === undefined) {
    const known = writableTargets[kind]
    const mend = isDirectoryExtension(rule.target)
      ? `a ${kind} has no directory extensions`
      : `targets of a ${kind}: ${known.join(', ')}`
    const refused = refuse('CANOPY-CONFIG-0011', [...path, 'target'], `a ${kind} has no ${rule.target}`, mend)
    return [{ ...refused, unknown: { word: rule.target, known } }]
  }
  if (attribute.carriers.length > 0 || rule.none || rule.target === 'proxyAddresses') return []
  const message = `no target takes ${rule.target} of a ${kind}: the rule has no effect`
  return [{ code: 'CANOPY-CONFIG-0015', path: [...path, 'target'], message, warning: true }]
}
