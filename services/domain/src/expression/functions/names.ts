/** Functions on distinguished names. */
import { escapeRdnValue, splitDn } from '../../dn.ts'
import { needWhole } from '../arguments.ts'
import { declare, type ExpressionFunction } from '../declare.ts'
import { mapText, toText, type Value } from '../value.ts'

/** The value of a part as it stands in the name: Microsoft's rule for replication victims asks for the escape in it. */
function componentOf(raw: string | undefined): Value {
  if (raw === undefined) return undefined
  return raw.slice(raw.indexOf('=') + 1).trim()
}

function component(dn: Value, number: Value): Value {
  const text = toText(dn)
  return text === undefined ? undefined : componentOf(splitDn(text)[needWhole(number, 'the number') - 1])
}

function componentFromRight(dn: Value, number: Value, option: Value): Value {
  const text = toText(dn)
  if (text === undefined) return undefined
  const all = splitDn(text)
  const counted = toText(option)?.toUpperCase() === 'DC' ? all.filter((part) => !/^dc\s*=/i.test(part)) : all
  return componentOf(counted[counted.length - needWhole(number, 'the number')])
}

export const nameFunctions: readonly ExpressionFunction[] = [
  declare({
    is: 'CRef(value: text): text',
    from: 'connect',
    says: 'The name of another object, as it is.',
    run: (value) => value,
  }),
  declare({
    is: 'DNComponent(dn: text, number: number): text',
    says: 'The value of that part of a DN, from 1 on the left, with its escapes; nothing where there is none.',
    run: component,
  }),
  declare({
    is: 'DNComponentRev(dn: text, number: number, option?: text): text',
    from: 'connect',
    says: 'The value of that part of a DN, from 1 on the right; with `"DC"` the parts of the domain do not count.',
    run: componentFromRight,
    check: (written) =>
      written[2] === undefined || String(written[2]).toUpperCase() === 'DC'
        ? undefined
        : { argument: 2, message: '"DC" was expected' },
  }),
  declare({
    is: 'EscapeDNComponent(value: text): text',
    from: 'connect',
    says: 'The text as it must stand in a DN.',
    run: (value) => mapText(value, escapeRdnValue),
  }),
]
