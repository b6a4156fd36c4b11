import { afterAll, beforeAll, expect, test } from 'vitest'
import { openCloud, referenceTo, type TestCloud, userBody } from './testing.ts'

let lab: TestCloud & AsyncDisposable
beforeAll(async () => {
  lab = await openCloud({ domains: ['tenant.onmicrosoft.lab', 'contoso.lab', { name: 'fed.lab', federated: true }] })
})
afterAll(() => lab[Symbol.asyncDispose]())

const create = (alias: string, change: object = {}) => lab.ask('POST', 'users', { body: userBody(alias, change) })
const badRequest = (target: string) => ({
  status: 400,
  body: { error: { code: 'Request_BadRequest', details: [{ target }] } },
})
const conflictOn = (target: string) => ({
  status: 400,
  body: {
    error: {
      code: 'Request_BadRequest',
      message: `Another object with the same value for property ${target} already exists.`,
      details: [{ code: 'ObjectConflict', target }, { code: 'ConflictingObjects' }],
    },
  },
})

test('a create answers the default properties; the password is not kept anywhere', async () => {
  const made = await create('ada', { surname: 'Park', MAIL: 'ada@contoso.lab' })
  expect(made).toMatchObject({
    status: 201,
    body: { surname: 'Park', mail: 'ada@contoso.lab', businessPhones: [], jobTitle: null },
  })
  expect(made.headers['request-id']).toMatch(/^[0-9a-f-]{36}$/)
  expect(made.body).not.toHaveProperty('accountEnabled')
  expect(JSON.stringify(lab.cloud.directory.find(made.body.id))).not.toContain('Correct-horse')
  const read = await lab.ask('GET', 'Users/ADA@contoso.lab?$select=ACCOUNTENABLED,proxyAddresses,onPremisesImmutableId')
  expect(read.body).toMatchObject({
    accountEnabled: true,
    proxyAddresses: ['SMTP:ada@contoso.lab'],
    onPremisesImmutableId: null,
  })
})

test.each([
  ['displayName', { displayName: undefined }],
  ['passwordProfile', { passwordProfile: undefined }],
  ['passwordProfile', { passwordProfile: { password: 'short' } }],
  ['displayName', { displayName: 'x'.repeat(257) }],
  ['department', { department: 'x'.repeat(65) }],
  ['department', { department: '' }],
  ['employeeId', { employeeId: 'x'.repeat(17) }],
  ['proxyAddresses', { proxyAddresses: ['SMTP:x@contoso.lab'] }],
  ['onPremisesSamAccountName', { onPremisesSamAccountName: 'x' }],
  ['nonsense', { nonsense: 'x' }],
  ['accountEnabled', { accountEnabled: 'yes' }],
  ['businessPhones', { businessPhones: ['1', '2'] }],
  ['mailNickname', { mailNickname: 'a b' }],
  ['mailNickname', { mailNickname: 'zoë' }],
  ['userPrincipalName', { userPrincipalName: 'x@elsewhere.lab' }],
  ['userPrincipalName', { userPrincipalName: 'x x@contoso.lab' }],
  ['onPremisesImmutableId', { onPremisesImmutableId: 'a$b' }],
  ['onPremisesImmutableId', { userPrincipalName: 'x@fed.lab' }],
  ['onPremisesExtensionAttributes', { onPremisesExtensionAttributes: { extensionAttribute1: 'x' } }],
  ['usageLocation', { usageLocation: 'Germany' }],
])('a create with a wrong %s is refused: %j', async (target, change) => {
  expect(await create('wrong', change)).toMatchObject(badRequest(target))
  expect(lab.cloud.directory.users(({ properties }) => properties.mailNickname === 'wrong')).toEqual([])
})

test('unique values are unique across users, groups and contacts, soft-deleted addresses and anchors included', async () => {
  const { body } = await create('bea', { mail: 'bea@contoso.lab', onPremisesImmutableId: 'QUJD' })
  expect(await create('bea2', { userPrincipalName: 'BEA@contoso.lab' })).toMatchObject(conflictOn('userPrincipalName'))
  expect(await create('bea3', { mail: 'Bea@contoso.lab' })).toMatchObject(conflictOn('mail'))
  expect(await create('bea4', { onPremisesImmutableId: 'QUJD' })).toMatchObject(conflictOn('onPremisesImmutableId'))
  expect((await create('bea5', { onPremisesImmutableId: 'qUJD' })).status).toBe(201)
  expect((await lab.cmdlet('New-MailContact', { Name: 'c', ExternalEmailAddress: 'bea@contoso.lab' })).status).toBe(400)
  expect((await lab.cmdlet('New-MailContact', { Name: 'd', ExternalEmailAddress: 'dee@partner.lab' })).status).toBe(200)
  expect(await create('dee', { mail: 'DEE@partner.lab' })).toMatchObject(conflictOn('mail'))
  expect((await lab.ask('DELETE', `users/${body.id}`)).status).toBe(204)
  expect(await create('bea6', { mail: 'bea@contoso.lab' })).toMatchObject(conflictOn('mail'))
  expect(await create('bea7', { onPremisesImmutableId: 'QUJD' })).toMatchObject(conflictOn('onPremisesImmutableId'))
  expect((await create('bea')).status).toBe(201)
})

test('a change of mail keeps the old address as a secondary; what cannot be cleared is refused', async () => {
  const { body } = await create('cyd', { mail: 'cyd@contoso.lab', usageLocation: 'DE', department: 'Ops' })
  const path = `users/${body.id}`
  expect((await lab.ask('PATCH', path, { body: { mail: 'cyd.new@contoso.lab', department: null } })).status).toBe(204)
  const properties: object = lab.cloud.directory.find(body.id)?.properties ?? {}
  expect(properties).toMatchObject({ proxyAddresses: ['SMTP:cyd.new@contoso.lab', 'smtp:cyd@contoso.lab'] })
  expect(properties).not.toHaveProperty('department')
  for (const name of ['mail', 'usageLocation', 'displayName', 'userPrincipalName', 'accountEnabled']) {
    expect(await lab.ask('PATCH', path, { body: { [name]: null } })).toMatchObject(badRequest(name))
  }
  expect(
    await lab.ask('PATCH', path, { body: { onPremisesExtensionAttributes: { extensionAttribute3: 'x' } } }),
  ).toMatchObject({ status: 204 })
  expect(
    (await lab.ask('PATCH', path, { body: { onPremisesExtensionAttributes: { extensionAttribute4: 'y' } } })).status,
  ).toBe(204)
  const read = await lab.ask('GET', `${path}?$select=onPremisesExtensionAttributes`)
  expect(read.body.onPremisesExtensionAttributes).toEqual({ extensionAttribute3: 'x', extensionAttribute4: 'y' })
  expect((await lab.ask('PATCH', path, { body: { aboutMe: 'x', city: 'y' } })).status).toBe(400)
  expect((await lab.ask('GET', 'users?$select=aboutMe')).status).toBe(501)
})

test('deleted, listed, restored, and gone for good', async () => {
  const { body } = await create('eve')
  await lab.ask('DELETE', `users/${body.id}`)
  expect((await lab.ask('GET', `users/${body.id}`)).status).toBe(404)
  const listed = await lab.ask('GET', `directory/deletedItems/microsoft.graph.user?$filter=id eq '${body.id}'`)
  expect(listed.body.value).toMatchObject([{ userPrincipalName: `${body.id.replaceAll('-', '')}eve@contoso.lab` }])
  const second = await create('eve')
  expect(await lab.ask('POST', `directory/deletedItems/${body.id}/restore`)).toMatchObject(
    conflictOn('userPrincipalName'),
  )
  await lab.ask('DELETE', `users/${second.body.id}`)
  expect(await lab.ask('POST', `directory/deleteditems/${body.id}/restore`)).toMatchObject({
    status: 200,
    body: { userPrincipalName: 'eve@contoso.lab' },
  })
  expect((await lab.ask('GET', 'users/eve@contoso.lab')).body.id).toBe(body.id)
  expect((await lab.ask('DELETE', `directory/deletedItems/${second.body.id}`)).status).toBe(204)
  expect((await lab.ask('GET', `directory/deletedItems/${second.body.id}`)).status).toBe(404)
})

test('manager references: any host, cycles, missing ends, removal', async () => {
  const [a, b] = [(await create('fay')).body.id, (await create('gus')).body.id]
  expect((await lab.ask('GET', `users/${a}/manager`)).status).toBe(404)
  expect((await lab.ask('PUT', `users/${a}/manager/$ref`, { body: referenceTo(b) })).status).toBe(204)
  expect((await lab.ask('PUT', `users/${b}/manager/$ref`, { body: referenceTo(a) })).status).toBe(204)
  expect((await lab.ask('GET', `users/${a}?$expand=manager($select=displayName)`)).body.manager).toMatchObject({
    id: b,
    displayName: 'gus',
  })
  expect(
    (await lab.ask('PUT', `users/${a}/manager/$ref`, { body: referenceTo('00000000-0000-4000-8000-000000000000') }))
      .status,
  ).toBe(404)
  expect((await lab.ask('DELETE', `users/${a}/manager/$ref`)).status).toBe(204)
  expect((await lab.ask('DELETE', `users/${a}/manager/$ref`)).status).toBe(404)
})

test('what another engine masters refuses writes until its authority is handed over; admins refuse sensitive ones', async () => {
  const id = lab.cloud.directory.seed('user', {
    displayName: 'Synced',
    userPrincipalName: 's@contoso.lab',
    onPremisesSyncEnabled: true,
  })
  expect(await lab.ask('PATCH', `users/${id}`, { body: { city: 'x' } })).toMatchObject({
    status: 400,
    body: { error: { message: expect.stringContaining('on-premises mastered Directory Sync objects') } },
  })
  expect((await lab.ask('DELETE', `users/${id}`)).status).toBe(400)
  expect(
    (await lab.ask('PATCH', `users/${id}/onPremisesSyncBehavior`, { body: { isCloudManaged: true } })).status,
  ).toBe(403)
  const admin = (await create('hal')).body.id
  lab.cloud.directory.setPrivileged(admin, true)
  expect((await lab.ask('PATCH', `users/${admin}`, { body: { accountEnabled: false } })).status).toBe(403)
  expect((await lab.ask('PATCH', `users/${admin}`, { body: { city: 'x' } })).status).toBe(204)
  lab.cloud.directory.patch(admin, { accountEnabled: false })
  expect(lab.cloud.directory.find(admin)?.properties.accountEnabled).toBe(false)
})

test('sessions are revoked, and a password of another is not for this client', async () => {
  const { id } = (await create('ida')).body
  expect(await lab.ask('POST', `users/${id}/microsoft.graph.revokeSignInSessions`)).toMatchObject({
    status: 200,
    body: { value: true },
  })
  expect(
    (await lab.ask('PATCH', `users/${id}`, { body: { passwordProfile: { password: 'Other-horse-10' } } })).status,
  ).toBe(403)
})
