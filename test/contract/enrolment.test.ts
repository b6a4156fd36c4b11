/** An agent enrols with a token, once; is known by its certificate from then on; renews it; and is cut off when revoked. */
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agent } from '@canopy/agent'
import { capture } from '@canopy/capture'
import {
  call,
  createChannels,
  postgresBus,
  postgresSql,
  type Running,
  requestCertificate,
  startServices,
} from '@canopy/chassis'
import { testServer } from '@canopy/chassis/testing'
import { control } from '@canopy/control'
import { agents, capture as captureRpc, enrolment, agent as proto, topics } from '@canopy/proto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { until } from './agents.world.ts'

let dir: string
let hub: Running
let port: string
const running: Running[] = []

/** A certificate lives this long here; it is renewed when a third is left. */
const lifeMs = 15_000

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'canopy-enrol-'))
  port = `127.0.0.1:${await freePort()}`
  const connection = await testServer()
  const sql = (schema: string) => postgresSql({ connection, schema })
  const bus = await postgresBus({ sql: await sql('bus') })
  await bus.ensureTopics(Object.values(topics))
  hub = await startServices([control, capture], {
    adapters: { sql, bus },
    config: {
      control: { agents: { authority_dir: join(dir, 'authority'), hub: port, certificate_hours: lifeMs / 3_600_000 } },
      capture: { agents: { listen: port, names: ['127.0.0.1'] } },
    },
    rpc: { listen: [`unix:${join(dir, 'rpc.sock')}`] },
  })
  await until('the port', async () => (await createToken('probe')) !== '' && (await answers()))
}, 60_000)
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop()
})
afterAll(async () => {
  await hub?.stop()
  await rm(dir, { recursive: true, force: true })
})

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
const client = () => hub.channels.client('control', agents.AgentsClient)
const attached = async () =>
  (await call(hub.channels.client('capture', captureRpc.CaptureClient), 'listAgents', {})).agents
const authority = async () => (await call(client(), 'getAuthority', {})).authority
const answers = async (): Promise<boolean> =>
  enrol('0.0').then(
    () => true,
    (error: { code: string }) => error.code.startsWith('CANOPY-ENROL'),
  )

async function createToken(name: string, more: Partial<agents.CreateTokenRequest> = {}): Promise<string> {
  const request = { agent: name, validMinutes: 0, who: 'test', forests: [], ...more }
  return (await call(client(), 'createToken', request)).token
}

const secretOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { token: string }).token

/** As an agent does, with the secret of a token. */
async function enrol(token: string): Promise<enrolment.EnrolResponse> {
  const channels = createChannels({ peers: { hub: port }, authority: await authority() })
  try {
    const { csr } = await requestCertificate('agent')
    const request = { token, csr: Buffer.from(csr) }
    return await call(channels.client('hub', enrolment.EnrolmentClient), 'enrol', request, { deadlineMs: 3_000 })
  } finally {
    channels.close()
  }
}

async function startAgent(name: string, token: string | undefined): Promise<{ folder: string; running: Running }> {
  const folder = join(dir, name)
  const tokenFile = join(dir, `${name}.token`)
  if (token !== undefined) await writeFile(tokenFile, `${token}\n`)
  const started = await startServices([agent], {
    adapters: { sql: () => Promise.reject(new Error('an agent keeps no store')), bus: undefined },
    config: { agent: { name: 'says-anything', enrolment: { dir: folder, token_file: tokenFile } } },
    rpc: { listen: [`unix:${join(dir, `${name}.sock`)}`] },
  })
  running.push(started)
  return { folder, running: started }
}

test('with a token an agent is in, under the name of the token, and its key stays with it', async () => {
  const { folder } = await startAgent('bridge-1', await createToken('bridge-1', { forests: ['contoso'] }))
  await until('bridge-1', async () => (await attached()).some(({ name }) => name === 'bridge-1'))
  expect((await attached()).find(({ name }) => name === 'bridge-1')).toMatchObject({
    enrolled: true,
    forests: ['contoso'],
  })
  expect((await readdir(folder)).sort()).toEqual(['agent.crt', 'agent.key', 'ca.crt', 'hub', 'used'])
  expect((await stat(join(folder, 'agent.key'))).mode & 0o777).toBe(0o600)
  const { agents: known } = await call(client(), 'listEnrolled', {})
  expect(known.find(({ name }) => name === 'bridge-1')).toMatchObject({ revokedAt: undefined, forests: ['contoso'] })
})

test('the certificate is renewed in time, and the agent attaches with the new one', { timeout: 60_000 }, async () => {
  const { folder } = await startAgent('bridge-2', await createToken('bridge-2'))
  await until('bridge-2', async () => (await attached()).some(({ name }) => name === 'bridge-2'))
  const serial = async () => new X509Certificate(await readFile(join(folder, 'agent.crt'))).serialNumber
  const key = await readFile(join(folder, 'agent.key'), 'utf8')
  const first = await serial()
  await until('another certificate', async () => (await serial()) !== first, lifeMs * 2)
  // Longer than the first one lived: it is the new one that holds the door open.
  await new Promise((resolve) => setTimeout(resolve, lifeMs))
  expect((await attached()).map(({ name }) => name)).toContain('bridge-2')
  expect(await readFile(join(folder, 'agent.key'), 'utf8')).toBe(key)
})

test('a token works once, for two at a time too, not after its time, and not altered', async () => {
  const secret = secretOf(await createToken('twice'))
  const both = await Promise.allSettled([enrol(secret), enrol(secret)])
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  await expect(enrol(secret)).rejects.toMatchObject({ code: 'CANOPY-ENROL-0003' })
  await expect(enrol(`${secretOf(await createToken('altered'))}x`)).rejects.toMatchObject({ code: 'CANOPY-ENROL-0003' })
  const withdrawn = secretOf(await createToken('withdrawn'))
  await call(client(), 'revoke', { agent: 'withdrawn', who: 'test', why: 'test' })
  await expect(enrol(withdrawn)).rejects.toMatchObject({ code: 'CANOPY-ENROL-0003' })
})

test('without a certificate of the hub, or with one of another, nobody attaches', async () => {
  const channels = createChannels({ peers: { hub: port }, authority: await authority() })
  const stream = channels.client('hub', proto.HubClient).attach()
  const refused = new Promise<{ code: number; details: string }>((resolve) => stream.on('error', resolve as never))
  stream.write({ body: { $case: 'hello', value: proto.Hello.fromPartial({ agent: 'x', protocol: 2 }) } })
  expect((await refused).details).toBe('the hub takes agents with a certificate it issued')
  channels.close()
})

test('a revoked agent is cut off, cannot come back or renew, and a new token lets it in again', {
  timeout: 60_000,
}, async () => {
  const { folder } = await startAgent('bridge-3', await createToken('bridge-3'))
  const isIn = async () => (await attached()).some(({ name }) => name === 'bridge-3')
  await until('bridge-3', isIn)
  const revokedMs = performance.now()
  await call(client(), 'revoke', { agent: 'bridge-3', who: 'test', why: 'lost host' })
  await until('the cut', async () => !(await isIn()))
  expect(performance.now() - revokedMs).toBeLessThan(8_000)
  const before = new X509Certificate(await readFile(join(folder, 'agent.crt'))).serialNumber
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  expect(await isIn()).toBe(false)
  expect(new X509Certificate(await readFile(join(folder, 'agent.crt'))).serialNumber).toBe(before)
  await writeFile(join(dir, 'bridge-3.token'), await createToken('bridge-3'))
  await until('bridge-3 again', isIn, 20_000)
})

test('a token of another hub sends nothing to this one', async () => {
  const parts = JSON.parse(Buffer.from((await createToken('pinned')).split('.')[1]!, 'base64url').toString()) as object
  const other = { ...parts, pin: '0'.repeat(64) }
  const { folder } = await startAgent('pinned', `canopy1.${Buffer.from(JSON.stringify(other)).toString('base64url')}`)
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  expect(await readdir(folder).catch(() => [])).toEqual([])
  const { agents: known } = await call(client(), 'listEnrolled', {})
  expect(known.find(({ name }) => name === 'pinned')?.tokenExpiresAt).toBeDefined()
})
