import { expect, test } from 'vitest'
import { groupBody, openCloud, type TestCloud, userBody } from './testing.ts'

async function walk(
  lab: TestCloud,
  path: string,
): Promise<{ items: Record<string, unknown>[]; link: string; pages: number }> {
  const items: Record<string, unknown>[] = []
  for (let pages = 1; ; pages += 1) {
    const { status, body } = await lab.ask('GET', path)
    expect(status).toBe(200)
    items.push(...body.value)
    if (body['@odata.deltaLink'] !== undefined) return { items, link: body['@odata.deltaLink'], pages }
    path = body['@odata.nextLink']
  }
}

test('users: everything once, then only what changed, with the kind of removal', async () => {
  await using lab = await openCloud()
  const { directory } = lab.cloud
  const ids = Array.from({ length: 450 }, (_, at) => directory.create('user', userBody(`u${at}`) as never).id)
  const first = await walk(lab, 'users/delta')
  expect(first.pages).toBe(3)
  expect(first.items.map(({ id }) => id)).toEqual(ids)
  expect((await walk(lab, first.link)).items).toEqual([])
  const latest = await walk(lab, 'users/microsoft.graph.delta()?$deltatoken=latest&$select=department')
  const [a = '', b = '', c = '', d = ''] = ids
  directory.patch(a, { department: 'X' })
  directory.patch(b, { city: 'Y' })
  directory.remove(c)
  directory.remove(d)
  await lab.ask('DELETE', `directory/deletedItems/${d}`)
  const changed = await walk(lab, first.link)
  expect(changed.items.map(({ id }) => id)).toEqual([a, b, c, d])
  expect(changed.items.slice(2)).toEqual([
    { id: c, '@removed': { reason: 'changed' } },
    { id: d, '@removed': { reason: 'deleted' } },
  ])
  const selected = await walk(lab, latest.link)
  expect(selected.items.map(({ id }) => id)).toEqual([a, c, d])
  expect(selected.items[0]).toEqual({ id: a, department: 'X' })
  const { link } = await walk(lab, changed.link)
  await lab.ask('POST', `directory/deletedItems/${c}/restore`)
  expect((await walk(lab, link)).items).toMatchObject([{ id: c, userPrincipalName: 'u2@contoso.lab' }])
})

test('groups: members added and removed, split over pages', async () => {
  await using lab = await openCloud()
  const { directory } = lab.cloud
  const group = directory.create('group', groupBody('g') as never).id
  const ids = Array.from({ length: 1200 }, (_, at) => directory.seed('user', { displayName: `u${at}` }))
  for (const id of ids) directory.addMember(group, id)
  const first = await walk(lab, 'groups/delta')
  expect(first.items.map((item) => (item['members@delta'] as unknown[]).length)).toEqual([1000, 200])
  const [gone = '', back = ''] = ids
  directory.removeMember(group, gone)
  directory.removeMember(group, back)
  directory.addMember(group, back)
  const { items, link } = await walk(lab, first.link)
  expect(items).toMatchObject([{ id: group }])
  expect(items[0]?.['members@delta']).toEqual([
    { '@odata.type': '#microsoft.graph.user', id: gone, '@removed': { reason: 'deleted' } },
    { '@odata.type': '#microsoft.graph.user', id: back },
  ])
  const names = await walk(lab, 'groups/delta?$deltatoken=latest&$select=displayName')
  directory.removeMember(group, back)
  expect((await walk(lab, names.link)).items).toEqual([])
  expect((await walk(lab, link)).items).toHaveLength(1)
})

test('a token that is too old answers 410 with the address of a full reading; a forged one 400', async () => {
  let nowMs = Date.UTC(2026, 0, 1)
  await using lab = await openCloud({ nowMs: () => nowMs, tokenLifetimeSecs: 30 * 86_400 })
  const { link } = await walk(lab, 'users/delta')
  nowMs += 8 * 86_400_000
  const refused = await lab.ask('GET', link)
  expect(refused).toMatchObject({ status: 410, body: { error: { code: 'resyncRequired' } } })
  expect(refused.headers.location).toBe(`${lab.cloud.graphUrl}/users/delta`)
  const fresh = await walk(lab, 'users/delta')
  lab.cloud.faults.set({ fault: 'expireDeltaTokens' })
  expect((await lab.ask('GET', fresh.link)).status).toBe(410)
  expect((await lab.ask('GET', 'users/delta?$deltatoken=abc')).status).toBe(400)
})
