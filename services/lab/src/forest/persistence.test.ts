import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { LabDirectory } from './directory/directory.ts'
import type { LabObject } from './directory/object.ts'
import { populate } from './population/populate.ts'
import { TestClient } from './test-client.ts'

let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lab-forest-'))
})

afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

function journalOf(folder: string): string {
  return join(folder, readdirSync(folder).find((name) => name.startsWith('journal-')) ?? '')
}

function describeAll(directory: LabDirectory): string[] {
  const sorted = (o: LabObject) =>
    Object.entries(o.attributes)
      .map(([name, values]) => [name, values.map(String).sort()])
      .sort()
  return directory
    .find(() => true, { deleted: true })
    .map((o) => JSON.stringify([o.dn, o.usnChanged, sorted(o)]))
    .sort()
}

it('is after a start what it was before, from snapshot and journal, deleted objects and links included', () => {
  const first = new LabDirectory({ name: 'contoso.lab', dir })
  populate([first], { users: 60, groups: 12, contacts: 3 })
  const group = first.find((o) => o.objectClass === 'group' && o.count('member') > 2)[0]
  const victim = String(group?.get('member').find((dn) => !String(dn).includes('Ada Park')))
  const guid = first.get(victim)?.guid ?? ''
  const count = group?.count('member') ?? 0
  first.rename(`OU=Sales,OU=Staff,${first.baseDn}`, 'OU=Sales, Inside')
  first.remove(guid)
  first.removeMember(group?.guid ?? '', String(group?.get('member').at(-1)))
  first.snapshot()
  first.modify(first.find('(cn=Ada Park)')[0]?.guid ?? '', {
    title: 'Countess',
    thumbnailPhoto: Buffer.from([1, 2, 255]),
  })
  const second = new LabDirectory({ name: 'contoso.lab', dir })
  expect(describeAll(second)).toEqual(describeAll(first))
  expect([second.highestUsn, second.invocationId]).toEqual([first.highestUsn, first.invocationId])
  second.restore(guid)
  expect(second.get(group?.guid ?? '')?.count('member')).toBe(count - 1)
})

it('tolerates a torn last line, and goes on after it', () => {
  const first = new LabDirectory({ name: 'contoso.lab', dir })
  first.add(`OU=One,${first.baseDn}`, { objectClass: 'organizationalUnit' })
  appendFileSync(journalOf(dir), '{"op":"add","atMs":1,"gu')
  const second = new LabDirectory({ name: 'contoso.lab', dir })
  second.add(`OU=Two,${first.baseDn}`, { objectClass: 'organizationalUnit' })
  const third = new LabDirectory({ name: 'contoso.lab', dir })
  expect(third.get(`OU=One,${first.baseDn}`)).toBeDefined()
  expect(third.get(`OU=Two,${first.baseDn}`)).toBeDefined()
})

it('loses no acknowledged change when it is killed', { timeout: 20_000 }, async () => {
  const main = new URL('./main.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [
    '--conditions=@canopy/source',
    main,
    '--dir',
    dir,
    '--users',
    '30',
    '--groups',
    '4',
  ])
  const line = await new Promise<string>((resolve) =>
    child.stdout.once('data', (data: Buffer) => resolve(data.toString())),
  )
  const ready = JSON.parse(line) as { url: string; baseDn: string; admin: { dn: string; password: string } }
  const client = new TestClient(ready.url)
  await client.bind(ready.admin.dn, ready.admin.password)
  let acknowledged = 0
  const writing = (async () => {
    for (let n = 1; ; n++) {
      const changes = [{ kind: 2 as const, type: 'title', values: [String(n)] }]
      await client.modify(`CN=Ada Park,OU=Engineering,OU=Staff,${ready.baseDn}`, changes)
      acknowledged = n
    }
  })().catch(() => undefined)
  await new Promise((resolve) => setTimeout(resolve, 300))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
  await writing
  const again = new LabDirectory({ name: 'contoso.lab', dir })
  expect(acknowledged).toBeGreaterThan(10)
  expect(Number(again.find('(cn=Ada Park)')[0]?.text('title'))).toBeGreaterThanOrEqual(acknowledged)
})

it('starts 1,200 objects in well under a third of a second', () => {
  const first = new LabDirectory({ name: 'contoso.lab', dir })
  populate([first], { users: 1000, groups: 160, contacts: 40 })
  // Of the processor: what else the machine does is not ours.
  const began = process.cpuUsage()
  expect(new LabDirectory({ name: 'contoso.lab', dir }).counts().objects).toBe(1200)
  expect(process.cpuUsage(began).user / 1000).toBeLessThan(300)
})
