/** Gives each server a folder of its own that is removed with it. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Workdir {
  readonly path: string
  /** Removes the folder if it was made here; a folder the caller named stays. */
  release(): Promise<void>
  /** What `start` resolves with; releases the folder when it fails. */
  guard<T>(start: () => Promise<T>): Promise<T>
}

/** `dir` itself (made when missing) or a new temporary folder that other system users can enter. */
export async function workdir(prefix: string, dir?: string): Promise<Workdir> {
  if (dir !== undefined) {
    await mkdir(dir, { recursive: true })
    return guarded(dir, async () => {})
  }
  const path = await mkdtemp(join(tmpdir(), `${prefix}-`))
  await chmod(path, 0o755)
  return guarded(path, () => rm(path, { recursive: true, force: true, maxRetries: 3 }))
}

function guarded(path: string, release: () => Promise<void>): Workdir {
  const guard: Workdir['guard'] = async (start) => {
    try {
      return await start()
    } catch (error) {
      await release()
      throw error
    }
  }
  return { path, release, guard }
}
