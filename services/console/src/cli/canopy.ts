/** Runs one command line and says what came of it. */

import type { Given } from './command.ts'
import { commands } from './commands.ts'
import { connectGateway, findGateway, type Gateway } from './gateway.ts'
import { helpLines } from './help.ts'
import { type Parsed, parseCommandLine } from './parse.ts'
import { Problem, problemJson, problemLines } from './problem.ts'
import { clean } from './table.ts'

export type Surroundings = Pick<Given, 'env' | 'cwd' | 'out' | 'err' | 'now' | 'signal'> & {
  readonly args: readonly string[]
}

/** The exit code: 0 done, 1 failed, 2 asked wrongly, 3 found by --fail-on, 130 interrupted. */
export async function canopy(around: Surroundings): Promise<number> {
  const json = around.args.includes('--json')
  try {
    const request = await parseCommandLine(around.args, commands)
    switch (request.kind) {
      case 'help':
        for (const line of helpLines(request.words, commands)) around.out.line(line)
        return 0
      case 'run':
        return await request.parsed.command.run(givenOf(request.parsed, around))
      default:
        return request satisfies never
    }
  } catch (error) {
    if (around.signal.aborted) return 130
    if (!(error instanceof Problem)) throw error
    tell(error, json, around)
    return error.exitCode
  }
}

function tell(problem: Problem, json: boolean, { err }: Surroundings): void {
  if (json) return err.line(problemJson(problem))
  const [first, ...others] = problemLines(problem).map(clean)
  err.line(err.paint('red', first ?? ''))
  for (const line of others) err.line(line)
}

function givenOf({ positionals, options }: Parsed, around: Surroundings): Given {
  const text = (name: string): string | undefined => {
    const value = options[name]
    return typeof value === 'string' ? value : undefined
  }
  let gateway: Promise<Gateway> | undefined
  const connect = async (): Promise<Gateway> => {
    const { env, cwd, signal } = around
    const place = await findGateway({ url: text('url'), tokenFile: text('token-file'), data: text('data'), env, cwd })
    return connectGateway(place, signal)
  }
  return {
    positionals,
    options,
    json: options.json === true,
    out: around.out,
    err: around.err,
    env: around.env,
    cwd: around.cwd,
    now: around.now,
    signal: around.signal,
    gateway: () => {
      gateway ??= connect()
      return gateway
    },
  }
}
