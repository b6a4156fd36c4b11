/**
 * The default mapping tables, pinned by date: what `extends: entra/defaults@2026-11` stands for.
 *
 * They follow the rules that Microsoft's own engines ship, attribute for attribute with the same fall-backs, under the names
 * that Microsoft Graph has for them. What no application may write is in them too: it is known, and left out when a
 * configuration is compiled. A table is never changed after it shipped; a correction is a new date.
 */
import { type TargetKind, targetAttributes, targetReferences } from '@canopy/domain'
import type { configuration } from '@canopy/proto'
import { contactTable, groupTable, userTable } from './default-rules.ts'

type MappingRule = configuration.MappingRule

/** Targets of the minimal set: what an identity needs to be recognized, reached and put into groups. */
const minimal: Readonly<Record<'user' | 'group' | 'contact', readonly string[]>> = {
  user: [
    'userPrincipalName',
    'accountEnabled',
    'mailNickname',
    'displayName',
    'givenName',
    'surname',
    'mail',
    'proxyAddresses',
    'employeeId',
    'usageLocation',
  ],
  group: ['displayName', 'mailNickname', 'mail', 'proxyAddresses', 'securityEnabled', 'mailEnabled'],
  contact: ['displayName', 'mailNickname', 'mail', 'proxyAddresses'],
}

const november2026: readonly MappingRule[] = [...userTable, ...groupTable, ...contactTable]

/** Every table that was ever shipped, by its pinned name. */
export const defaultTables: Readonly<Record<string, readonly MappingRule[]>> = {
  'entra/defaults@2026-11': november2026,
  'entra/minsync@2026-11': november2026.filter((rule) =>
    minimal[rule.kind as keyof typeof minimal].includes(rule.target),
  ),
}

/** Attributes a rule may name, per kind of cloud object. Directory extensions come on top, by their form. */
export const writableTargets: Readonly<Record<TargetKind, readonly string[]>> = {
  user: namesOf('user'),
  group: namesOf('group'),
  contact: namesOf('contact'),
  device: namesOf('device'),
}

function namesOf(kind: TargetKind): readonly string[] {
  return [...Object.keys(targetAttributes[kind]), ...targetReferences[kind]]
}
