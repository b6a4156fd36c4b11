/** Two domains of one forest: references across, deletions, and an object that moves over. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { moveToDomain } from './domains.ts'
import { type LabForest, startForest } from './forest.ts'

let dir: string
let root: LabForest
let child: LabForest

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lab-domains-'))
  root = await startForest({ name: 'big.lab', dir: join(dir, 'root'), seed: 1 })
  child = await startForest({ name: 'emea.big.lab', dir: join(dir, 'child'), seed: 2, domainOf: root })
})

afterAll(async () => {
  await child?.close()
  await root?.close()
  rmSync(dir, { recursive: true, force: true })
})

const user = (forest: LabForest, name: string) =>
  forest.directory.add(`CN=${name},CN=Users,${forest.baseDn}`, { objectClass: 'user', sAMAccountName: name })
const group = (forest: LabForest, name: string, member: string[]) =>
  forest.directory.add(`CN=${name},CN=Users,${forest.baseDn}`, { objectClass: 'group', sAMAccountName: name, member })

it('holds a member of another domain under its name of the moment, and loses it with its deletion', () => {
  const ada = user(child, 'ada')
  const team = group(root, 'team', [ada.dn])
  expect(team.get('member')).toEqual([ada.dn])
  child.directory.rename(ada.guid, 'Ada Park')
  expect(team.get('member')).toEqual([`CN=Ada Park,CN=Users,${child.baseDn}`])
  const { usnChanged } = team
  child.directory.remove(ada.guid)
  expect([team.get('member'), team.usnChanged]).toEqual([[], usnChanged])
  child.directory.restore(ada.guid)
  expect(team.get('member')).toEqual([ada.dn])
})

it('keeps the GUID of what moves over, and the groups that held it, on both sides', () => {
  const ben = user(root, 'ben')
  const { guid, sid } = ben
  const here = group(root, 'here', [ben.dn])
  const there = group(child, 'there', [ben.dn])
  const { usnChanged } = here
  const moved = moveToDomain(root.directory, guid, { domain: child.directory, parent: `CN=Users,${child.baseDn}` })
  expect([moved.guid, moved.dn]).toEqual([guid, `CN=ben,CN=Users,${child.baseDn}`])
  expect(moved.sid).not.toBe(sid)
  expect(moved.get('sIDHistory')).toHaveLength(1)
  expect(root.directory.get(guid)).toBeUndefined()
  expect([here.get('member'), here.usnChanged]).toEqual([[moved.dn], usnChanged])
  expect(there.get('member')).toEqual([moved.dn])
  expect(moved.get('memberOf')).toEqual([there.dn])
})

it('is the same after a start', async () => {
  const before = root.directory.find('(sAMAccountName=here)')[0]?.get('member')
  await child.close()
  await root.close()
  root = await startForest({ name: 'big.lab', dir: join(dir, 'root') })
  child = await startForest({ name: 'emea.big.lab', dir: join(dir, 'child'), domainOf: root })
  expect(root.directory.find('(sAMAccountName=here)')[0]?.get('member')).toEqual(before)
  expect(root.directory.find('(sAMAccountName=team)')[0]?.get('member')).toHaveLength(1)
})
