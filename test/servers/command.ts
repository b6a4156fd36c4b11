/** Runs one short command to its end and gives back what it printed. */
import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pipeline, Readable } from 'node:stream'

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly stdin?: string | Iterable<string>
  readonly timeoutMs?: number
}

/** Resolves with stdout; rejects with both streams when the exit code is not 0. */
export function runCommand(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      { cwd: options.cwd, env: options.env, maxBuffer: 256 * 1024 * 1024, timeout: options.timeoutMs ?? 120_000 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else
          reject(new Error(`${command} ${args[0] ?? ''} failed (${error.code ?? error.signal}):\n${stderr}${stdout}`))
      },
    )
    // The process may end without reading all of it; its exit code tells the story then.
    if (child.stdin !== null) pipeline(Readable.from(options.stdin ?? []), child.stdin, () => {})
  })
}

/** Where the program is: on PATH or in the administrator's folders that PATH often lacks. */
export function findProgram(name: string): string | undefined {
  if (name.startsWith('/')) return isExecutable(name) ? name : undefined
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

/** The sentence for `available()` when one of the programs is missing, else `undefined`. */
export function missingPrograms(names: readonly string[]): string | undefined {
  const missing = names.filter((name) => findProgram(name) === undefined)
  if (missing.length === 0) return undefined
  return `${missing.join(', ')} not found: run "node test/servers/install.mjs" as root on Debian`
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
