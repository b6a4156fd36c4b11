/** Positions of OpenLDAP: a live cookie tells of one server, the position is of all. */
import { expect, test } from 'vitest'
import { isChangeNumbers, mergeCookies } from './change-numbers.ts'

const csn = (time: string, server: string): string => `${time}.000000Z#000000#${server}#000000`

test.each([
  ['the newer of one server', csn('1', '000'), csn('2', '000'), csn('2', '000')],
  [
    'the other server stands',
    `${csn('1', '000')};${csn('5', '001')}`,
    csn('2', '000'),
    `${csn('2', '000')};${csn('5', '001')}`,
  ],
  ['a server not heard of before', csn('1', '000'), csn('2', '001'), `${csn('1', '000')};${csn('2', '001')}`],
  ['an older one moves nothing back', csn('3', '000'), csn('2', '000'), csn('3', '000')],
])('%s', (_, before, after, merged) => {
  expect(mergeCookies(`rid=000,csn=${before}`, `rid=000,sid=001,csn=${after}`)).toBe(`rid=000,sid=001,csn=${merged}`)
})

test('what another server says is opaque: the newest is the position', () => {
  expect(mergeCookies('host#cn=x#17', 'host#cn=x#18')).toBe('host#cn=x#18')
  expect(isChangeNumbers(Buffer.from('host#cn=x#18'))).toBe(false)
  expect(isChangeNumbers(Buffer.from(`rid=000,csn=${csn('1', '000')},delcsn=${csn('1', '000')}`))).toBe(true)
})
