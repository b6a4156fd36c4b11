import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts'
import { postgresSql } from './postgres.ts'

let dir: string
let running: EmbeddedPostgres[]
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'canopy-embedded-'))
  await chmod(dir, 0o755)
  running = []
})
afterEach(async () => {
  await Promise.all(running.map((server) => server.close()))
  await rm(dir, { recursive: true, force: true })
})

async function start(folder = dir): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dir: folder })
  running.push(server)
  return server
}

test('keeps what was committed over a stop and a start, and is ready soon', async () => {
  const first = await start()
  expect(first.takenOver).toBe(false)
  const sql = await postgresSql({ url: first.url, schema: 'public' })
  await sql.query('create table t (n int)')
  await sql.query('insert into t select generate_series(1, 1000)')
  await sql.close()
  await first.close()
  expect(existsSync(join(dir, 'pg/data/postmaster.pid'))).toBe(false)
  const startedMs = performance.now()
  const again = await start()
  expect(performance.now() - startedMs).toBeLessThan(3_000)
  const after = await postgresSql({ url: again.url, schema: 'public' })
  expect(await after.query('select count(*) as n from t')).toEqual([{ n: 1000n }])
  await after.close()
})

test('a second Canopy on the folder is refused, and the first is left alone', async () => {
  const first = await start()
  const sql = await postgresSql({ url: first.url, schema: 'public' })
  await expect(startEmbeddedPostgres({ dir })).rejects.toMatchObject({
    code: 'CANOPY-SQL-0004',
    kind: 'permanent',
    message: expect.stringContaining(`pid ${process.pid}`),
  })
  expect(await sql.query('select 1 as one')).toEqual([{ one: 1 }])
  await sql.close()
})

/** Starts a server in another process, which commits numbers one by one and tells each. */
async function killedOwner(): Promise<{ told: number; pid: number }> {
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(new URL('./embedded.ts', import.meta.url).href)}
    import { postgresSql } from ${JSON.stringify(new URL('./postgres.ts', import.meta.url).href)}
    const server = await startEmbeddedPostgres({ dir: ${JSON.stringify(dir)} })
    const sql = await postgresSql({ url: server.url, schema: 'public' })
    await sql.query('create table told (n int primary key)')
    process.stdout.write(server.pid + '\\n')
    for (let n = 1; ; n++) { await sql.query('insert into told values ($1)', [n]); process.stdout.write(n + '\\n') }`
  const child = spawn(
    process.execPath,
    ['--conditions=@canopy/source', '--input-type=module-typescript', '-e', script],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  while (text.split('\n').length < 300) await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'close')
  const lines = text.split('\n').slice(0, -1).map(Number)
  return { pid: lines[0]!, told: lines.at(-1)! }
}

test('the server of a Canopy that was killed is taken over with every commit it told', async () => {
  const { pid, told } = await killedOwner()
  const next = await start()
  expect(next).toMatchObject({ pid, takenOver: true })
  const sql = await postgresSql({ url: next.url, schema: 'public' })
  const [row] = await sql.query<{ n: number }>('select max(n) as n from told')
  expect(row!.n).toBeGreaterThanOrEqual(told)
  await sql.close()
})

test('PostgreSQL itself killed: it starts again with the history whole up to its last moment', async () => {
  const { pid, told } = await killedOwner()
  process.kill(pid, 'SIGKILL')
  const next = await start()
  expect(next.takenOver).toBe(false)
  const sql = await postgresSql({ url: next.url, schema: 'public' })
  const [row] = await sql.query<{ n: number; count: bigint }>(
    'select coalesce(max(n), 0) as n, count(*) as count from told',
  )
  expect(row!.n).toBeLessThanOrEqual(told + 1)
  expect(Number(row!.count)).toBe(row!.n)
  await sql.close()
})

test('a path too long for a socket, and a folder others may not enter, are no obstacle', async () => {
  const closed = join(dir, 'home')
  await mkdir(closed, { mode: 0o700 })
  const deep = join(closed, 'a'.repeat(100))
  const server = await start(deep)
  const sql = await postgresSql({ url: server.url, schema: 'public' })
  expect(await sql.query('select 1 as one')).toEqual([{ one: 1 }])
  await sql.close()
  const log = await readFile(join(deep, 'pg/postgres.log'), 'utf8')
  expect(log).toContain('ready')
  await server.close()
  // As root the server has a folder of its own elsewhere; the link to it goes with `dir`.
  await rm(await realpath(join(deep, 'pg')), { recursive: true, force: true })
})
