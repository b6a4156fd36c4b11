/** What a tenant says of itself: its organization and its domains. */
import { notFound, wrongMethod } from './failure.ts'
import { contextOf } from './reading.ts'
import type { Answer, GraphRequest } from './request.ts'
import { demand } from './rights.ts'
import type { Domain, Tenant } from './tenant.ts'

function pick(body: Readonly<Record<string, unknown>>, select: readonly string[] | undefined): object {
  if (select === undefined) return body
  const wanted = new Set(['id', ...select.map((name) => name.toLowerCase())])
  return Object.fromEntries(Object.entries(body).filter(([name]) => wanted.has(name.toLowerCase())))
}

function organizationBody(tenant: Tenant): Record<string, unknown> {
  const { settings } = tenant
  const isSynced = [...tenant.store.entries.user.values()].some(
    (entry) => entry.properties.onPremisesSyncEnabled === true,
  )
  return {
    id: settings.id,
    deletedDateTime: null,
    displayName: settings.name,
    onPremisesSyncEnabled: isSynced ? true : null,
    onPremisesLastSyncDateTime: null,
    technicalNotificationMails: [],
    verifiedDomains: settings.domains.map((domain) => ({
      capabilities: 'Email, OfficeCommunicationsOnline',
      isDefault: domain.isInitial,
      isInitial: domain.isInitial,
      name: domain.name,
      type: domain.authenticationType,
    })),
  }
}

/** GET /organization and /organization/{tenantId}. */
export function answerOrganization(request: GraphRequest, tenant: Tenant, rest: readonly string[]): Answer {
  demand(request.caller, 'readOrganization')
  if (request.method !== 'GET') throw wrongMethod()
  const body = pick(organizationBody(tenant), request.query.select)
  const [id] = rest
  if (id === undefined)
    return { status: 200, body: { '@odata.context': contextOf(tenant, 'organization'), value: [body] } }
  if (id.toLowerCase() !== tenant.settings.id.toLowerCase()) throw notFound(id)
  return { status: 200, body: { '@odata.context': contextOf(tenant, 'organization/$entity'), ...body } }
}

const domainBody = (domain: Domain): Record<string, unknown> => ({
  id: domain.name,
  authenticationType: domain.authenticationType,
  availabilityStatus: null,
  isAdminManaged: true,
  isDefault: domain.isInitial,
  isInitial: domain.isInitial,
  isRoot: true,
  isVerified: true,
  supportedServices: ['Email'],
})

/** GET /domains and /domains/{name}. */
export function answerDomains(request: GraphRequest, tenant: Tenant, rest: readonly string[]): Answer {
  demand(request.caller, 'readDomains')
  if (request.method !== 'GET') throw wrongMethod()
  const [name] = rest
  if (name === undefined) {
    const value = tenant.settings.domains.map((domain) => pick(domainBody(domain), request.query.select))
    return { status: 200, body: { '@odata.context': contextOf(tenant, 'domains'), value } }
  }
  const domain = tenant.domain(name)
  if (domain === undefined) throw notFound(name)
  const body = pick(domainBody(domain), request.query.select)
  return { status: 200, body: { '@odata.context': contextOf(tenant, 'domains/$entity'), ...body } }
}
