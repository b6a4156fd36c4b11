/** Keeps what test servers download or prepare once under `.cache`, built by one process at a time and published whole. */
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const cacheDir = join(import.meta.dirname, '.cache')
const pollMs = 200
const lockPatienceMs = 300_000

/**
 * The directory `.cache/<name>`, made by `build` when it is not there yet.
 * `build` fills a staging directory that is renamed when it resolves, so a crash never leaves half an entry behind.
 */
export async function cached(name: string, build: (dir: string) => Promise<void>): Promise<string> {
  const target = join(cacheDir, name)
  if (existsSync(target)) return target
  await mkdir(cacheDir, { recursive: true })
  const unlock = await lock(`${target}.lock`)
  try {
    if (existsSync(target)) return target
    const staging = `${target}.${process.pid}`
    await rm(staging, { recursive: true, force: true })
    await mkdir(staging, { recursive: true })
    try {
      await build(staging)
      await rename(staging, target)
    } finally {
      await rm(staging, { recursive: true, force: true })
    }
    return target
  } finally {
    await unlock()
  }
}

async function lock(path: string): Promise<() => Promise<void>> {
  const deadline = Date.now() + lockPatienceMs
  for (;;) {
    try {
      const file = await open(path, 'wx')
      await file.writeFile(String(process.pid))
      await file.close()
      return () => rm(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (Date.now() > deadline) throw new Error(`Waited ${lockPatienceMs} ms for ${path}; remove it if nobody builds it`)
    if (await holderIsGone(path)) await rm(path, { force: true })
    else await sleep(pollMs)
  }
}

async function holderIsGone(path: string): Promise<boolean> {
  const pid = Number(await readFile(path, 'utf8').catch(() => ''))
  if (!Number.isInteger(pid) || pid === 0) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
