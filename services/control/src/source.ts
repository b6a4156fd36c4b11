/** The shape of a sync configuration, `version: canopy/v1`, as people write it: every key of the product. */
import { z } from 'zod'
import { durationMs } from './core/duration.ts'
import { Mappings } from './mapping-source.ts'
import { Scope } from './scope-source.ts'

const name = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, 'lower-case letters, digits, dots and dashes, at most 63')
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
  servers: z
    .array(z.string().min(1))
    .default([])
    .meta({ description: 'Domain controllers in order, host or host:port; empty: DNS SRV.' }),
  credential: credential.meta({ description: 'Resolved by the agent beside the forest; the value never leaves it.' }),
  tlsServerName: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Name the certificate must carry, where it is not the server’s.' }),
  dialect: z.enum(['auto', 'dirsync', 'usn', 'syncrepl']).default('auto').meta({
    description: 'How changes are read; auto: DirSync where allowed, syncrepl where it is no Active Directory.',
  }),
  pollInterval: duration.default('2s').meta({ description: 'Pause between two reads when no notification comes.' }),
})

const Forest = z.strictObject({
  name: name.meta({ description: 'Name of the forest everywhere in Canopy; never changed.' }),
  state: z
    .enum(['joining', 'active', 'frozen', 'leaving'])
    .default('active')
    .meta({ description: 'frozen: keeps its last state.' }),
  optional: z.boolean().default(false).meta({ description: 'True: the first export does not wait for it.' }),
  domains: z.array(Domain).min(1).meta({ description: 'Domains that are read.' }),
})

const action = z
  .enum(['join', 'propose'])
  .meta({ description: 'join: the same person; propose: a person decides (arrives later).' })
const Correlation = z.union([
  z.strictObject({
    match: z
      .union([z.string(), z.array(z.string()).min(1)])
      .meta({ description: 'sourceAnchor, or attributes that must be equal together.' }),
    // biome-ignore lint/suspicious/noThenProperty: the word people write; its value is never callable.
    then: action,
    joinAfterReview: z
      .boolean()
      .optional()
      .meta({ description: 'Joins once the first report was accepted (arrives later).' }),
  }),
  z.strictObject({
    fuzzy: z
      .array(z.string())
      .min(1)
      .meta({ description: 'Attributes that are compared by likeness (arrives later).' }),
    atLeast: z.number().min(0).max(1).meta({ description: 'Least likeness, 0 to 1.' }),
    // biome-ignore lint/suspicious/noThenProperty: the word people write; its value is never callable.
    then: action,
  }),
])
const correlations = z.array(Correlation).default([])

const Target = z.strictObject({
  name: name.meta({ description: 'Name of the target.' }),
  type: z
    .enum(['graph', 'exchange', 'scim', 'memory'])
    .meta({ description: 'graph: users and groups; exchange: contacts.' }),
  mode: z
    .enum(['observe', 'createOnly', 'upsertOnly', 'sync'])
    .default('observe')
    .meta({ description: 'observe writes nothing; upsertOnly never deletes or disables.' }),
  tenant: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Tenant id. exchange: that of the graph target when not given.' }),
  cloud: z
    .enum(['global', 'usgov', 'china', 'custom'])
    .optional()
    .meta({ description: 'Which Microsoft cloud; custom: by the addresses below.' }),
  credential: credential.optional(),
  signIn: z
    .enum(['federated', 'temporaryAccessPass', 'discardedRandom', 'keepExisting'])
    .optional()
    .meta({ description: 'How new accounts sign in; no default. Canopy carries no passwords.' }),
  adopt: z
    .strictObject({
      by: z.array(z.string()).default(['sourceAnchor']).meta({ description: 'Keys by which an object is taken over.' }),
      propose: z.array(z.string()).default([]).meta({ description: 'Keys that propose it (arrives later).' }),
      admins: z.enum(['never', 'propose']).default('never').meta({ description: 'Holders of admin roles.' }),
      guests: z.enum(['never', 'propose']).default('propose').meta({ description: 'Guest accounts.' }),
    })
    .prefault({})
    .meta({ description: 'Taking over objects that exist already.' }),
  membership: z
    .enum(['additive', 'authoritative'])
    .default('additive')
    .meta({ description: 'authoritative also removes what the forest once had.' }),
  guards: z
    .strictObject({
      delete: z
        .strictObject({
          max: z.number().int().min(0).optional().meta({ description: 'Number of objects.' }),
          percent: percent.optional().meta({ description: 'Share of what there is.' }),
          over: duration.default('24h').meta({ description: 'Sliding window.' }),
        })
        .prefault({ max: 50, percent: 1 })
        .meta({ description: 'Objects that would be deleted.' }),
      memberRemoval: z
        .strictObject({
          percent: percent.optional().meta({ description: 'Share of what there is.' }),
          floor: z.number().int().min(0).optional().meta({ description: 'Fewer than this are never held.' }),
          over: duration.default('24h').meta({ description: 'Sliding window.' }),
        })
        .prefault({ percent: 50, floor: 20 })
        .meta({ description: 'Members that one group would lose.' }),
    })
    .prefault({})
    .meta({ description: 'More than this is held for approval.' }),
  drift: z
    .enum(['report', 'correct', 'accept'])
    .default('report')
    .meta({ description: 'What a person changed in the cloud.' }),
  quota: z
    .strictObject({
      maxShare: z.number().gt(0).max(1).default(0.7).meta({ description: 'Share of the published quota to use.' }),
      writesPerSecond: z.number().int().min(1).optional().meta({ description: 'Instead of the published quota.' }),
    })
    .prefault({})
    .meta({ description: 'How much of the target’s limits may be used.' }),
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
    scope: z
      .array(Scope)
      .default([])
      .meta({ description: 'What of each forest is synchronized; a forest without one: everything.' }),
    mappings: Mappings.prefault({}).meta({ description: 'What becomes of the attributes.' }),
    correlation: z
      .strictObject({
        user: correlations.meta({ description: 'In order; equal source anchors are always the same user.' }),
        group: correlations.meta({ description: 'In order; equal source anchors are always the same group.' }),
        contact: correlations.meta({ description: 'In order; equal source anchors are always the same contact.' }),
        never: z
          .strictObject({
            adminCount: z.boolean().optional().meta({ description: 'Accounts that administer.' }),
            groups: z.array(dn).optional().meta({ description: 'Members of these groups.' }),
          })
          .optional()
          .meta({ description: 'Who is never joined (arrives later).' }),
      })
      .prefault({})
      .meta({ description: 'Who is the same across forests.' }),
    precedence: z
      .strictObject({
        accountEnabled: z
          .union([
            z.enum(['disableWins', 'anyEnabled']),
            z.strictObject({ authority: name.meta({ description: 'The forest whose word counts.' }) }),
          ])
          .default('disableWins')
          .meta({ description: 'disableWins: one disabled account disables the person.' }),
        attributes: z
          .record(
            z.string(),
            z.strictObject({
              order: z.array(name).min(1).meta({ description: 'Forests, the first one with a value wins.' }),
              when: z.string().optional().meta({ description: 'Condition (arrives later).' }),
            }),
          )
          .default({})
          .meta({ description: 'Forest order per attribute of the target.' }),
      })
      .prefault({})
      .meta({ description: 'Whose value wins.' }),
    conflicts: z
      .strictObject({
        userPrincipalName: z
          .union([
            z.strictObject({
              loser: z.enum(['hold', 'dropValue']).meta({ description: 'hold: not written until somebody decides.' }),
            }),
            z.strictObject({
              template: z.string().meta({ description: 'How another name is made (arrives later).' }),
              attempts: z.number().int().min(1).optional().meta({ description: 'Names tried.' }),
            }),
          ])
          .optional()
          .meta({ description: 'Who does not get the name; default hold.' }),
        proxyAddresses: z
          .strictObject({
            loser: z.enum(['hold', 'dropValue']).meta({ description: 'dropValue: goes on without the address.' }),
          })
          .optional()
          .meta({ description: 'Who does not get the address; default dropValue.' }),
        sameNameGroups: z
          .enum(['keepBoth', 'prefix', 'union'])
          .optional()
          .meta({ description: 'Groups of one name in two forests; prefix and union arrive later.' }),
      })
      .prefault({})
      .meta({ description: 'Two that claim one value.' }),
    targets: z.array(Target).min(1).meta({ description: 'Clouds that are kept in step.' }),
  })
  .meta({ title: 'Canopy sync configuration' })

export type Source = z.output<typeof SourceSchema>
