/** Runs the examples that a configuration carries against its own mapping. */
import { attributeSyntax, guidToBytes, sidToBytes } from '@canopy/domain'
import { change, type contribution, type control, type transform } from '@canopy/proto'
import type { Configured } from './configured.ts'
import { contribute } from './contribute.ts'

type Result = transform.MappingTestResult
type Mismatch = transform.MappingTestMismatch

/** Every object of an example has it. */
const guid = '00000000-0000-4000-8000-000000000001'

/** Always the same draw, so that an example can expect it. */
const chance = () => () => 0.5

/** Scope is not looked at: an example says what becomes of an object that is in it. */
export function runMappingTests(
  tests: readonly control.MappingTest[],
  config: Configured,
  now: Date,
): readonly Result[] {
  const mapping = { ...config, scopes: new Map() }
  return tests.map((test, index) => {
    const made = contribute({ object: objectOf(test), config: mapping, bound: () => undefined, now, chance })
    const mismatches = made ? compare(test, made.contribution) : [unknownForest(test)]
    return { index, name: test.name, passed: mismatches.length === 0, mismatches }
  })
}

const unknownForest = (test: control.MappingTest): Mismatch => ({
  target: 'forest',
  expected: [test.forest],
  actual: [],
  rule: '',
  note: 'the configuration has no such forest',
})

function objectOf(test: control.MappingTest): change.DirectoryObject {
  const given = (wanted: string): string | undefined =>
    Object.entries(test.given).find(([name]) => name.toLowerCase() === wanted)?.[1].values[0]
  const name = given('cn') ?? given('displayname') ?? 'Example'
  const kind = test.objectClass === 'inetOrgPerson' ? 'user' : test.objectClass
  return change.DirectoryObject.fromPartial({
    forest: test.forest,
    guid,
    version: 1n,
    kind,
    objectClasses: ['top', ...(test.objectClass === 'inetOrgPerson' ? ['user'] : []), test.objectClass],
    name,
    dn: given('distinguishedname') ?? given('dn') ?? `CN=${name},DC=${test.forest.replaceAll('.', ',DC=')}`,
    sid: given('objectsid') ?? '',
    attributes: Object.fromEntries(
      Object.entries(test.given).map(([attribute, { values }]) => [
        attribute,
        { values: values.map((value) => bytesOf(attribute.toLowerCase(), value)) },
      ]),
    ),
    references: Object.fromEntries(
      Object.entries(test.given).map(([attribute, { values }]) => [attribute, values[0] ?? '']),
    ),
  })
}

/** Written as people write them: a GUID and a SID in their text form, octets as base64. */
function bytesOf(lowerName: string, value: string): Buffer {
  switch (attributeSyntax(lowerName)) {
    case 'guid':
      return Buffer.from(guidToBytes(value) ?? Buffer.from(value))
    case 'sid':
      return Buffer.from(sidToBytes(value) ?? Buffer.from(value))
    case 'octets':
      return Buffer.from(value, 'base64')
    default:
      return Buffer.from(value)
  }
}

function compare(test: control.MappingTest, made: contribution.Contribution): Mismatch[] {
  const notes = (made.steps.at(-1)?.note ?? '').split('; ')
  const found = Object.entries(test.expect).flatMap(([target, { values: expected }]): Mismatch[] => {
    const value = made.attributes[target]
    const reference = made.references[target]
    const actual = value?.values ?? (reference === undefined ? [] : [reference])
    if (isEqual(expected, actual)) return []
    const rule = value?.rule ?? `${made.kind}.${target}`
    const note = notes.find((one) => one.startsWith(`${rule}: `))?.slice(rule.length + 2)
    return [{ target, expected, actual: [...actual], rule, note: note ?? made.scopeReason }]
  })
  return [...found, ...compareHold(test, made)]
}

function compareHold(test: control.MappingTest, made: contribution.Contribution): Mismatch[] {
  if (test.held === '' || made.holds.some(({ reason }) => reason === test.held)) return []
  const actual = made.holds.map(({ reason }) => reason)
  return [{ target: 'held', expected: [test.held], actual, rule: '', note: '' }]
}

/** Several values are a set. */
const isEqual = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.toSorted().join('\0') === b.toSorted().join('\0')
