/** Configuration errors name the place and the word that was meant. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Failure } from '../failure.ts'
import { loadConfig } from './load.ts'
import { nearest } from './nearest.ts'

const sample = {
  name: 'sample',
  config: z.strictObject({ poll_interval_secs: z.number().int().default(5), names: z.array(z.string()).default([]) }),
}
const demanding = { name: 'demanding', config: z.strictObject({ hub: z.string() }) }

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'canopy-config-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function load(text: string, environment: Record<string, string> = {}, services = [sample]) {
  const file = join(folder, 'canopy.yaml')
  await writeFile(file, text)
  return loadConfig({ services, file, environment })
}

const failure = async (promise: Promise<unknown>): Promise<Failure> =>
  promise.then(
    () => {
      throw new Error('was accepted')
    },
    (error: Failure) => error,
  )

describe('a process configuration', () => {
  it('has defaults for everything', async () => {
    const loaded = await loadConfig({ services: [sample], file: undefined, environment: {} })
    expect(loaded.process.bus).toEqual({ kind: 'postgres' })
    expect(loaded.process.rpc.listen).toBe('127.0.0.1:7443')
    expect(loaded.services.sample).toEqual({ poll_interval_secs: 5, names: [] })
  })

  it('refuses an unknown key with the nearest known one, line and column', async () => {
    const refused = await failure(load('log_level: info\nsample:\n  poll_intervall_secs: 3\n'))
    expect(refused.code).toBe('CANOPY-CONFIG-0002')
    expect(refused.message).toContain('"poll_intervall_secs"')
    expect(refused.mend).toBe('did you mean poll_interval_secs?')
    expect(refused.at).toMatch(/canopy\.yaml:3:3 {2}sample\.poll_intervall_secs$/)
  })

  it('names the place of a wrong value and of a wrong choice', async () => {
    const wrong = await failure(load('sample:\n  poll_interval_secs: soon\n'))
    expect(wrong.at).toMatch(/:2:23 {2}sample\.poll_interval_secs$/)
    const choice = await failure(load('bus:\n  kind: rabbit\n'))
    expect(choice.message).toContain('kafka, postgres')
    expect(choice.at).toMatch(/:2:9 {2}bus\.kind$/)
    const inside = await failure(load('bus:\n  kind: kafka\n  broker: [a]\n'))
    expect(inside.mend).toBe('did you mean brokers?')
  })

  it('counts the other problems, and reports broken YAML with its place', async () => {
    const two = await failure(load('log_level: loud\nsampel: {}\n'))
    expect(two.message).toContain('(and 1 more)')
    const broken = await failure(load('a: [1,\nb: }'))
    expect(broken.code).toBe('CANOPY-CONFIG-0001')
    const twice = await failure(load('log_level: info\nlog_level: warn\n'))
    expect(twice.at).toContain(':2:')
  })

  it('says what a missing section lacks', async () => {
    const refused = await failure(loadConfig({ services: [demanding], file: undefined, environment: {} }))
    expect(refused.message).toContain('demanding.hub is missing')
  })

  it('takes the environment, typed by the schema, and warns about names it does not know', async () => {
    const loaded = await load('sample:\n  poll_interval_secs: 7\n', {
      CANOPY_SQL_URL_FILE: '/run/url',
      CANOPY_SAMPLE_POLL_INTERVAL_SECS: '9',
      CANOPY_SAMPLE_NAMES: 'a, b',
      CANOPY_BUS_KIND: 'kafka',
      CANOPY_BUS_BROKERS: 'k1:9092,k2:9092',
      CANOPY_SAMPEL: 'x',
      CANOPY_CREDENTIAL_READER_PASSWORD: 'not looked at',
    })
    expect(loaded.process.sql.url_file).toBe('/run/url')
    expect(loaded.services.sample).toEqual({ poll_interval_secs: 9, names: ['a', 'b'] })
    expect(loaded.process.bus).toMatchObject({ kind: 'kafka', brokers: ['k1:9092', 'k2:9092'] })
    expect(loaded.warnings).toHaveLength(1)
    expect(loaded.warnings[0]).toContain('CANOPY_SAMPEL')
  })

  it('a value of the environment that does not fit is refused', async () => {
    expect((await failure(load('', { CANOPY_SAMPLE_POLL_INTERVAL_SECS: 'x' }))).code).toBe('CANOPY-CONFIG-0003')
  })
})

describe('nearest', () => {
  it.each([
    ['forest', ['forests', 'scope'], 'forests'],
    ['pollInterval', ['poll_interval', 'name'], 'poll_interval'],
    ['nmae', ['name', 'state'], 'name'],
    ['qwertz', ['name', 'state'], undefined],
  ])('%s → %s', (word, known, expected) => expect(nearest(word, known)).toBe(expected))
})
