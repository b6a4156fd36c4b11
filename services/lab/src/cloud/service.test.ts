import { expect, test } from 'vitest'
import { groupBody, openCloud, referenceTo, userBody } from './testing.ts'

test('replication lag: a fresh object is missing to everything but its own create, and still unique', async () => {
  let nowMs = Date.UTC(2026, 0, 1)
  await using lab = await openCloud({ lag: { ms: 5000 }, nowMs: () => nowMs })
  const make = async (alias: string): Promise<string> =>
    (await lab.ask('POST', 'users', { body: userBody(alias) })).body.id
  const old = await make('old')
  const group = (await lab.ask('POST', 'groups', { body: groupBody('g') })).body.id
  nowMs += 6000
  const fresh = await make('fresh')
  const notReady = {
    status: 400,
    body: { error: { message: 'The source resource object or one of the objects being referenced do not exist.' } },
  }
  expect(await lab.ask('GET', `users/${fresh}`)).toMatchObject({
    status: 404,
    body: { error: { code: 'Request_ResourceNotFound' } },
  })
  expect((await lab.ask('PATCH', `users/${fresh}`, { body: { city: 'x' } })).status).toBe(404)
  expect((await lab.ask('GET', "users?$filter=userPrincipalName eq 'fresh@contoso.lab'")).body.value).toEqual([])
  expect(await lab.ask('POST', `groups/${group}/members/$ref`, { body: referenceTo(fresh) })).toMatchObject(notReady)
  expect(await lab.ask('PUT', `users/${fresh}/manager/$ref`, { body: referenceTo(old) })).toMatchObject(notReady)
  expect((await lab.ask('POST', 'users', { body: userBody('fresh') })).status).toBe(400)
  const delta = await lab.ask('GET', 'users/delta')
  expect(delta.body.value.map(({ id }: { id: string }) => id)).toEqual([old])
  await lab.ask('PATCH', `users/${old}`, { body: { jobTitle: 'New' } })
  expect((await lab.ask('GET', `users/${old}`)).body.jobTitle).toBeNull()
  nowMs += 6000
  expect((await lab.ask('GET', `users/${old}`)).body.jobTitle).toBe('New')
  expect((await lab.ask('GET', `users/${fresh}`)).status).toBe(200)
  expect((await lab.ask('POST', `groups/${group}/members/$ref`, { body: referenceTo(fresh) })).status).toBe(204)
  const later = await lab.ask('GET', delta.body['@odata.deltaLink'])
  expect(later.body.value.map(({ id }: { id: string }) => id).toSorted()).toEqual([fresh, old].toSorted())
})

test('the published quota: 3,000 writes in 150 s for one application, told early and refused with a time to wait', async () => {
  let nowMs = Date.UTC(2026, 0, 1)
  await using lab = await openCloud({ quota: 'published', nowMs: () => nowMs })
  const id = lab.cloud.directory.seed('user', { displayName: 'x', userPrincipalName: 'x@contoso.lab' })
  const requests = Array.from({ length: 20 }, (_, at) => ({
    id: `${at}`,
    method: 'PATCH',
    url: `/users/${id}`,
    headers: { 'Content-Type': 'application/json' },
    body: { city: 'x' },
  }))
  let accepted = 0
  let warned = 0
  let refused: Record<string, string> = {}
  for (let batch = 0; batch < 151; batch += 1) {
    if (batch % 10 === 0) nowMs += 1
    const { body } = await lab.ask('POST', '$batch', { body: { requests } })
    for (const answer of body.responses) {
      if (answer.status === 204) accepted += 1
      else refused = answer.headers
      if (answer.status === 204 && Number(answer.headers['x-ms-throttle-limit-percentage']) >= 0.8) warned += 1
    }
  }
  expect(accepted).toBeGreaterThanOrEqual(3000)
  expect(accepted).toBeLessThan(3010)
  expect(warned).toBeGreaterThan(500)
  expect(refused['x-ms-throttle-information']).toBe('WriteLimitExceeded')
  expect(refused['x-ms-throttle-scope']).toMatch(/^Application_Tenant\/WriteCount\//)
  const waitSecs = Number(refused['Retry-After'])
  expect(waitSecs).toBeGreaterThan(0)
  nowMs += waitSecs * 1000 + 1000
  expect((await lab.ask('PATCH', `users/${id}`, { body: { city: 'y' } })).status).toBe(204)
})

test('faults: 503 and 429 for the next ones, connections cut before and after applying, delay, expired tokens', async () => {
  await using lab = await openCloud()
  const { faults, directory } = lab.cloud
  const make = (alias: string) => lab.ask('POST', 'users', { body: userBody(alias) })
  faults.set({ fault: 'unavailable', count: 1 })
  faults.set({ fault: 'throttled', count: 1, retryAfterSecs: 7 })
  expect((await make('a')).status).toBe(503)
  const throttled = await make('a')
  expect([throttled.status, throttled.headers['retry-after']]).toEqual([429, '7'])
  expect(directory.counts().users).toBe(0)
  faults.set({ fault: 'dropBeforeApplying', count: 1 })
  await expect(make('a')).rejects.toThrow(/socket hang up|ECONNRESET/)
  expect(directory.counts().users).toBe(0)
  faults.set({ fault: 'dropAfterApplying', count: 1 })
  await expect(make('a')).rejects.toThrow(/socket hang up|ECONNRESET/)
  expect(directory.counts().users).toBe(1)
  faults.set({ fault: 'delay', ms: 60 })
  const start = performance.now()
  await lab.ask('GET', 'users')
  expect(performance.now() - start).toBeGreaterThan(55)
  faults.set({ fault: 'unavailable', count: 1, scope: 'request' })
  faults.set({ fault: 'clear' })
  expect((await make('b')).status).toBe(201)
  for (const wrong of [{ fault: 'dropAfterApplying' }, { fault: 'delay', ms: 'x' }, { fault: 'rain' }]) {
    expect(() => faults.set(wrong as never)).toThrow(TypeError)
  }
  faults.set({ fault: 'expireTokens' })
  expect((await make('c')).status).toBe(401)
})

test('contacts are written by cmdlets and read in the directory', async () => {
  await using lab = await openCloud()
  const made = await lab.cmdlet('New-MailContact', {
    Name: 'Dee',
    ExternalEmailAddress: 'dee@partner.lab',
    FirstName: 'D',
    LastName: 'E',
  })
  expect(made).toMatchObject({ status: 200, body: { value: [{ Name: 'Dee', PrimarySmtpAddress: 'dee@partner.lab' }] } })
  expect(
    (await lab.cmdlet('Set-Contact', { Identity: 'Dee', Company: 'Partner', Phone: '123', City: 'Bonn' })).status,
  ).toBe(200)
  const change = { '@odata.type': '#Exchange.GenericHashTable', add: ['smtp:d2@partner.lab'] }
  expect(
    (
      await lab.cmdlet('Set-MailContact', {
        Identity: 'dee@partner.lab',
        EmailAddresses: change,
        CustomAttribute1: 'anchor',
      })
    ).status,
  ).toBe(200)
  const { id } = lab.cloud.directory.contacts()[0] ?? { id: '' }
  expect((await lab.ask('GET', `contacts/${id}`)).body).toMatchObject({
    companyName: 'Partner',
    mail: 'dee@partner.lab',
    proxyAddresses: ['SMTP:dee@partner.lab', 'smtp:d2@partner.lab'],
    phones: [{ type: 'business', number: '123' }],
  })
  expect((await lab.cmdlet('Get-MailContact', { Identity: 'd2@partner.lab' })).body.value).toMatchObject([
    { Guid: id, CustomAttribute1: 'anchor' },
  ])
  for (const name of ['E', 'F'])
    await lab.cmdlet('New-MailContact', { Name: name, ExternalEmailAddress: `${name}@partner.lab` })
  const prefer = { prefer: 'odata.maxpagesize=2' }
  const page = await lab.cmdlet('Get-MailContact', {}, { headers: prefer })
  const rest = await lab.cmdlet('Get-MailContact', {}, { headers: prefer, url: page.body['@odata.nextLink'] })
  expect([page.body.value.length, rest.body.value.length, rest.body['@odata.nextLink']]).toEqual([2, 1, undefined])
  expect((await lab.cmdlet('Remove-MailContact', { Identity: id })).status).toBe(200)
  const missing = await lab.cmdlet('Remove-MailContact', { Identity: id })
  expect(missing).toMatchObject({
    status: 404,
    body: { error: { code: 'NotFound', message: 'Error executing cmdlet' } },
  })
  expect(missing.body.error.details[0].message.split('|')).toEqual([
    'Ex6F9304',
    'Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException',
    `The operation couldn't be performed because object '${id}' couldn't be found on 'tenant.onmicrosoft.lab'.`,
  ])
  const twice = await lab.cmdlet('New-MailContact', { Name: 'G', ExternalEmailAddress: 'E@partner.lab' })
  expect([twice.status, twice.headers['x-exceptiontype']]).toEqual([400, 'ProxyAddressExistsException'])
  expect((await lab.cmdlet('New-Planet', {})).status).toBe(400)
})
