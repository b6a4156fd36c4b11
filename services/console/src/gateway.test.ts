import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Component,
  classify,
  defineService,
  postgresBus,
  postgresSql,
  type Running,
  type Sql,
  startServices,
} from '@canopy/chassis'
import { type TestSql, testSql } from '@canopy/chassis/testing'
import { result, topics } from '@canopy/proto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { StatusSnapshot } from './api/status.ts'
import { consoleService } from './service.ts'

const flags = ['--conditions=@canopy/source', '--disable-warning=ExperimentalWarning']
const token = 'a-token-for-this-test-alone'
let folder: string
let store: TestSql
let busSql: Awaited<ReturnType<typeof postgresSql>>
let bus: Awaited<ReturnType<typeof postgresBus>>
let running: Running
let auditProcess: ChildProcess | undefined
let auditSql: Sql
let url = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'canopy-console-'))
  await writeFile(join(folder, 'token'), `${token}\n`)
  store = await testSql('console')
  busSql = await postgresSql({ connection: store.connection, schema: 'bus' })
  bus = await postgresBus({ sql: busSql })
  const address = await startAudit()
  const gateway = consoleService({
    extraRoutes: [
      { method: 'GET', path: '/api/v1/lab/list', handler: async (query) => ({ lines: [`limit ${query.limit}`] }) },
      {
        method: 'POST',
        path: '/api/v1/lab/rename',
        handler: async (_, body) => ({ lines: [JSON.stringify(body)], n: 1n }),
      },
    ],
    onListening: (at) => {
      url = at
    },
  })
  running = await startServices([gateway], {
    adapters: { sql: async () => Promise.reject(new Error('no store')), bus: undefined },
    rpc: { listen: [`unix:${join(folder, 'console')}`], peers: { audit: address } },
    config: { console: { listen: '127.0.0.1:0', token_file: join(folder, 'token') } },
  })
  await vi.waitUntil(async () => (await auditState()) === 'up', { timeout: 30_000, interval: 100 })
  auditSql = await postgresSql({ connection: store.connection, schema: 'audit' })
  await writeFile(join(folder, 'console.json'), JSON.stringify({ url, token }))
})
afterAll(async () => {
  await running?.stop()
  auditProcess?.kill('SIGKILL')
  await auditSql?.close()
  await bus?.close()
  await busSql?.close()
  await store?.close()
  await rm(folder, { recursive: true, force: true })
})

/** Another service is another process here, as in a cluster. */
async function startAudit(): Promise<string> {
  const { host, database, user } = store.connection
  const address = `unix:${join(folder, 'audit')}`
  const config = {
    rpc: { listen: address },
    health: { listen: `unix:${join(folder, 'health')}` },
    sql: { url: `socket:${encodeURI(host)}?db=${database}&user=${user}` },
    log_level: 'error',
  }
  await writeFile(join(folder, 'audit.yaml'), JSON.stringify(config))
  const main = new URL('../../audit/src/main.ts', import.meta.url).pathname
  auditProcess = spawn(process.execPath, [...flags, main, '--config', join(folder, 'audit.yaml')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return address
}

const statusNow = async (): Promise<StatusSnapshot> => (await (await ask('status')).json()) as StatusSnapshot
const auditState = async (): Promise<string | undefined> =>
  (await statusNow()).services.find(({ service }) => service === 'audit')?.state

const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${url}/api/v1/${path}`, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } })
const post = (path: string, body: string, type = 'application/json'): Promise<Response> =>
  ask(path, { method: 'POST', body, headers: { 'content-type': type } })

let appended = 0
const record = (display: string, over: Partial<result.Result> = {}): Promise<void> => {
  const at = new Date()
  const message = result.Result.fromPartial({
    id: `r${++appended}`,
    anchor: `anchor-${display}`,
    kind: 'user',
    action: 'update',
    outcome: 'OUTCOME_DONE',
    display,
    at,
    observedAt: new Date(at.getTime() - 84),
    changes: [
      { attribute: 'displayName', oldValues: ['before'], newValues: [display], provenance: { forest: 'contoso' } },
    ],
    ...over,
  })
  const value = result.Result.encode(message).finish()
  const records = [{ key: message.anchor, value, headers: {}, timeMs: Date.now() }]
  return bus.append({ topic: topics.results, partition: 0, records, deadlineMs: performance.now() + 5_000 })
}

function cli(...args: string[]): ChildProcess {
  const main = new URL('cli/main.ts', import.meta.url).pathname
  const env = { PATH: process.env.PATH, TZ: 'UTC', CANOPY_DATA: folder }
  return spawn(process.execPath, [...flags, main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
}
async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = cli(...args)
  let [out, err] = ['', '']
  child.stdout?.on('data', (chunk) => {
    out += chunk
  })
  child.stderr?.on('data', (chunk) => {
    err += chunk
  })
  const [code] = await once(child, 'close')
  return { code, out, err }
}

describe('the gateway', () => {
  it('names the command line client at / and answers nothing else without the token', async () => {
    expect(await (await fetch(url)).text()).toContain('canopy status')
    for (const headers of [
      {},
      { authorization: 'Bearer another-token-of-length' },
      { authorization: `Basic ${token}` },
    ]) {
      const answer = await fetch(`${url}/api/v1/status`, { headers })
      expect(answer.status).toBe(401)
      expect(await answer.json()).toMatchObject({ code: 'CANOPY-CONSOLE-0003' })
    }
  })

  it('takes a new token from the file without a restart', async () => {
    await writeFile(join(folder, 'token'), 'the-next-token-of-this-test')
    expect((await ask('version')).status).toBe(401)
    await writeFile(join(folder, 'token'), token)
    expect((await ask('version')).status).toBe(200)
  })

  it('shows services that do not answer as down, not as an error', async () => {
    const answer = await ask('status')
    expect(answer.status).toBe(200)
    const status = (await answer.json()) as StatusSnapshot
    const states = Object.fromEntries(status.services.map((each) => [each.service, each.state]))
    expect(states).toEqual({
      capture: 'down',
      transform: 'down',
      resolve: 'down',
      write: 'down',
      audit: 'up',
      control: 'down',
    })
    expect(status).toMatchObject({ state: 'down', forests: [], targets: [] })
    const up = status.services.find((each) => each.service === 'audit')
    expect(up).toMatchObject({ lag: expect.stringMatching(/^\d+$/), startedAt: expect.stringMatching(/^\d{4}-.*Z$/) })
  })

  it('says what is wrong as {code, message, at, mend}', async () => {
    const wrong = await ask('statsu')
    expect(wrong.status).toBe(404)
    expect(await wrong.json()).toMatchObject({ mend: 'did you mean /api/v1/status?' })
    expect((await ask('held/decide')).status).toBe(404)
    const since = await ask('log?since=yesterday')
    expect([since.status, ((await since.json()) as { at: string }).at]).toEqual([400, '?since='])
    expect((await ask('log?limit=x')).status).toBe(400)
    expect((await ask('show')).status).toBe(400)
    expect((await post('held/decide', '{"id":')).status).toBe(400)
    expect((await post('held/decide', '{}', 'text/plain')).status).toBe(400)
    expect(await (await post('held/decide', '{"id":"x","why":"y"}')).json()).toMatchObject({ at: 'body.approve' })
    expect(await (await post('expression', '{"attempts":[{"expression":1}]}')).json()).toMatchObject({
      at: 'body.attempts[0]',
    })
    expect((await post('parked/release', JSON.stringify({ id: 'park_x', service: 'audit' }))).status).toBe(404)
    const conflicts = await ask('conflicts')
    expect(conflicts.status).toBe(400)
    expect(await conflicts.json()).toMatchObject({ code: 'CANOPY-RPC-0012', at: 'peers.resolve' })
  })

  it('refuses a body of more than 4 MB', async () => {
    const answer = await post('config/validate', JSON.stringify({ source: 'x'.repeat(4 * 1024 * 1024) }))
    expect([answer.status, ((await answer.json()) as { message: string }).message]).toEqual([
      400,
      'the body is longer than 4 MB',
    ])
  })

  it('serves the routes that were added, behind the same token', async () => {
    expect((await fetch(`${url}/api/v1/lab/list`)).status).toBe(401)
    expect(await (await ask('lab/list?limit=3')).json()).toEqual({ lines: ['limit 3'] })
    expect(await (await post('lab/rename', '{"who":"Ada"}')).json()).toEqual({ lines: ['{"who":"Ada"}'], n: '1' })
  })

  it('streams the log, and goes on behind the last event that was seen', async () => {
    const gone = new AbortController()
    const answer = await ask('log?follow=1&limit=0', { signal: gone.signal })
    expect(answer.headers.get('content-type')).toContain('text/event-stream')
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
    await record('Ada Park-Lindqvist')
    let text = ''
    while (!text.includes('\n\n')) text += (await reader.read()).value ?? ''
    gone.abort()
    await reader.cancel().catch(() => undefined)
    expect(text).toMatch(/^event: entry\nid: \d+\ndata: \{/)
    const id = /^id: (\d+)$/m.exec(text)?.[1] ?? ''
    await record('Björn Åberg')
    const again = await ask('log?follow=1', { headers: { 'last-event-id': id }, signal: AbortSignal.timeout(5_000) })
    const next = await again.body!.pipeThrough(new TextDecoderStream()).getReader().read()
    expect(next.value).toContain('Björn Åberg')
    expect(next.value).not.toContain('Lindqvist')
  })
})

describe('the command line client', () => {
  it('shows the state, and fails on what it is told to', async () => {
    const plain = await run('status')
    expect(plain.code).toBe(0)
    expect(plain.out).toContain('not every service answers')
    expect(plain.out).toContain('down   capture: CANOPY-RPC-0012')
    expect(Math.max(...plain.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
    expect((await run('status', '--fail-on', 'held,down')).code).toBe(3)
    expect((await run('status', '--fail-on', 'held')).code).toBe(0)
    expect(JSON.parse((await run('status', '--json')).out)).toMatchObject({ state: 'down' })
  })

  it('prints the log and follows it until it is interrupted', async () => {
    const first = await run('log', '--object', 'Lindqvist', '--verbose')
    expect(first.out).toMatch(
      /^\d\d:\d\d:\d\d {2}updated {10}user {5}Ada Park-Lindqvist {2}displayName {2}contoso {2}84 ms\n/,
    )
    expect(first.out).toContain('displayName: "before" → "Ada Park-Lindqvist"')
    const child = cli('log', '--follow', '--json')
    let out = ''
    child.stdout?.on('data', (chunk) => {
      out += chunk
    })
    // It is there once what it waits for arrives; the log may be asked before it listens.
    const waiting = setInterval(() => void record('Zoë Lindqvist'), 300)
    await expect.poll(() => out, { timeout: 10_000 }).toContain('Zoë')
    clearInterval(waiting)
    child.kill('SIGINT')
    const [code] = await once(child, 'close')
    expect(code).toBe(0)
    expect(JSON.parse(out.split('\n')[0] ?? '')).toMatchObject({ result: { display: 'Zoë Lindqvist' } })
  })

  it('verifies the log, and fails when it was changed', async () => {
    expect((await run('log', '--verify')).out).toMatch(/entries, every hash fits/)
    await auditSql.query(`update entry set display = 'Somebody' where sequence = 1`)
    const broken = await run('log', '--verify')
    expect(broken.code).toBe(1)
    expect(broken.err).toContain('CANOPY-AUDIT-0002')
    expect(broken.err).toContain('entry 1')
    expect((await run('log', '--verify', '--json')).code).toBe(1)
    await auditSql.query(`update entry set display = 'Ada Park-Lindqvist' where sequence = 1`)
  })

  it('changes the lab', async () => {
    expect((await run('lab', 'rename', 'Ada Park', 'Ada Park-Lindqvist')).out).toBe(
      '{"who":"Ada Park","name":"Ada Park-Lindqvist"}\n',
    )
    expect((await run('lab', 'list', '--limit', '2')).out).toBe('limit 2\n')
    const fault = await run('lab', 'fault', 'throttle')
    expect([fault.code, fault.err]).toEqual([1, expect.stringContaining('has no lab that can fault')])
  })

  it('says a wrong token, and a failure as JSON', async () => {
    await writeFile(join(folder, 'wrong'), 'quite-another-token')
    const refused = await run('status', '--url', url, '--token-file', join(folder, 'wrong'))
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('CANOPY-CONSOLE-0003')])
    const json = await run('conflicts', '--json')
    expect([json.code, json.out, JSON.parse(json.err).error.code]).toEqual([1, '', 'CANOPY-RPC-0012'])
    expect((await run('version')).out).toMatch(/^canopy \d+\.\d+\.\d+ · running \d/)
  })
})

describe('a console', () => {
  const start = (config: Readonly<Record<string, unknown>>) =>
    startServices([consoleService({ onListening: () => undefined }), quiet], {
      adapters: { sql: async () => Promise.reject(new Error('no store')), bus: undefined },
      rpc: { listen: [`unix:${join(folder, 'rpc')}`] },
      config: { console: config },
    })
  const quiet = defineService({
    name: 'quiet',
    config: z.strictObject({}),
    bus: false,
    compose: async (): Promise<Component[]> => [],
  })

  it.each(['127.0.0.1:0', '0.0.0.0:0', '[::]:0'])('refuses to listen on %s without a token', async (listen) => {
    await expect(start({ listen })).rejects.toMatchObject({ code: 'CANOPY-CONSOLE-0001', at: 'console.token_file' })
  })
  it('refuses a token that is too short, and a taken port', async () => {
    await writeFile(join(folder, 'short'), 'short')
    const short = start({ listen: '127.0.0.1:0', token_file: join(folder, 'short') })
    await expect(short).rejects.toMatchObject({ code: 'CANOPY-CONSOLE-0002' })
    const taken = start({ listen: url.slice('http://'.length), token_file: join(folder, 'token') })
    await expect(taken).rejects.toMatchObject({ code: 'CANOPY-CONSOLE-0005' })
  })
  it('listens on a socket of its owner alone, without a token', async () => {
    const path = join(folder, 's')
    const console = await start({ listen: `unix:${path}` })
    try {
      expect((await stat(path)).mode & 0o777).toBe(0o600)
      expect((await run('version', '--url', `unix:${path}`)).out).toContain('running')
    } finally {
      await console.stop()
    }
    await expect(stat(path).catch((error) => classify(error).code)).resolves.toContain('ENOENT')
  })
})

describe('a service that goes away', () => {
  it('is shown as down, with the rest as before', async () => {
    auditProcess?.kill('SIGKILL')
    await expect.poll(auditState, { timeout: 10_000 }).toBe('down')
    const log = await ask('log')
    expect([log.status, ((await log.json()) as { code: string }).code]).toEqual([503, 'CANOPY-RPC-0001'])
    expect((await run('log')).err).toContain('the service is not reachable')
  })
})
