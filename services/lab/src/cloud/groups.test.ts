import { afterAll, beforeAll, expect, test } from 'vitest'
import { groupBody, openCloud, referenceTo, type TestCloud, unifiedBody, userBody } from './testing.ts'

let lab: TestCloud & AsyncDisposable
beforeAll(async () => {
  lab = await openCloud()
})
afterAll(() => lab[Symbol.asyncDispose]())

const group = async (body: object): Promise<string> => (await lab.ask('POST', 'groups', { body })).body.id
const user = async (alias: string): Promise<string> =>
  (await lab.ask('POST', 'users', { body: userBody(alias) })).body.id
const bind = (ids: readonly string[]) => ({
  'members@odata.bind': ids.map((id) => `https://elsewhere.example/v1.0/directoryObjects/${id}`),
})
const message = (text: string) => ({ status: 400, body: { error: { message: expect.stringContaining(text) } } })

test('each kind of group: security and Microsoft 365 are made, mail-enabled ones refused', async () => {
  expect((await lab.ask('POST', 'Groups', { body: groupBody('sec', { mailNickName: undefined }) })).status).toBe(201)
  expect(await lab.ask('POST', 'groups', { body: unifiedBody('team') })).toMatchObject({
    status: 201,
    body: {
      mail: 'team@tenant.onmicrosoft.lab',
      description: 'team',
      proxyAddresses: ['SMTP:team@tenant.onmicrosoft.lab'],
    },
  })
  expect(await lab.ask('POST', 'groups', { body: unifiedBody('team') })).toMatchObject({
    status: 400,
    body: { error: { details: [{ code: 'ObjectConflict', target: 'mailNickname' }, {}] } },
  })
  expect((await lab.ask('POST', 'groups', { body: groupBody('sec') })).status).toBe(201)
  expect((await lab.ask('POST', 'groups', { body: groupBody('mail', { mailEnabled: true }) })).status).toBe(400)
  expect((await lab.ask('POST', 'groups', { body: { displayName: 'x' } })).status).toBe(400)
})

test('members: all or nothing, at most 20, and the exact words for what is there already or never was', async () => {
  const id = await group(groupBody('members'))
  const users = await Promise.all(Array.from({ length: 21 }, (_, at) => user(`m${at}`)))
  expect((await lab.ask('PATCH', `groups/${id}`, { body: bind(users) })).status).toBe(400)
  expect((await lab.ask('PATCH', `groups/${id}`, { body: bind(users.slice(0, 20)) })).status).toBe(204)
  const mixed = bind([users[20] ?? '', users[0] ?? ''])
  expect(await lab.ask('PATCH', `groups/${id}`, { body: mixed })).toMatchObject(
    message("One or more added object references already exist for the following modified properties: 'members'."),
  )
  expect(lab.cloud.directory.members(id)).toHaveLength(20)
  expect((await lab.ask('POST', `groups/${id}/members/$ref`, { body: referenceTo(users[20] ?? '') })).status).toBe(204)
  expect(await lab.ask('POST', `groups/${id}/members/$ref`, { body: referenceTo(users[20] ?? '') })).toMatchObject(
    message('already exist'),
  )
  expect((await lab.ask('DELETE', `groups/${id}/members/${users[3]}/$ref`)).status).toBe(204)
  expect(await lab.ask('DELETE', `groups/${id}/members/${users[3]}/$ref`)).toMatchObject({
    status: 404,
    body: { error: { message: expect.stringContaining('One or more removed object references do not exist') } },
  })
  const missing = '00000000-0000-4000-8000-000000000000'
  expect(await lab.ask('POST', `groups/${id}/members/$ref`, { body: referenceTo(missing) })).toMatchObject({
    status: 404,
    body: {
      error: {
        code: 'Request_ResourceNotFound',
        message: `Resource '${missing}' does not exist or one of its queried reference-property objects are not present.`,
      },
    },
  })
  const seen: string[] = []
  for (let path = `groups/${id}/members?$top=9&$select=id`; path !== ''; ) {
    const page = await lab.ask('GET', path)
    seen.push(...page.body.value.map((member: { id: string }) => member.id))
    path = page.body['@odata.nextLink'] ?? ''
  }
  expect(seen.toSorted()).toEqual(users.filter((_, at) => at !== 3).toSorted())
  expect(
    (
      await lab.ask('GET', `groups/${id}/members/microsoft.graph.user/$count`, {
        headers: { ConsistencyLevel: 'eventual' },
      })
    ).body,
  ).toBe(20)
  expect((await lab.ask('GET', `users/${users[0]}/memberOf`)).body.value).toMatchObject([{ id }])
  const team = await group(unifiedBody('people'))
  expect((await lab.ask('POST', `groups/${team}/members/$ref`, { body: referenceTo(id) })).status).toBe(400)
  expect((await lab.ask('POST', `groups/${id}/members/$ref`, { body: referenceTo(team) })).status).toBe(204)
})

test('the alternate key makes one group, whatever number of times it is asked', async () => {
  const path = "groups(uniqueName='anchor-1')"
  const body = groupBody('keyed')
  expect((await lab.ask('PATCH', path, { body })).status).toBe(404)
  const headers = { prefer: 'create-if-missing' }
  const made = await lab.ask('PATCH', path, { body, headers })
  expect(made).toMatchObject({ status: 201, body: { uniqueName: 'anchor-1' } })
  expect((await lab.ask('PATCH', path, { body: { ...body, description: 'again' }, headers })).status).toBe(204)
  expect((await lab.ask('GET', path)).body).toMatchObject({ id: made.body.id, description: 'again' })
  expect(lab.cloud.directory.groups(({ properties }) => properties.uniqueName === 'anchor-1')).toHaveLength(1)
  expect((await lab.ask('POST', 'groups', { body: groupBody('other', { uniqueName: 'ANCHOR-1' }) })).status).toBe(400)
  expect((await lab.ask('PATCH', `groups/${made.body.id}`, { body: { uniqueName: 'anchor-2' } })).status).toBe(400)
})

test('a deleted security group can be restored with its members, or is gone at once where the tenant says so', async () => {
  const [id, member] = [await group(groupBody('gone')), await user('kept')]
  await lab.ask('PATCH', `groups/${id}`, { body: bind([member]) })
  expect((await lab.ask('DELETE', `groups/${id}`)).status).toBe(204)
  expect((await lab.ask('GET', `groups/${id}`)).status).toBe(404)
  expect((await lab.ask('POST', `directory/deletedItems/${id}/restore`)).status).toBe(200)
  expect(lab.cloud.directory.members(id)).toEqual([member])
  await using hard = await openCloud({ securityGroupDelete: 'hard' })
  const made = await hard.ask('POST', 'groups', { body: groupBody('gone') })
  await hard.ask('DELETE', `groups/${made.body.id}`)
  expect((await hard.ask('GET', `directory/deletedItems/${made.body.id}`)).status).toBe(404)
})
