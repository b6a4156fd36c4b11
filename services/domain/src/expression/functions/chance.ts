/** Functions that draw, and what is known of the target. What they draw with is given with the inputs. */
import { needText, needWhole } from '../arguments.ts'
import { declare, type ExpressionFunction, type Inputs, type Written } from '../declare.ts'
import { ExpressionFailure } from '../failure.ts'
import { toText, type Value } from '../value.ts'

const maxRandomLength = 256

function drawer({ random }: Inputs): (below: number) => number {
  if (!random) throw new ExpressionFailure('nothing is drawn here: the value is made when the object is created')
  return (below) => Math.floor(random() * below)
}

function guid(inputs: Inputs): string {
  const draw = drawer(inputs)
  const digits = Array.from({ length: 32 }, () => draw(16))
  digits[12] = 4
  digits[16] = 8 + (digits[16]! & 3)
  const text = digits.map((digit) => digit.toString(16)).join('')
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-')
}

const kinds = {
  numbers: '0123456789',
  special: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
  capital: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  lower: 'abcdefghijklmnopqrstuvwxyz',
} as const

/** The least of each kind, the rest from all kinds that are asked for, small letters where none is; then mixed. */
function randomString(inputs: Inputs, ...args: readonly Value[]): string {
  const [length, numbers, special, capital, lower] = args
    .slice(0, 5)
    .map((value, index) => needWhole(value, `argument ${index + 1} of RandomString`))
  const avoided = toText(args[5]) ?? ''
  const total = length ?? 0
  if (total < 0 || total > maxRandomLength) {
    throw new ExpressionFailure(`the length of RandomString is at most ${maxRandomLength}`)
  }
  const draw = drawer(inputs)
  const wanted = [numbers, special, capital, lower].map((count) => Math.max(0, count ?? 0))
  const sets = Object.values(kinds).map((set) => [...set].filter((character) => !avoided.includes(character)))
  const made: string[] = []
  for (const [index, count] of wanted.entries()) {
    if (made.length + count > total) throw new ExpressionFailure('RandomString asks for more than its length')
    for (let n = 0; n < count; n++) made.push(drawn(sets[index]!, draw))
  }
  const asked = sets.filter((_, index) => wanted[index]! > 0)
  const rest = asked.length > 0 ? asked.flat() : sets[3]!
  while (made.length < total) made.push(drawn(rest, draw))
  for (let n = made.length - 1; n > 0; n--) {
    const other = draw(n + 1)
    const held = made[n]!
    made[n] = made[other]!
    made[other] = held
  }
  return made.join('')
}

function drawn(from: readonly string[], draw: (below: number) => number): string {
  const found = from[draw(from.length)]
  if (found === undefined) throw new ExpressionFailure('RandomString avoids every character it could take')
  return found
}

function checkRandomString(written: Written) {
  const [length, ...counts] = written
  if (typeof length === 'number' && length > maxRandomLength) {
    return { argument: 0, message: `at most ${maxRandomLength} characters` }
  }
  const sum = counts.slice(0, 4).reduce<number>((total, count) => total + (typeof count === 'number' ? count : 0), 0)
  return typeof length === 'number' && sum > length
    ? { argument: 0, message: `the least counts make ${sum}, which is more than the length` }
    : undefined
}

function randomNumber(inputs: Inputs, start: Value, end: Value): number {
  const [from, to] = [needWhole(start, 'the start'), needWhole(end, 'the end')]
  if (to < from) throw new ExpressionFailure('the end of RandomNum lies before its start')
  return from + drawer(inputs)(to - from + 1)
}

export const chanceFunctions: readonly ExpressionFunction[] = [
  declare({
    is: 'Guid(): text',
    from: 'provisioning',
    effect: 'chance',
    says: 'A random GUID.',
    runWith: guid,
  }),
  declare({
    is: 'RandomString(length: number, numbers: number, special: number, capital: number, lower: number, avoided?: text): text',
    from: 'provisioning',
    effect: 'chance',
    says: 'Random characters, of each kind at least that many, at most 256, without those avoided. Characters beyond the least counts are of the kinds asked for.',
    runWith: randomString,
    check: checkRandomString,
  }),
  declare({
    is: 'RandomNum(start: number, end: number): number',
    from: 'connect',
    effect: 'chance',
    says: 'A random whole number from start to end.',
    runWith: randomNumber,
  }),
  declare({
    is: 'DefaultDomain(): text',
    from: 'provisioning',
    says: 'The default domain of the tenant. Fails where it is not known.',
    runWith: ({ defaultDomain }) => needText(defaultDomain, 'the default domain of the tenant'),
  }),
]
