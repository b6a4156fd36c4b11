/** Object classes that a mapping speaks of, and the kind of cloud object each becomes. */
import type { TargetKind } from '@canopy/domain'

export const mappedClasses = ['user', 'inetOrgPerson', 'group', 'contact', 'device'] as const
export type MappedClass = (typeof mappedClasses)[number]

export const kindOfClass = (objectClass: MappedClass): TargetKind =>
  objectClass === 'inetOrgPerson' ? 'user' : objectClass
