import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'

const main = new URL('main.ts', import.meta.url).pathname

/** In a folder where no Canopy runs. */
function canopy(args: readonly string[], input = '') {
  const flags = ['--conditions=@canopy/source', '--disable-warning=ExperimentalWarning']
  const done = spawnSync(process.execPath, [...flags, main, 'expression', ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH },
    input,
    encoding: 'utf8',
    timeout: 20_000,
    maxBuffer: 64 * 1024 * 1024,
  })
  return { code: done.status, out: done.stdout, err: done.stderr }
}
const answers = (out: string): unknown[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)

describe('canopy expression', () => {
  it.each([
    [['Trim([displayName])', '--attributes', '{"displayName":" Ada "}'], 'Ada\n'],
    [['[proxyAddresses]', '--attributes', '{"PROXYADDRESSES":["SMTP:a@b","smtp:c@d"]}'], 'SMTP:a@b\nsmtp:c@d\n'],
    [['Trim([a])'], '(no value)\n'],
    [['IgnoreFlowIfNullOrEmpty([a])'], '(leaves the flow: the target keeps what it has)\n'],
    [['Now()', '--now', '2026-11-23T15:00:00Z'], '11/23/2026 3:00:00 PM\n'],
    [['Join([a], ";")', '--dialect', 'connect', '--attributes', '{"a":["1","2"]}'], '1;2\n'],
    [['BitAnd(&HF, 9)', '--json'], '{"value":9}\n'],
    [['NULL', '--json'], '{"value":null}\n'],
    [['IgnoreThisFlow', '--json'], '{"value":null,"flow":"ignored"}\n'],
  ])('%j', (args, out) => {
    expect(canopy(args)).toEqual({ code: 0, out, err: '' })
  })
  it('says what is wrong, where, and what was meant', () => {
    const { code, out, err } = canopy(['Append([mail], Trm([x]))'])
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain('CANOPY-CLI-0009  there is no function Trm: was Trim meant?')
    expect(err).toContain('at   character 16: Append([mail], »Trm([x]))')
    const json = canopy(['Item([x], 2)', '--attributes', '{"x":"a"}', '--json'])
    expect([json.code, JSON.parse(json.out)]).toEqual([
      1,
      { error: { message: 'the index of Item is out of range', position: 0 } },
    ])
  })
  it('warns of an attribute that is hardly meant', () => {
    expect(canopy(['[dispayName]']).err).toContain('was [displayName] meant?')
  })
  it.each([
    [[], 'wants an EXPRESSION, or --batch'],
    [['[a]', '--batch'], 'wants an EXPRESSION, or --batch'],
    [['[a]', '--attributes', '[1]'], 'no JSON object'],
    [['[a]', '--dialect', 'vb'], '--dialect does not know vb'],
    [['[a]', '--now', 'soon'], '--now does not know soon'],
  ])('%j is asked wrongly', (args, message) => {
    const { code, err } = canopy(args)
    expect(code).toBe(2)
    expect(err).toContain(message)
  })
  it('answers a batch line by line, in order, whatever the lines are', () => {
    const lines = [
      '{"expression":"Trim([a])","attributes":{"a":" x "}}',
      '{"expression":"Trim([a","attributes":{}}',
      'junk',
      '',
      '{"attributes":{}}',
      '{"expression":"[a]","attributes":{"a":{"b":1}}}',
      '{"expression":"Error(\\"no\\")"}',
      '{"expression":"SelectUniqueValue([a], [b])","attributes":{"a":"1","b":"2"},"taken":["1"]}',
      '{"expression":"Switch([a] = 1, \\"one\\")","attributes":{"a":1},"dialect":"connect"}',
    ]
    const { code, out } = canopy(['--batch'], lines.join('\n'))
    expect(code).toBe(0)
    expect(answers(out)).toEqual([
      { value: 'x' },
      { error: { message: 'an attribute is not closed by ]', position: 5 } },
      { error: { message: 'the line is no JSON', position: 0 } },
      { error: { message: 'the line has no "expression"', position: 0 } },
      { error: expect.objectContaining({ message: expect.stringContaining('the attribute a is a text') }) },
      { error: { message: 'no', position: 0 } },
      { value: '2' },
      { value: 'one' },
    ])
  })
})

const file = `${process.env.TEST_SHARED_DATA}/expression-examples.json`
const isThere = process.env.TEST_SHARED_DATA !== undefined && existsSync(file)
if (!isThere) console.log('Skipped: TEST_SHARED_DATA does not name a folder with expression-examples.json')

interface Example {
  readonly id: string
  readonly dialect: string
  readonly expression: string
  readonly inputs: unknown
  readonly expected: unknown
  readonly status: string
  readonly context?: { readonly existingTargetValues?: readonly string[] }
}

describe.skipIf(!isThere)('the documented examples', () => {
  it('in one batch', () => {
    const examples = (isThere ? (JSON.parse(readFileSync(file, 'utf8')) as Example[]) : []).filter(
      ({ status, dialect }) => status === 'ok' && dialect !== 'connect',
    )
    const lines = examples.map(({ expression, inputs, context }) =>
      JSON.stringify({ expression, attributes: inputs, taken: context?.existingTargetValues ?? [] }),
    )
    const got = answers(canopy(['--batch'], lines.join('\n')).out)
    expect(got.length).toBe(examples.length)
    for (const [index, { id, expected }] of examples.entries()) {
      expect({ id, answer: got[index] }).toEqual({ id, answer: answerOf(expected) })
    }
  })
})

function answerOf(expected: unknown): unknown {
  if (typeof expected !== 'object' || expected === null || Array.isArray(expected)) return { value: expected }
  if ('$flow' in expected) return { value: null, flow: expected.$flow }
  if ('$error' in expected) return { error: expect.objectContaining({ message: expected.$error }) }
  return { value: expected }
}
