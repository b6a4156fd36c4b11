/** What a well-formed source gets wrong: names that do not exist, keys that are not effective yet, unsafe settings. */
import type { Finding, Path, Source } from '../ports.ts'
import { later, notYet, refuse, twice } from './finding.ts'
import { reviewMappings } from './review-mappings.ts'
import { reviewScope } from './review-scope.ts'

const kinds = ['user', 'group', 'contact'] as const

/** Codes: 0010 arrives later, 0011 names nothing, 0012 twice, 0013 contradicts itself, 0014 expression, 0015 not yet effective. */
export function review(source: Source): readonly Finding[] {
  return [
    ...reviewForests(source),
    ...reviewScope(source, (forest, path) => forestMissing(source, forest, path)),
    ...reviewMappings(source),
    ...reviewCorrelation(source),
    ...reviewPrecedence(source),
    ...reviewConflicts(source),
    ...source.targets.flatMap((target, index) => reviewTarget(source, target, ['targets', index])),
    ...twice(
      source.targets.map((target) => target.name),
      (index) => ['targets', index, 'name'],
      'target',
    ),
  ]
}

function forestMissing(source: Source, forest: string, path: Path): readonly Finding[] {
  const known = source.forests.map((one) => one.name)
  if (known.includes(forest)) return []
  const refused = refuse('CANOPY-CONFIG-0011', path, `there is no forest ${forest}`, `known: ${known.join(', ')}`)
  return [{ ...refused, unknown: { word: forest, known } }]
}

function reviewForests(source: Source): readonly Finding[] {
  const domains = source.forests.flatMap((forest, at) =>
    forest.domains.map((domain, index) => ({ name: domain.name, path: ['forests', at, 'domains', index, 'name'] })),
  )
  return [
    ...(source.source === 'git' ? [later(['source'], 'reading the configuration from Git')] : []),
    ...twice(
      source.forests.map((forest) => forest.name),
      (index) => ['forests', index, 'name'],
      'forest',
    ),
    ...twice(
      domains.map((domain) => domain.name),
      (index) => domains[index]!.path,
      'domain',
    ),
  ]
}

function reviewCorrelation(source: Source): readonly Finding[] {
  const { correlation } = source
  const findings = kinds.flatMap((kind) =>
    correlation[kind].flatMap((rule, index): readonly Finding[] => {
      const path: Path = ['correlation', kind, index]
      if ('match' in rule && rule.match === 'sourceAnchor') {
        return rule.then === 'join'
          ? []
          : [
              refuse(
                'CANOPY-CONFIG-0013',
                [...path, 'then'],
                'equal source anchors are always the same person',
                'then: join',
              ),
            ]
      }
      if (rule.then === 'join')
        return [later([...path, 'then'], 'joining by anything but sourceAnchor', 'then: propose')]
      return [notYet(path, 'proposing joins')]
    }),
  )
  const never = correlation.never !== undefined
  return never ? [...findings, later(['correlation', 'never'], 'keeping accounts from being joined')] : findings
}

function reviewPrecedence(source: Source): readonly Finding[] {
  const { accountEnabled, attributes } = source.precedence
  return [
    ...(typeof accountEnabled === 'object'
      ? forestMissing(source, accountEnabled.authority, ['precedence', 'accountEnabled', 'authority'])
      : []),
    ...Object.entries(attributes).flatMap(([attribute, rule]) => [
      ...(rule.when === undefined
        ? []
        : [later(['precedence', 'attributes', attribute, 'when'], 'precedence under a condition')]),
      ...rule.order.flatMap((forest, index) =>
        forestMissing(source, forest, ['precedence', 'attributes', attribute, 'order', index]),
      ),
    ]),
  ]
}

function reviewConflicts(source: Source): readonly Finding[] {
  const { userPrincipalName, sameNameGroups } = source.conflicts
  const path: Path = ['conflicts', 'userPrincipalName']
  const findings: Finding[] = []
  if (userPrincipalName !== undefined && 'template' in userPrincipalName) {
    findings.push(later([...path, 'template'], 'making another name', 'loser: hold'))
  } else if (userPrincipalName?.loser === 'dropValue') {
    findings.push(
      refuse('CANOPY-CONFIG-0013', [...path, 'loser'], 'an account cannot be without its name', 'loser: hold'),
    )
  }
  if (sameNameGroups !== undefined && sameNameGroups !== 'keepBoth') {
    findings.push(later(['conflicts', 'sameNameGroups'], sameNameGroups, 'keepBoth'))
  }
  return findings
}

function reviewTarget(source: Source, target: Source['targets'][number], path: Path): readonly Finding[] {
  const findings: Finding[] = []
  if (target.type === 'scim') findings.push(later([...path, 'type'], 'the target type scim'))
  const otherAdoption = target.adopt.by.findIndex((by) => by !== 'sourceAnchor')
  if (otherAdoption >= 0)
    findings.push(later([...path, 'adopt', 'by', otherAdoption], 'adopting by anything but sourceAnchor'))
  if (target.adopt.propose.length > 0) findings.push(notYet([...path, 'adopt', 'propose'], 'proposing adoptions'))
  if (target.adopt.admins === 'propose')
    findings.push(later([...path, 'adopt', 'admins'], 'adopting administrators', 'admins: never'))
  if (target.type === 'memory' || target.type === 'scim') return findings
  const graphs = source.targets.filter((one) => one.type === 'graph')
  const inherits = target.type === 'exchange' && graphs.length === 1
  for (const key of ['tenant', 'credential'] as const) {
    if (target[key] === undefined && !(inherits && graphs[0]?.[key] !== undefined)) {
      findings.push(refuse('CANOPY-CONFIG-0003', [...path, key], `${target.name} has no ${key}`, `give its ${key}`))
    }
  }
  if (target.type === 'graph' && target.mode !== 'observe' && target.signIn === undefined) {
    const mend = 'signIn: federated, temporaryAccessPass, discardedRandom or keepExisting; there is no default'
    findings.push(refuse('CANOPY-CONFIG-0003', [...path, 'signIn'], 'how new accounts sign in must be chosen', mend))
  }
  findings.push(...reviewCloud(target, inherits, path))
  return findings
}

function reviewCloud(target: Source['targets'][number], inherits: boolean, path: Path): readonly Finding[] {
  const own = ['authorityUrl', target.type === 'graph' ? 'graphUrl' : 'exchangeUrl'] as const
  if (target.cloud === 'custom') {
    return own.flatMap((key) =>
      target[key] === undefined && !(inherits && key === 'authorityUrl')
        ? [refuse('CANOPY-CONFIG-0003', [...path, key], `a custom cloud needs ${key}`)]
        : [],
    )
  }
  const stray = (['graphUrl', 'authorityUrl', 'exchangeUrl'] as const).find((key) => target[key] !== undefined)
  if (stray === undefined || (inherits && target.cloud === undefined)) return []
  return [refuse('CANOPY-CONFIG-0013', [...path, stray], `${stray} is for a custom cloud`, 'cloud: custom')]
}
