/** canopy version */
import { readFile } from 'node:fs/promises'
import { type Command, printJson } from '../command.ts'
import { Problem } from '../problem.ts'

export const version: Command = {
  words: 'version',
  summary: 'The version of this client, and of the Canopy it asks when one is running',
  run: async (given) => {
    const client = await ownVersion()
    const server = await runningVersion(given)
    if (given.json) printJson(given, { client, server })
    else given.out.line(server === undefined ? `canopy ${client}` : `canopy ${client} · running ${server}`)
    return 0
  },
}

/** Beside the sources, or one folder further up from what was built of them. */
async function ownVersion(): Promise<string> {
  for (const path of ['../../../package.json', '../../../../package.json']) {
    const text = await readFile(new URL(path, import.meta.url), 'utf8').catch(() => undefined)
    const parsed = text === undefined ? undefined : (JSON.parse(text) as { name?: string; version?: string })
    if (parsed?.name === '@canopy/console' && parsed.version) return parsed.version
  }
  return 'unknown'
}

async function runningVersion(given: Parameters<Command['run']>[0]): Promise<string | undefined> {
  try {
    const gateway = await given.gateway()
    return (await gateway.get<{ version: string }>('version')).version
  } catch (error) {
    if (error instanceof Problem && error.code === 'CANOPY-CLI-0001') return undefined
    throw error
  }
}
