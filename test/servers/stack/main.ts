/** `npm run stack`: brings the distributed Canopy up on this machine and down again. */
import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { kafkaServer } from '../kafka/kafka.ts'
import { postgresServer } from '../postgres/postgres.ts'
import { type StackFolder, stackFolder } from './layout.ts'
import { isRunning, readRunning, stopRunning } from './running.ts'
import { type Stack, startStack } from './stack.ts'

const usage = `The distributed Canopy on loopback: Kafka, PostgreSQL, one process per service.

  npm run stack -- up [--lab] [--detach]   until Ctrl-C, or in the background
  npm run stack -- down                    stops everything that "up" started
  npm run stack -- status

  --data DIR        data, logs and credentials (default ${join(tmpdir(), 'canopy-stack-…')}); parents open to other users
  --lab             two forests and a tenant on loopback, and their configuration
  --users N         people per lab forest when it is new (default 60)
  --config FILE     sync configuration to apply
  --log-level L     debug | info | warn | error
  --help

Exit codes: 0 done, 1 failed, 2 bad usage. \`npm run canopy -- --data DIR status\` asks the stack.`

const options = {
  data: { type: 'string', default: join(tmpdir(), `canopy-stack-${userInfo().username}`) },
  lab: { type: 'boolean', default: false },
  users: { type: 'string', default: '60' },
  config: { type: 'string' },
  detach: { type: 'boolean', default: false },
  'log-level': { type: 'string', default: 'info' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

type Flags = ReturnType<typeof parse>['values']

const { values, positionals } = parse()
const [command, ...rest] = positionals
if (values.help) console.log(usage)
else if (command === undefined || rest.length > 0 || !['up', 'down', 'status'].includes(command))
  badUsage('say up, down or status')
else {
  try {
    process.exitCode = await runCommand(command, stackFolder(resolve(values.data)), values)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}

function parse() {
  try {
    return parseArgs({ options, allowPositionals: true, strict: true })
  } catch (error) {
    return badUsage((error as Error).message)
  }
}

function badUsage(message: string): never {
  console.error(`${message}\n\n${usage}`)
  process.exit(2)
}

function runCommand(command: string, folder: StackFolder, flags: Flags): Promise<number> {
  if (command === 'down') return down(folder)
  if (command === 'status') return status(folder)
  return flags.detach ? detach(folder) : up(folder, flags)
}

async function up(folder: StackFolder, flags: Flags): Promise<number> {
  const there = readRunning(folder)
  if (there !== undefined && isRunning(there.supervisor)) {
    throw new Error(
      `a stack is up in ${folder.root} (pid ${there.supervisor.pid})\n  mend npm run stack -- down --data ${folder.root}`,
    )
  }
  for (const server of [kafkaServer, postgresServer]) {
    const reason = await server.available()
    if (reason !== undefined) throw new Error(`${server.name}: ${reason}`)
  }
  if (there !== undefined) await stopRunning(there, 0)
  const ended = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done())
  })
  const beganMs = performance.now()
  const stack = await startStack({
    data: folder.root,
    lab: flags.lab
      ? { population: { users: Number(flags.users), groups: Math.ceil(Number(flags.users) / 6), contacts: 5 } }
      : undefined,
    configuration: flags.config === undefined ? undefined : readFileSync(flags.config, 'utf8'),
    logLevel: logLevel(flags['log-level']),
    onProgress: (line) => console.log(line),
  })
  console.log(
    `${table(stack)}\n\nup after ${((performance.now() - beganMs) / 1_000).toFixed(1)} s; gateway ${stack.gatewayUrl}`,
  )
  console.log(`  npm run canopy -- --data ${folder.root} status`)
  await ended
  console.log('stopping')
  await stack.close()
  return 0
}

function logLevel(text: string): 'debug' | 'info' | 'warn' | 'error' {
  if (text === 'debug' || text === 'info' || text === 'warn' || text === 'error') return text
  return badUsage(`--log-level ${text}: debug, info, warn or error`)
}

/** The same in the background: this returns when it is up. */
async function detach(folder: StackFolder): Promise<number> {
  const log = openSync(join(folder.logs, 'stack.log'), 'w')
  const args = process.argv.slice(2).filter((arg) => arg !== '--detach')
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), ...args], {
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  let code: number | undefined
  child.once('exit', (exit) => {
    code = exit ?? 1
  })
  const upLine = / up after |^up after /m
  while (code === undefined && !upLine.test(readFileSync(join(folder.logs, 'stack.log'), 'utf8'))) await sleep(100)
  console.log(readFileSync(join(folder.logs, 'stack.log'), 'utf8').trimEnd())
  child.unref()
  return code ?? 0
}

async function down(folder: StackFolder): Promise<number> {
  const running = readRunning(folder)
  if (running === undefined) {
    console.log(`no stack is up in ${folder.root}`)
    return 0
  }
  await stopRunning(running, 60_000)
  console.log(`${running.processes.length} processes stopped`)
  return 0
}

async function status(folder: StackFolder): Promise<number> {
  const running = readRunning(folder)
  if (running === undefined || !existsSync(folder.gateway)) {
    console.log(`no stack is up in ${folder.root}`)
    return 1
  }
  for (const each of running.processes)
    console.log(`${each.name.padEnd(16)}${isRunning(each) ? `pid ${each.pid}` : 'gone'}`)
  const { url } = JSON.parse(readFileSync(folder.gateway, 'utf8')) as { readonly url: string }
  console.log(`gateway ${url}`)
  return running.processes.every(isRunning) ? 0 : 1
}

function table(stack: Stack): string {
  const rows = stack.services.map((each) => [
    each.name,
    `pid ${each.pid}`,
    each.rpcAddress,
    each.healthUrl,
    each.logFile,
  ])
  const lab = stack.lab === undefined ? [] : [...stack.lab.forests, stack.lab.cloud]
  for (const { process: child, name, ...each } of lab) {
    rows.push([name, `pid ${child.pid}`, 'ldapsUrl' in each ? each.ldapsUrl : each.graphUrl, '', child.logFile])
  }
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
