/** Bodies of Graph requests from canonical attributes, and canonical attributes from Graph's answers. */
import { randomBytes } from 'node:crypto'
import { isDirectoryExtension, isExtensionAttribute } from '@canopy/domain'
import { writtenAttribute, writtenNames } from '../../core/attributes.ts'
import type { CloudObject, Kind, Values } from '../../ports.ts'

export type Json = Record<string, unknown>

/** One Graph body; an empty list becomes null, or [] where the property is a collection. */
export function attributesBody(kind: Kind, attributes: Readonly<Record<string, Values>>): Json {
  const body: Json = {}
  const extensions: Json = {}
  for (const [name, values] of Object.entries(attributes)) {
    const attribute = writtenAttribute(kind, name)
    if (!attribute?.carriers.includes('graph')) continue
    const into = isExtensionAttribute(name) ? extensions : body
    if (attribute.type === 'strings') into[name] = name === 'businessPhones' ? values.slice(0, 1) : values
    else if (values.length === 0) into[name] = null
    else into[name] = attribute.type === 'boolean' ? values[0] === 'true' : values[0]
  }
  if (Object.keys(extensions).length > 0) body.onPremisesExtensionAttributes = extensions
  return body
}

/** A password nobody knows: drawn here, sent, and kept nowhere. */
const discardedPassword = (): string => `${randomBytes(24).toString('base64url')}aA1!`

export function userCreateBody(attributes: Readonly<Record<string, Values>>, sourceAnchor: string): Json {
  const body = attributesBody('user', attributes)
  // Refused at creation; written right after.
  delete body.onPremisesExtensionAttributes
  // Extension of an empty value is refused at creation.
  for (const name of Object.keys(body)) if (body[name] === null) delete body[name]
  return {
    ...body,
    accountEnabled: body.accountEnabled ?? false,
    onPremisesImmutableId: sourceAnchor,
    passwordProfile: { password: discardedPassword(), forceChangePasswordNextSignIn: false },
  }
}

export function groupCreateBody(attributes: Readonly<Record<string, Values>>, anchor: string): Json {
  const body = attributesBody('group', attributes)
  for (const name of Object.keys(body)) if (body[name] === null) delete body[name]
  return { ...body, mailEnabled: false, securityEnabled: true, groupTypes: [], uniqueName: anchor }
}

const selectable = (kind: Kind): string =>
  writtenNames(kind)
    .filter((name) => !isExtensionAttribute(name))
    .join(',')

/** Properties that a reading asks for, so that everything Canopy writes can be compared. */
export const selected: Readonly<Record<Kind, string>> = {
  user: `id,onPremisesImmutableId,onPremisesSyncEnabled,onPremisesExtensionAttributes,${selectable('user')}`,
  group: `id,uniqueName,onPremisesSyncEnabled,${selectable('group')}`,
  contact: 'id,displayName,mail,onPremisesSyncEnabled',
}

/** Directory extensions are read where the answer has them: which there are depends on the tenant. */
export function parseObject(kind: Kind, body: Json): CloudObject {
  const attributes: Record<string, Values> = {}
  const extensions = body.onPremisesExtensionAttributes
  const all = typeof extensions === 'object' && extensions !== null ? { ...body, ...extensions } : body
  const names = [...writtenNames(kind), ...Object.keys(body).filter(isDirectoryExtension)]
  for (const name of names) {
    const value = (all as Json)[name]
    if (value === undefined) continue
    if (Array.isArray(value)) attributes[name] = value.map(String)
    else if (value === null || value === '') attributes[name] = []
    else attributes[name] = [writtenAttribute(kind, name)?.type === 'boolean' ? String(value === true) : String(value)]
  }
  return {
    id: String(body.id ?? ''),
    kind,
    attributes,
    sourceAnchor: textOf(body.onPremisesImmutableId),
    anchor: textOf(body.uniqueName),
    foreignMaster: body.onPremisesSyncEnabled === true,
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
