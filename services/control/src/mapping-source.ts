/** The shape of `mappings` in a sync configuration: what becomes of the attributes. */
import { z } from 'zod'
import { mappedClasses } from './core/classes.ts'

const Mapping = z.strictObject({
  target: z.string().min(1).meta({ description: 'Attribute of the cloud object.' }),
  direct: z.string().min(1).optional().meta({ description: 'The value of this attribute as it is.' }),
  constant: z.string().optional().meta({ description: 'Always this value.' }),
  expression: z.string().optional().meta({ description: 'An expression of the provisioning language.' }),
  reference: z.string().min(1).optional().meta({ description: 'The object this attribute points to.' }),
  computed: z
    .enum(['mailNickname', 'userPrincipalName'])
    .optional()
    .meta({ description: 'As Entra derives it from several attributes; set once, it stays while its source does.' }),
  none: z.literal(true).optional().meta({ description: 'The attribute is left alone.' }),
  apply: z
    .enum(['always', 'onCreate'])
    .default('always')
    .meta({ description: 'onCreate: written once, when the object is created.' }),
  default: z.string().optional().meta({ description: 'Written on creation where the source has no value.' }),
  whenNull: z.enum(['clear', 'leave']).default('clear').meta({
    description: 'Where the source has no value: clear empties the attribute in the cloud, leave does nothing.',
  }),
  onTooLong: z
    .enum(['hold', 'truncate'])
    .optional()
    .meta({ description: 'A value longer than the target takes; default by attribute.' }),
  reevaluate: z
    .array(z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'a time of the day in UTC, such as 02:00'))
    .min(1)
    .optional()
    .meta({ description: 'Times of the day, UTC, at which Now() of the expression moves on.' }),
})

const rules = (description: string) => z.array(Mapping).default([]).meta({ description })

const classes = {
  user: rules('Rules of a user, each instead of the table’s for its target.'),
  inetOrgPerson: rules('Rules of a user of this class, instead of those of user.'),
  group: rules('Rules of a group, each instead of the table’s for its target.'),
  contact: rules('Rules of a contact, each instead of the table’s for its target.'),
  device: rules('Rules of a device; no target takes devices yet.'),
}

const hold = (what: string) => z.enum(['hold', 'carry']).default('hold').meta({ description: what })

const Recipients = z.strictObject({
  onPremisesMailbox: hold('A mailbox of the forest: a licence would give its user a second, empty one.'),
  linked: hold('The disabled account of a mailbox whose owner is in another forest.'),
  shared: hold('A shared mailbox.'),
  room: hold('The mailbox of a room.'),
  equipment: hold('The mailbox of equipment.'),
  hidden: hold('Hidden from address lists: nobody but Exchange can hide.'),
  mailEnabledGroup: z
    .enum(['hold', 'securityGroup'])
    .default('hold')
    .meta({ description: 'A group with mail; securityGroup: its members without the mail.' }),
})

/** Scalars of an object: one text, or several. */
const testValues = z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.null()])

const MappingTest = z.strictObject({
  name: z.string().optional().meta({ description: 'What the example shows.' }),
  given: z
    .object({
      class: z.enum(mappedClasses).meta({ description: 'Class of the object.' }),
      forest: z.string().optional().meta({ description: 'Its forest; default the first.' }),
    })
    .catchall(testValues)
    .meta({ description: 'What the object says: attribute: value, or a list of values.' }),
  expect: z
    .record(z.string(), testValues)
    .meta({ description: 'What the mapping must make of it: attribute of the target: value; null: none.' }),
  held: z
    .string()
    .optional()
    .meta({ description: 'The reason for which it must be held, such as unverifiedSuffix; none: not asked.' }),
})

export const Mappings = z.strictObject({
  extends: z.string().default('entra/defaults@2026-11').meta({ description: 'Pinned table the rules below change.' }),
  ...classes,
  forests: z
    .array(
      z.strictObject({
        forest: z.string().min(1).meta({ description: 'The forest whose objects these are for.' }),
        ...classes,
      }),
    )
    .default([])
    .meta({ description: 'Rules for the objects of one forest, instead of those above.' }),
  unverifiedSuffix: z
    .union([
      z.enum(['hold', 'initialDomain']),
      z.strictObject({
        replace: z
          .strictObject({
            from: z.string().min(1).meta({ description: 'The suffix that is not verified.' }),
            to: z.string().min(1).meta({ description: 'The one to use instead.' }),
          })
          .meta({ description: 'Names with any other unverified suffix are held.' }),
      }),
    ])
    .default('hold')
    .meta({ description: 'A user principal name whose domain the tenant has not verified.' }),
  recipients: Recipients.prefault({}).meta({ description: 'Recipients that a target could only carry in part.' }),
  accountExpires: z
    .enum(['disable', 'ignore'])
    .default('disable')
    .meta({ description: 'What becomes of an account when its expiry date has come.' }),
  tests: z.array(MappingTest).default([]).meta({ description: 'The configuration’s own examples: canopy map test.' }),
})

export type MappingSource = z.output<typeof Mapping>
export type MappingsSource = z.output<typeof Mappings>
