import { expect, test } from 'vitest'
import { openCloud, userBody } from './testing.ts'

test('a client signs in by discovery; wrong secret, tenant, client, grant and scope get their own code', async () => {
  await using lab = await openCloud()
  const { authorityUrl, tenantId } = lab.cloud
  const discovery = await lab.raw('GET', `${authorityUrl}/${tenantId}/v2.0/.well-known/openid-configuration`)
  expect(discovery.body.token_endpoint).toBe(`${authorityUrl}/${tenantId}/oauth2/v2.0/token`)
  const good = await lab.token()
  expect(good).toMatchObject({ status: 200, body: { token_type: 'Bearer', expires_in: 3599 } })
  expect((await lab.token()).body.access_token).not.toBe(good.body.access_token)
  const claims = JSON.parse(Buffer.from(good.body.access_token.split('.')[1], 'base64url').toString())
  expect(claims.roles).toContain('User.ReadWrite.All')
  expect(await lab.token({ client_secret: 'wrong' })).toMatchObject({
    status: 401,
    body: { error: 'invalid_client', error_codes: [7000215] },
  })
  expect(await lab.token({ client_assertion: 'x' })).toMatchObject({
    status: 401,
    body: { error: 'invalid_client', error_codes: [700027] },
  })
  expect(await lab.token({ client_id: 'nobody' })).toMatchObject({ status: 400, body: { error_codes: [700016] } })
  expect(await lab.token({ grant_type: 'password' })).toMatchObject({ status: 400, body: { error_codes: [70003] } })
  expect(await lab.token({ scope: 'User.Read' })).toMatchObject({ status: 400, body: { error_codes: [1002012] } })
  const elsewhere = await lab.raw('POST', `${authorityUrl}/other.lab/oauth2/v2.0/token`, {
    body: 'grant_type=client_credentials',
  })
  expect(elsewhere).toMatchObject({ status: 400, body: { error_codes: [90002] } })
  lab.cloud.faults.set({ fault: 'wrongSecret', on: true })
  expect((await lab.token()).body.error_codes).toEqual([7000215])
})

test('a request needs a live token for the right audience, and the role of its operation', async () => {
  let nowMs = Date.UTC(2026, 0, 1)
  const clients = [{ id: 'reader', secret: 's3cret', roles: ['User.Read.All', 'Exchange.Other'] }]
  await using lab = await openCloud({ clients, tokenLifetimeSecs: 60, nowMs: () => nowMs })
  const url = `${lab.cloud.graphUrl}/users`
  expect(await lab.raw('GET', url)).toMatchObject({
    status: 401,
    body: { error: { code: 'InvalidAuthenticationToken' } },
  })
  expect((await lab.raw('GET', url, { headers: { authorization: 'Bearer x' } })).status).toBe(401)
  expect((await lab.ask('GET', 'users')).status).toBe(200)
  const denied = { status: 403, body: { error: { code: 'Authorization_RequestDenied' } } }
  expect(await lab.ask('POST', 'users', { body: userBody('ada') })).toMatchObject(denied)
  expect(await lab.ask('GET', 'groups')).toMatchObject(denied)
  expect(await lab.ask('GET', 'contacts')).toMatchObject(denied)
  expect((await lab.cmdlet('Get-MailContact', {})).status).toBe(403)
  expect(lab.cloud.directory.counts().users).toBe(0)
  const exchange = await lab.token({ scope: 'https://outlook.office365.com/.default' })
  const authorization = `Bearer ${exchange.body.access_token}`
  expect((await lab.raw('GET', url, { headers: { authorization } })).status).toBe(401)
  nowMs += 61_000
  expect(await lab.ask('GET', 'users')).toMatchObject({
    status: 401,
    body: { error: { message: expect.stringContaining('expired') } },
  })
})
