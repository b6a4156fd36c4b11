/** One Graph call per cloud request, relative to the version's root. */
import type { CloudRequest, Kind } from '../../ports.ts'
import { attributesBody, groupCreateBody, type Json, selected, userCreateBody } from './body.ts'

export interface GraphCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  readonly url: string
  readonly body?: Json
  readonly headers?: Readonly<Record<string, string>>
}

const collection: Readonly<Record<Kind, string>> = { user: '/users', group: '/groups', contact: '/contacts' }

const quoted = (value: string): string => encodeURIComponent(value.replaceAll("'", "''"))

export function callOf(request: CloudRequest, root: string): GraphCall {
  switch (request.op) {
    case 'create':
      return request.kind === 'group'
        ? {
            method: 'PATCH',
            url: `/groups(uniqueName='${quoted(request.anchor)}')`,
            body: groupCreateBody(request.attributes, request.anchor),
            headers: { Prefer: 'create-if-missing' },
          }
        : { method: 'POST', url: '/users', body: userCreateBody(request.attributes, request.sourceAnchor) }
    case 'update':
      return {
        method: 'PATCH',
        url: `${collection[request.kind]}/${request.id}`,
        body: attributesBody(request.kind, request.attributes),
      }
    case 'delete':
      return { method: 'DELETE', url: `${collection[request.kind]}/${request.id}` }
    case 'restore':
      return { method: 'POST', url: `/directory/deletedItems/${request.id}/restore` }
    case 'revokeSessions':
      return { method: 'POST', url: `/users/${request.id}/revokeSignInSessions` }
    case 'addMembers':
      return {
        method: 'PATCH',
        url: `/groups/${request.id}`,
        body: { 'members@odata.bind': request.members.map((id) => `${root}/directoryObjects/${id}`) },
      }
    case 'removeMember':
      return { method: 'DELETE', url: `/groups/${request.id}/members/${request.member}/$ref` }
    case 'setManager':
      return {
        method: 'PUT',
        url: `/users/${request.id}/manager/$ref`,
        body: { '@odata.id': `${root}/users/${request.manager}` },
      }
    case 'clearManager':
      return { method: 'DELETE', url: `/users/${request.id}/manager/$ref` }
    case 'find':
      return request.kind === 'group'
        ? { method: 'GET', url: `/groups?$filter=uniqueName eq '${quoted(request.anchor)}'&$select=${selected.group}` }
        : {
            method: 'GET',
            url: `/users?$filter=onPremisesImmutableId eq '${quoted(request.sourceAnchor)}'&$select=${selected.user}`,
          }
    case 'read':
      return { method: 'GET', url: `${collection[request.kind]}/${request.id}?$select=${selected[request.kind]}` }
  }
}
