/** Functions on bits and numbers. */
import { declare, type ExpressionFunction } from '../declare.ts'
import { ExpressionFailure } from '../failure.ts'
import { toNumber, type Value } from '../value.ts'

type Bits = (a: bigint, b: bigint) => bigint

/** Absent where either is. Beyond 32 bits all 64 count; a negative flag word such as groupType is its two's complement. */
function bits(left: Value, right: Value, small: (a: number, b: number) => number, large: Bits): Value {
  const a = bitNumber(left)
  const b = bitNumber(right)
  if (a === undefined || b === undefined) return undefined
  if (Math.abs(a) < 2 ** 31 && Math.abs(b) < 2 ** 31) return small(a, b)
  return Number(BigInt.asIntN(64, large(BigInt(Math.trunc(a)), BigInt(Math.trunc(b)))))
}

function bitNumber(value: Value): number | undefined {
  if (value === undefined) return undefined
  const number = toNumber(value)
  if (number !== undefined || value === '') return number
  throw new ExpressionFailure('a value is no number')
}

const and = (left: Value, right: Value): Value =>
  bits(
    left,
    right,
    (a, b) => a & b,
    (a, b) => a & b,
  )

export const numberFunctions: readonly ExpressionFunction[] = [
  declare({
    is: 'BitAnd(value1: number, value2: number): number',
    says: 'The bits both have. Nothing where either is absent, so that a comparison with it is false.',
    run: and,
  }),
  declare({
    is: 'BitOr(value1: number, value2: number): number',
    from: 'connect',
    says: 'The bits either has. Nothing where either is absent.',
    run: (left, right) =>
      bits(
        left,
        right,
        (a, b) => a | b,
        (a, b) => a | b,
      ),
  }),
  declare({
    is: 'IsBitSet(value: number, flag: number): boolean',
    from: 'connect',
    says: 'True where the value has a bit of the flag, which is a mask: 4 is the third bit.',
    run: (value, flag) => {
      const common = and(value, flag)
      return typeof common === 'number' && common !== 0
    },
  }),
]
