/** Makes the compiled configuration that the services act on from a reviewed source. */
import type { configuration } from '@canopy/proto'
import type { Source } from '../ports.ts'
import { compileMappings, compileRecipients, compileSuffix } from './compile-mappings.ts'
import { compileScope } from './compile-scope.ts'
import { durationMs } from './duration.ts'

const seconds = (text: string): number => Math.ceil((durationMs(text) ?? 0) / 1_000)

/** Without version, text and applier: the store gives those. */
export function compile(source: Source): configuration.Configuration {
  return {
    name: source.name,
    version: 0n,
    source: '',
    appliedAt: undefined,
    appliedBy: '',
    forests: source.forests.map(compileForest),
    scopes: source.forests.map((forest) => compileScope(source, forest.name)),
    mappings: compileMappings(source),
    ...compileSuffix(source.mappings.unverifiedSuffix),
    recipients: compileRecipients(source.mappings.recipients),
    accountExpires: source.mappings.accountExpires,
    precedence: Object.entries(source.precedence.attributes).map(([attribute, rule]) => ({
      attribute,
      order: [...rule.order],
    })),
    accountEnabled: compileAccountEnabled(source.precedence.accountEnabled),
    conflicts: compileConflicts(source.conflicts),
    targets: source.targets.map((target) => compileTarget(source, target)),
  }
}

const compileForest = (forest: Source['forests'][number]): configuration.Forest => ({
  name: forest.name,
  state: forest.state,
  optional: forest.optional,
  domains: forest.domains.map((domain) => ({
    name: domain.name,
    servers: [...domain.servers],
    credential: domain.credential,
    tlsServerName: domain.tlsServerName ?? '',
    dialect: domain.dialect,
    pollIntervalMs: durationMs(domain.pollInterval) ?? 0,
  })),
})

const compileAccountEnabled = (policy: Source['precedence']['accountEnabled']): string =>
  typeof policy === 'string' ? policy : `authority:${policy.authority}`

const compileConflicts = (conflicts: Source['conflicts']): { [attribute: string]: string } => ({
  userPrincipalName: 'hold',
  proxyAddresses: conflicts.proxyAddresses?.loser ?? 'dropValue',
})

/** An exchange target is the same tenant's: what it does not say it takes from the only graph target. */
function compileTarget(source: Source, target: Source['targets'][number]): configuration.Target {
  const graphs = source.targets.filter((one) => one.type === 'graph')
  const from = target.type === 'exchange' && graphs.length === 1 ? graphs[0] : undefined
  const { delete: deletes, memberRemoval } = target.guards
  return {
    name: target.name,
    type: target.type,
    mode: target.mode,
    tenant: target.tenant ?? from?.tenant ?? '',
    cloud: target.cloud ?? from?.cloud ?? (target.type === 'memory' ? '' : 'global'),
    credential: target.credential ?? from?.credential ?? '',
    signIn: target.signIn ?? '',
    graphUrl: target.graphUrl ?? '',
    authorityUrl: target.authorityUrl ?? from?.authorityUrl ?? '',
    exchangeUrl: target.exchangeUrl ?? from?.exchangeUrl ?? '',
    tlsServerName: target.tlsServerName ?? from?.tlsServerName ?? '',
    deleteGuard: { max: deletes.max ?? 0, percent: deletes.percent ?? 0, floor: 0, overSeconds: seconds(deletes.over) },
    memberRemovalGuard: {
      max: 0,
      percent: memberRemoval.percent ?? 0,
      floor: memberRemoval.floor ?? 0,
      overSeconds: seconds(memberRemoval.over),
    },
    membership: target.membership,
    drift: target.drift,
    maxShare: target.quota.maxShare,
    writesPerSecond: target.quota.writesPerSecond ?? 0,
    verifiedDomains: [],
    initialDomain: '',
  }
}
