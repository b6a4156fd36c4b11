/** Mutual TLS between services: both sides must be signed by the same authority, and certificates are renewed in place. */
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call, createChannels, defineService, type Running, startServices, type TlsFiles } from '@canopy/chassis'
import { type Authority, createAuthority } from '@canopy/lab'
import { introspection } from '@canopy/proto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'

let folder: string
let running: Running

/** Files of one service: its certificate by `signer`, the authority it believes. */
async function files(name: string, signer: Authority, believed = signer): Promise<TlsFiles> {
  const { certPem, keyPem } = await signer.issue(['127.0.0.1', `${name}.lab`])
  const path = (part: string): string => join(folder, `${name}.${part}`)
  await writeFile(path('crt'), certPem)
  await writeFile(path('key'), keyPem)
  await writeFile(path('ca'), believed.caPem)
  return { certFile: path('crt'), keyFile: path('key'), caFile: path('ca'), refreshMs: 50 }
}

const service = defineService({ name: 'one', config: z.strictObject({}), bus: false, compose: async () => [] })
let ours: Authority
let theirs: Authority

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'canopy-mtls-'))
  ours = await createAuthority()
  theirs = await createAuthority()
  running = await startServices([service], {
    adapters: { sql: async () => Promise.reject(new Error('no store')), bus: undefined },
    rpc: { listen: ['127.0.0.1:0'], tls: await files('server', ours) },
  })
})
afterAll(async () => {
  await running.stop()
  await rm(folder, { recursive: true })
})

async function ask(tls: TlsFiles | undefined): Promise<string> {
  const channels = createChannels({ peers: { one: running.rpcAddresses[0]! }, tls })
  try {
    const client = channels.client('one', introspection.IntrospectionClient)
    return (await call(client, 'getServiceStatus', { service: 'one' }, { deadlineMs: 3_000 })).service
  } finally {
    channels.close()
  }
}

test('both sides are known', async () => {
  expect(await ask(await files('known', ours))).toBe('one')
})

test('a stranger, somebody without a certificate, and a server the caller does not know are refused', async () => {
  await expect(ask(await files('stranger', theirs, ours))).rejects.toMatchObject({ kind: 'transient' })
  await expect(ask(undefined)).rejects.toMatchObject({ kind: 'transient' })
  await expect(ask(await files('doubtful', ours, theirs))).rejects.toMatchObject({ kind: 'transient' })
})

test('a renewed certificate is used by the next connection', async () => {
  const before = new X509Certificate(await readFile(join(folder, 'server.crt'))).serialNumber
  await files('server', theirs, theirs)
  const after = new X509Certificate(await readFile(join(folder, 'server.crt'))).serialNumber
  expect(after).not.toBe(before)
  const known = await files('next', theirs)
  await expect.poll(() => ask(known).catch(() => 'refused'), { timeout: 5_000, interval: 100 }).toBe('one')
})

test('a file that is not there is named', async () => {
  const missing = { certFile: '/nowhere/tls.crt', keyFile: '/nowhere/tls.key', caFile: '/nowhere/ca.crt' }
  await expect(ask(missing)).rejects.toMatchObject({ code: 'CANOPY-RPC-0011', at: '/nowhere/tls.crt' })
})
