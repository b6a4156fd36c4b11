/** How the bootstrap tells a person what went wrong and what to do, and how it names its slow steps. */
import { spawnSync } from 'node:child_process'

/** An error whose three parts are for a person: what failed, where, and how to mend it. */
export class BootstrapError extends Error {
  constructor({ what, where, mend }) {
    super(`${what}\n  where: ${where}\n  mend:  ${mend}`)
    this.name = 'BootstrapError'
  }
}

/** Runs one slow command under a line that says what it is for and how long it took. */
export function step({ says, command, args, cwd, env, mend }) {
  process.stderr.write(`${says} ... `)
  const started = performance.now()
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8', maxBuffer: 2 ** 26 })
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(1)} s\n`)
  if (status === 0) return
  const reason = error?.message ?? `${stderr}${stdout}`.trim()
  throw new BootstrapError({
    what: `${says} failed: ${reason}`,
    where: `"${command} ${args.join(' ')}" in ${cwd}`,
    mend,
  })
}
