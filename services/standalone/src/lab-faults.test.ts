import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { durationMs } from './lab-faults.ts'
import { labRequest } from './lab-routes.ts'
import { type LabWorld, startLabWorld } from './lab-world.ts'

let dir: string
let world: LabWorld

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'canopy-lab-'))
  const population = { users: 10, groups: 2, contacts: 1 }
  world = await startLabWorld({ dir: join(dir, 'lab'), credentials: join(dir, 'credentials'), population })
})

afterAll(async () => {
  await world?.close()
  rmSync(dir, { recursive: true, force: true })
})

const fault = (kind: string, more: object = {}) => labRequest(world, 'fault', { kind, ...more }).lines

test('a fault strikes the forest that is named, and the next one takes its place', () => {
  const [contoso, fabrikam] = world.forests
  expect(fault('delay', { amount: 250, forest: 'contoso.lab' })).toEqual(['contoso.lab: delay'])
  expect([contoso?.faults.delayMs, fabrikam?.faults.delayMs]).toEqual([250, 0])
  expect(fault('refuse-binds', { amount: 532 })).toHaveLength(2)
  expect([contoso?.faults.delayMs, fabrikam?.faults.bindRefusal]).toEqual([0, '532'])
  expect(fault('clear')).toEqual(['everything works again'])
  expect(fabrikam?.faults.bindRefusal).toBeUndefined()
})

test('a counted fault strikes so often, one with a duration until it is over', async () => {
  const faults = world.forests[0]!.faults
  fault('half-answer', { amount: 3, count: 2 })
  expect([1, 2, 3].map(() => faults.takeLimits().halfAfter)).toEqual([3, 3, undefined])
  expect(fault('cut', { amount: 0, for: '50ms' })).toEqual(['contoso.lab: cut for 50ms', 'fabrikam.lab: cut for 50ms'])
  for (let n = 0; n < 5; n++) expect(faults.takeLimits().cutAfter).toBe(0)
  await expect.poll(() => faults.takeLimits().cutAfter, { timeout: 3_000 }).toBeUndefined()
})

test('the cloud throttles, and a controller goes back in time', async () => {
  expect(fault('throttle', { count: 1 })).toEqual(['cloud: throttle'])
  const { directory } = world.forests[0]!
  const ada = directory.find('(cn=Ada Park)')[0]!
  for (const title of ['One', 'Two', 'Three']) directory.modify(ada.guid, { title })
  const { highestUsn, invocationId } = directory
  fault('usn-rollback', { amount: 2, forest: 'contoso.lab' })
  expect(directory.get(ada.guid)?.text('title')).toBe('One')
  expect([directory.highestUsn, directory.invocationId]).toEqual([highestUsn - 2, invocationId])
})

test('what does not exist is answered with what does', () => {
  expect(() => fault('earthquake')).toThrow('the lab has no fault earthquake')
  expect(fault('list')).toContain('blind         forest  nobody sees deletions')
  expect(() => fault('delay', { for: 'soon' })).toThrow('--for soon is no duration')
  expect(['500ms', '30s', '2m', '1h', '1d', ''].map(durationMs)).toEqual([
    500,
    30_000,
    120_000,
    3_600_000,
    undefined,
    undefined,
  ])
})
