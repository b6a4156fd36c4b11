/** Credentials from files: the one in use and the one to come, read anew each time, known by fingerprints alone. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { credentialsFrom } from './credentials.ts'

let dir: string
const put = (file: string, text: string) => writeFile(join(dir, 'reader', file), text)
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'canopy-credentials-'))
  await mkdir(join(dir, 'reader'))
  await put('username', 'CN=r\n')
  await put('password', 'one\n')
})
afterAll(() => rm(dir, { recursive: true }))

test('the one to come stands behind the one in use, and both are read again without a restart', async () => {
  const credentials = credentialsFrom({ dir, env: {} })
  expect(await credentials.names()).toEqual(['reader'])
  expect((await credentials.resolve('reader')).map(({ password }) => password)).toEqual(['one'])
  await put('password.next', 'two')
  const both = await credentials.resolve('reader')
  expect(both.map(({ username, password }) => [username, password])).toEqual([
    ['CN=r', 'one'],
    ['CN=r', 'two'],
  ])
  expect(both[0]!.version).not.toBe(both[1]!.version)
  await put('username.next', 'CN=s')
  expect((await credentials.resolve('reader'))[1]!.username).toBe('CN=s')
  await rm(join(dir, 'reader', 'password.next'))
  expect(await credentials.resolve('reader')).toHaveLength(1)
})

test('from the environment', async () => {
  const env = {
    CANOPY_CREDENTIAL_AD_READER_USERNAME: 'u',
    CANOPY_CREDENTIAL_AD_READER_PASSWORD: 'p',
    CANOPY_CREDENTIAL_AD_READER_NEXT_PASSWORD: 'q',
  }
  const credentials = credentialsFrom({ dir: undefined, env })
  expect(await credentials.names()).toEqual(['ad-reader'])
  expect((await credentials.resolve('ad-reader')).map(({ password }) => password)).toEqual(['p', 'q'])
})

test('a fingerprint tells the same value, under one salt alone', async () => {
  const version = async (salt: string): Promise<string> => {
    const credentials = credentialsFrom({ dir, env: {}, salt: () => Buffer.from(salt) })
    return (await credentials.resolve('reader'))[0]!.version
  }
  expect(await version('a')).toBe(await version('a'))
  expect(await version('a')).not.toBe(await version('b'))
  const plain = (await credentialsFrom({ dir, env: {} }).resolve('reader'))[0]!.version
  expect(await version('a')).not.toContain(plain)
})

test('a name does not lead out of the folder, and an empty password is none', async () => {
  const credentials = credentialsFrom({ dir: join(dir, 'reader'), env: {} })
  expect(await credentials.resolve('../reader')).toEqual([])
  await mkdir(join(dir, 'empty'))
  await writeFile(join(dir, 'empty', 'username'), 'u')
  await writeFile(join(dir, 'empty', 'password'), '\n')
  expect(await credentialsFrom({ dir, env: {} }).resolve('empty')).toEqual([])
})
