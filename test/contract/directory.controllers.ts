/** What several controllers of one domain must give a hub: a reader that goes from one to another misses and forgets nothing. */
import type { Client } from 'ldapts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Stage, set } from './directory.cases.ts'
import { administer, type DirectoryUnderTest, type RunningAgent, startAgent } from './directory.subject.ts'
import { differences, readTruth } from './directory.truth.ts'

export interface ControllersUnderTest extends Omit<DirectoryUnderTest, 'crowd' | 'blind'> {
  /** Each with its own address; the certificate of each carries that address. */
  readonly controllers: readonly [Controller, Controller]
  /** Nothing goes from one to the other from now on until `replicate`. */
  hold(): void
  /** Everything goes to the other, both ways. */
  replicate(): Promise<void>
}

export interface Controller {
  /** What the agent is told; taken away and given back. */
  readonly server: string
  /** Where an administrator reaches it at any time. */
  readonly direct: string
  readonly servername: string
  readonly caPem: string
  takeAway(): void
  bringBack(): void
}

export function controllersContract(name: string, make: () => Promise<ControllersUnderTest>): void {
  let domain: ControllersUnderTest
  beforeAll(async () => {
    domain = await make()
  }, 120_000)
  afterAll(() => domain?.close())

  describe.each(['dirsync', 'usn'] as const)(`${name}, two controllers, by %s`, (dialect) => {
    let running: RunningAgent
    let admins: Client[]
    let ou: string
    let stages = 0
    const at = (controller: 0 | 1): Stage =>
      new Stage(
        { dialect, directory: { ...domain, crowd: none }, admin: admins[controller]!, hub: running.hub, ou },
        `c${++stages}`,
      )
    const reads = (controller: 0 | 1): boolean =>
      running.hub.lastReport?.server.includes(new URL(domain.controllers[controller].server).hostname) === true &&
      running.hub.lastReport.server.includes(new URL(domain.controllers[controller].server).port)
    const begins = (): number => running.hub.batches.filter((batch) => batch.snapshotBegin).length
    const equal = async (): Promise<void> => {
      for (const stage of [at(0), at(1)]) await stage.settles(20_000)
    }

    beforeAll(async () => {
      admins = await Promise.all(
        domain.controllers.map((each) => administer({ ...domain, ...each, server: each.direct })),
      )
      ou = `OU=Controllers ${dialect},${domain.baseDn}`
      await admins[0]!.add(ou, { objectClass: ['organizationalUnit'] })
      await domain.replicate()
      const servers = domain.controllers.map((each) => each.server)
      const caPem = domain.controllers.map((each) => each.caPem).join('\n')
      // Each is verified by its own address.
      const directory = { ...domain, caPem, servername: '' }
      running = await startAgent({ directory, account: domain.reader, dialect, servers })
      await running.hub.until('the snapshot', () => running.hub.complete && running.hub.caughtUp, 60_000)
    }, 90_000)

    afterAll(async () => {
      await running?.stop()
      for (const admin of admins ?? []) await admin.unbind().catch(() => undefined)
    })

    test('the other controller takes over where the first one stopped', { timeout: 60_000 }, async () => {
      await at(0).person('stays through')
      await at(0).known('stays through')
      await domain.replicate()
      const told = running.hub.entries
      domain.controllers[0].takeAway()
      await at(1).person('made at the second')
      await at(1).known('made at the second')
      expect(reads(1)).toBe(true)
      if (dialect === 'dirsync') {
        expect(begins()).toBe(1)
        // Its cookie is understood: what is known is not told again.
        expect(running.hub.entries - told).toBeLessThan(20)
      }
      expect(differences(running.hub, await readTruth(admins[1]!, at(1).scene.directory, ou), ou)).toEqual([])
      domain.controllers[0].bringBack()
      await domain.replicate()
      await equal()
    })

    test('back again, with changes at both that neither has told the other', { timeout: 60_000 }, async () => {
      domain.hold()
      const [from, to] = reads(0) ? ([0, 1] as const) : ([1, 0] as const)
      const dn = at(0).dn('stays through')
      await admins[from]!.modify(dn, set('title', [`at ${from}`]))
      await running.hub.until(
        'what one told',
        () => at(from).seen('stays through')?.attributes.title?.[0] === `at ${from}`,
      )
      await admins[to]!.modify(dn, set('description', [`at ${to}`]))
      domain.controllers[from].takeAway()
      await running.hub.until(
        'what the other told',
        () => at(to).seen('stays through')?.attributes.description?.[0] === `at ${to}`,
        20_000,
      )
      domain.controllers[from].bringBack()
      await domain.replicate()
      await equal()
      expect(at(0).seen('stays through')!.attributes).toMatchObject({
        title: [`at ${from}`],
        description: [`at ${to}`],
      })
    })

    test('what the other one does not have yet is not taken for deleted', { timeout: 60_000 }, async () => {
      domain.hold()
      const [from, to] = reads(0) ? ([0, 1] as const) : ([1, 0] as const)
      const gone = at(from)
      await gone.person('only at one')
      const { guid } = await gone.known('only at one')
      domain.controllers[from].takeAway()
      await at(to).person('only at the other')
      await at(to).known('only at the other')
      await running.hub.until('the end of the reading', () => running.hub.caughtUp)
      const seen = running.hub.objects.get(guid)
      expect(seen && !seen.deleted).toBe(true)
      domain.controllers[from].bringBack()
      await domain.replicate()
      await equal()
    })

    test('two objects of one name become an object and a conflict object, and both are told', async () => {
      domain.hold()
      for (const controller of [0, 1] as const) {
        await at(controller).person('same name')
        // The newer one keeps the name; servers count in seconds.
        await new Promise((resolve) => setTimeout(resolve, 1_100))
      }
      await domain.replicate()
      await equal()
      const names = [...running.hub.objects.values()]
        .map((object) => object.dn)
        .filter((each) => each.includes('same name'))
      expect(names.filter((each) => /\\0ACNF:/i.test(each) && each.endsWith(ou))).toHaveLength(1)
      expect(names.filter((each) => each === at(0).dn('same name'))).toHaveLength(1)
    })
  })
}

const none = { group: '', outsider: '', size: 0 }
