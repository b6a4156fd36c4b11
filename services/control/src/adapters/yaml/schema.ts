/** The shape of a sync configuration, `version: canopy/v1`, as people write it: every key of the product. */
import { z } from 'zod'
import { durationMs } from '../../core/duration.ts'

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, 'lower-case letters, digits, dots and dashes, at most 63')
const credential = name.meta({ description: 'Name of a credential; its value stays where it is used.' })
const duration = z.string().refine((text) => durationMs(text) !== undefined, {
  message: 'not a duration',
  params: { mend: 'a whole number and a unit: 90s, 15m, 24h, 30d' },
})
const dn = z.string().regex(/^\s*[A-Za-z][\w.-]*\s*=/, 'not a distinguished name')
const https = z.string().refine((text) => URL.canParse(text) && new URL(text).protocol === 'https:', {
  message: 'not an https address',
})
const percent = z.number().min(0).max(100)

const Domain = z.strictObject({
  name: name.meta({ description: 'DNS name of the domain.' }),
  servers: z.array(z.string().min(1)).default([]).meta({ description: 'Domain controllers in order, host or host:port; empty: DNS SRV.' }),
  credential: credential.meta({ description: 'Resolved by the agent beside the forest; the value never leaves it.' }),
  tlsServerName: z.string().min(1).optional().meta({ description: 'Name the certificate must carry, where it is not the server’s.' }),
  dialect: z.enum(['auto', 'dirsync', 'usn', 'syncrepl']).default('auto').meta({ description: 'How changes are read; auto: DirSync where allowed.' }),
  pollInterval: duration.default('2s').meta({ description: 'Pause between two reads when no notification comes.' }),
})

const Forest = z.strictObject({
  name: name.meta({ description: 'Name of the forest everywhere in Canopy; never changed.' }),
  state: z.enum(['joining', 'active', 'frozen', 'leaving']).default('active').meta({ description: 'frozen: keeps its last state.' }),
  optional: z.boolean().default(false).meta({ description: 'True: the first export does not wait for it.' }),
  domains: z.array(Domain).min(1).meta({ description: 'Domains that are read.' }),
})

const clause = {
  attribute: z.string().min(1).meta({ description: 'Attribute of the directory.' }),
}
const Clause = z.union([
  z.strictObject({ ...clause, equals: z.string() }),
  z.strictObject({ ...clause, notEquals: z.string() }),
  z.strictObject({ ...clause, startsWith: z.string() }),
  z.strictObject({ ...clause, present: z.literal(true) }),
  z.strictObject({ ...clause, absent: z.literal(true) }),
])
const ScopeEntry = z.union([
  z.strictObject({ ou: dn }).meta({ description: 'Everything below an organizational unit; renames are followed.' }),
  z.strictObject({ group: dn }).meta({ description: 'Members of a group, nested ones too.' }),
  ...Clause.options,
])

const Scope = z.strictObject({
  forest: name,
  include: z.strictObject({ anyOf: z.array(ScopeEntry).min(1) }).optional().meta({ description: 'Any of these admits; none: everything.' }),
  exclude: z.array(ScopeEntry).default([]).meta({ description: 'Any of these keeps out, whatever admits. An absent value excludes nobody.' }),
  onLeave: z
    .strictObject({
      then: z.enum(['disable', 'keep']).default('disable').meta({ description: 'What happens in the cloud to what leaves scope.' }),
      deleteAfter: duration.optional().meta({ description: 'When a disabled object is deleted; default 30d.' }),
    })
    .prefault({}),
  privileged: z.enum(['exclude', 'include']).default('exclude').meta({ description: 'Accounts with adminCount=1.' }),
  createDisabled: z.boolean().default(false).meta({ description: 'Whether accounts that are disabled already are created.' }),
})

const Mapping = z.strictObject({
  target: z.string().min(1).meta({ description: 'Attribute of the cloud object.' }),
  direct: z.string().min(1).optional().meta({ description: 'The value of this attribute as it is.' }),
  constant: z.string().optional().meta({ description: 'Always this value.' }),
  expression: z.string().optional().meta({ description: 'An expression of the provisioning language.' }),
  reference: z.string().min(1).optional().meta({ description: 'The object this attribute points to.' }),
  none: z.literal(true).optional().meta({ description: 'The attribute is left alone.' }),
  apply: z.enum(['always', 'onCreate']).default('always').meta({ description: 'onCreate: written once, when the object is created.' }),
  default: z.string().optional().meta({ description: 'Written on creation where the source has no value.' }),
})

const Mappings = z.strictObject({
  extends: z.string().default('entra/defaults@2026-11').meta({ description: 'Pinned table the rules below change.' }),
  user: z.array(Mapping).default([]),
  group: z.array(Mapping).default([]),
  contact: z.array(Mapping).default([]),
  unverifiedSuffix: z
    .union([
      z.enum(['hold', 'initialDomain']),
      z.strictObject({ replace: z.strictObject({ from: z.string(), to: z.string() }) }),
    ])
    .default('hold')
    .meta({ description: 'A user principal name whose domain the tenant has not verified.' }),
  tests: z.array(z.unknown()).default([]).meta({ description: 'The configuration’s own examples.' }),
})

const action = z.enum(['join', 'propose'])
const Correlation = z.union([
  z.strictObject({ match: z.union([z.string(), z.array(z.string()).min(1)]), then: action, joinAfterReview: z.boolean().optional() }),
  z.strictObject({ fuzzy: z.array(z.string()).min(1), atLeast: z.number().min(0).max(1), then: action }),
])
const correlations = z.array(Correlation).default([])

const Target = z.strictObject({
  name: name.meta({ description: 'Name of the target.' }),
  type: z.enum(['graph', 'exchange', 'scim', 'memory']).meta({ description: 'graph: users and groups; exchange: contacts.' }),
  mode: z
    .enum(['observe', 'createOnly', 'upsertOnly', 'sync'])
    .default('observe')
    .meta({ description: 'observe writes nothing; upsertOnly never deletes or disables.' }),
  tenant: z.string().min(1).optional().meta({ description: 'Tenant id. exchange: that of the graph target when not given.' }),
  cloud: z.enum(['global', 'usgov', 'china', 'custom']).optional().meta({ description: 'Which Microsoft cloud; custom: by the addresses below.' }),
  credential: credential.optional(),
  signIn: z
    .enum(['federated', 'temporaryAccessPass', 'discardedRandom', 'keepExisting'])
    .optional()
    .meta({ description: 'How new accounts sign in; no default. Canopy carries no passwords.' }),
  adopt: z
    .strictObject({
      by: z.array(z.string()).default(['sourceAnchor']),
      propose: z.array(z.string()).default([]),
      admins: z.enum(['never', 'propose']).default('never'),
      guests: z.enum(['never', 'propose']).default('propose'),
    })
    .prefault({})
    .meta({ description: 'Taking over objects that exist already.' }),
  membership: z.enum(['additive', 'authoritative']).default('additive').meta({ description: 'authoritative also removes what the forest once had.' }),
  guards: z
    .strictObject({
      delete: z
        .strictObject({ max: z.number().int().min(0).optional(), percent: percent.optional(), over: duration.default('24h') })
        .prefault({ max: 50, percent: 1 }),
      memberRemoval: z
        .strictObject({ percent: percent.optional(), floor: z.number().int().min(0).optional(), over: duration.default('24h') })
        .prefault({ percent: 50, floor: 20 }),
    })
    .prefault({})
    .meta({ description: 'More than this is held for approval.' }),
  drift: z.enum(['report', 'correct', 'accept']).default('report').meta({ description: 'What a person changed in the cloud.' }),
  quota: z
    .strictObject({
      maxShare: z.number().gt(0).max(1).default(0.7).meta({ description: 'Share of the published quota to use.' }),
      writesPerSecond: z.number().int().min(1).optional().meta({ description: 'Instead of the published quota.' }),
    })
    .prefault({}),
  url: https.optional().meta({ description: 'scim: base address.' }),
  graphUrl: https.optional().meta({ description: 'custom cloud: https://…/v1.0' }),
  authorityUrl: https.optional().meta({ description: 'custom cloud: where tokens come from.' }),
  exchangeUrl: https.optional().meta({ description: 'custom cloud: admin REST address.' }),
  tlsServerName: z.string().min(1).optional().meta({ description: 'Name the certificate must carry.' }),
})

/** The whole file. */
export const SourceSchema = z
  .strictObject({
    version: z.literal('canopy/v1').meta({ description: 'Version of this format.' }),
    name: name.meta({ description: 'Name of the configuration; versions are counted per name.' }),
    source: z.enum(['git', 'hub']).default('hub').meta({ description: 'Where the truth is kept; never both.' }),
    forests: z.array(Forest).min(1).meta({ description: 'In order of precedence, unless said otherwise.' }),
    scope: z.array(Scope).default([]).meta({ description: 'What of each forest is synchronized; a forest without one: everything.' }),
    mappings: Mappings.prefault({}).meta({ description: 'What becomes of the attributes.' }),
    correlation: z
      .strictObject({
        user: correlations,
        group: correlations,
        contact: correlations,
        never: z.strictObject({ adminCount: z.boolean().optional(), groups: z.array(dn).optional() }).optional(),
      })
      .prefault({})
      .meta({ description: 'Who is the same across forests.' }),
    precedence: z
      .strictObject({
        accountEnabled: z
          .union([z.enum(['disableWins', 'anyEnabled']), z.strictObject({ authority: name })])
          .default('disableWins')
          .meta({ description: 'disableWins: one disabled account disables the person.' }),
        attributes: z
          .record(z.string(), z.strictObject({ order: z.array(name).min(1), when: z.string().optional() }))
          .default({})
          .meta({ description: 'Forest order per attribute of the target.' }),
      })
      .prefault({})
      .meta({ description: 'Whose value wins.' }),
    conflicts: z
      .strictObject({
        userPrincipalName: z
          .union([
            z.strictObject({ loser: z.enum(['hold', 'dropValue']) }),
            z.strictObject({ template: z.string(), attempts: z.number().int().min(1).optional() }),
          ])
          .optional(),
        proxyAddresses: z.strictObject({ loser: z.enum(['hold', 'dropValue']) }).optional(),
        sameNameGroups: z.enum(['keepBoth', 'prefix', 'union']).optional(),
      })
      .prefault({})
      .meta({ description: 'Two that claim one value.' }),
    targets: z.array(Target).min(1).meta({ description: 'Clouds that are kept in step.' }),
  })
  .meta({ title: 'Canopy sync configuration' })

export type Source = z.output<typeof SourceSchema>
