/** From a directory server to the cloud through the whole pipeline; yardstick: ldapsearch reading the same server. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { counts } from './cloud-control.ts'
import type { BenchOptions } from './main.ts'
import { startPipeline } from './pipeline.ts'
import { startWorld, type World } from './world.ts'

export async function sync(options: BenchOptions): Promise<Record<string, unknown>> {
  options.progress(`making a forest of ${options.users} users and ${options.groups} groups …`)
  const world = await startWorld(options)
  try {
    const yardstick = await ldapsearch(world)
    options.progress(`ldapsearch read ${yardstick.entries} entries in ${yardstick.seconds.toFixed(1)} s; syncing …`)
    const pipeline = await startPipeline(world, options)
    try {
      const done = await pipeline.inSync()
      const cloud = await counts(world.cloud)
      const objects = cloud.users + cloud.groups + cloud.contacts
      const seconds = (done.readyMs - done.startedMs) / 1000
      return {
        bench: 'sync',
        mode: options.mode,
        users: cloud.users,
        groups: cloud.groups,
        contacts: cloud.contacts,
        memberships: cloud.memberships,
        seconds: round(seconds),
        objectsPerSecond: Math.round(objects / seconds),
        withMembershipsPerSecond: Math.round((objects + cloud.memberships) / seconds),
        yardstick: { what: 'ldapsearch -E pr=1000', ...yardstick, seconds: round(yardstick.seconds) },
        timesYardstick: round(seconds / yardstick.seconds),
        processes: pipeline.figures(),
      }
    } finally {
      await pipeline.close()
    }
  } finally {
    await world.close()
  }
}

export const round = (value: number): number => Math.round(value * 100) / 100

async function ldapsearch(world: World): Promise<{ seconds: number; entries: number }> {
  const { url, account, baseDn } = world.forest
  const startedMs = performance.now()
  const search = spawn(
    'ldapsearch',
    [
      '-LLL',
      '-x',
      '-o',
      'ldif-wrap=no',
      '-H',
      url,
      '-D',
      account.dn,
      '-w',
      account.password,
      '-b',
      baseDn,
      '-E',
      'pr=1000/noprompt',
      '(objectClass=*)',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let entries = 0
  search.stdout.setEncoding('latin1')
  search.stdout.on('data', (text: string) => {
    entries += text.split('\ndn:').length - 1
  })
  const [code] = (await once(search, 'close')) as [number]
  if (code !== 0) throw new Error(`ldapsearch ended with ${code}`)
  return { seconds: (performance.now() - startedMs) / 1000, entries }
}
