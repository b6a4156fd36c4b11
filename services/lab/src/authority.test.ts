import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAuthority } from './authority.ts'

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lab-authority-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function statusOver(o: { certPem: string; keyPem: string; caPem: string; servername?: string }): Promise<number> {
  const server = createServer({ cert: o.certPem, key: o.keyPem }, (_request, response) => response.end('ok'))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  try {
    return await new Promise<number>((done, failed) => {
      get({ host: '127.0.0.1', port, ca: o.caPem, servername: o.servername }, (response) => {
        response.resume()
        done(response.statusCode ?? 0)
      }).on('error', failed)
    })
  } finally {
    server.close()
  }
}

test('a client that trusts the root accepts the certificate for its address and its name, and no other', async () => {
  const authority = await createAuthority()
  const pair = await authority.issue(['localhost', '127.0.0.1', '::1', 'fd00::5:1', 'dc1.contoso.lab'])
  const { caPem } = authority
  const subjectAltName = new X509Certificate(pair.certPem).subjectAltName
  expect(subjectAltName).toContain('IP Address:0:0:0:0:0:0:0:1, IP Address:FD00:0:0:0:0:0:5:1')
  expect(await statusOver({ ...pair, caPem })).toBe(200)
  expect(await statusOver({ ...pair, caPem, servername: 'dc1.contoso.lab' })).toBe(200)
  await expect(statusOver({ ...pair, caPem, servername: 'dc2.contoso.lab' })).rejects.toThrow(/does not match/)
  const stranger = await createAuthority()
  await expect(statusOver({ ...pair, caPem: stranger.caPem })).rejects.toThrow(/certificate|signature/)
})

test('root and certificates are read again from the folder, keys are private, damage makes new ones', async () => {
  const first = await createAuthority(dir)
  const pair = await first.issue(['127.0.0.1'])
  const second = await createAuthority(dir)
  expect(second.caPem).toBe(first.caPem)
  expect(await second.issue(['127.0.0.1'])).toEqual(pair)
  expect((await second.issue(['127.0.0.1', 'localhost'])).certPem).not.toBe(pair.certPem)
  expect((await stat(join(dir, 'ca.key'))).mode & 0o777).toBe(0o600)
  await writeFile(join(dir, 'ca.crt'), 'torn')
  const third = await createAuthority(dir)
  expect(third.caPem).not.toBe(first.caPem)
  expect(await statusOver({ ...(await third.issue(['127.0.0.1'])), caPem: third.caPem })).toBe(200)
})

test('an empty list of names is refused', async () => {
  await expect((await createAuthority()).issue([])).rejects.toThrow(/at least one name/)
})
