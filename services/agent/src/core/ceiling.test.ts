/** The ceiling: nothing leaves that its owner did not allow, whatever is asked. */
import type { agent } from '@canopy/proto'
import { expect, test } from 'vitest'
import { CeilingGuard } from './ceiling.ts'

const base = 'DC=contoso,DC=lab'
const none = { forests: [], attributes: [], ous: [], readOnly: true }
const link = (dn: string): agent.Link => ({ guid: 'g', sid: '', dn })
const entry = (dn: string, more: Partial<agent.Entry> = {}): agent.Entry => ({
  guid: '00000000-0000-4000-8000-000000000001',
  dn,
  parentGuid: '',
  deleted: false,
  complete: true,
  attributes: { objectClass: { values: [] }, mail: { values: [Buffer.from('a@b.c')] }, title: { values: [] } },
  links: {},
  ...more,
})
const names = (entries: readonly agent.Entry[]): string[][] => entries.map((e) => Object.keys(e.attributes).sort())

test('without limits everything passes as it is', () => {
  const one = entry(`CN=a,${base}`)
  expect(new CeilingGuard(none).entries([one], true)).toEqual([one])
  expect(new CeilingGuard(none).asked(['mail', 'title'])).toEqual(['mail', 'title'])
})

test('attributes outside are neither asked for nor let through, in links too', () => {
  const guard = new CeilingGuard({ ...none, attributes: ['Mail'] })
  expect(guard.asked(['mail', 'title', 'objectClass'])).toEqual(['mail', 'objectClass'])
  const whole = { added: [link(`CN=b,${base}`)], removed: [], whole: true, first: true, last: true }
  const [out] = guard.entries([entry(`CN=a,${base}`, { links: { member: whole, manager: whole } })], true)
  expect(Object.keys(out!.attributes).sort()).toEqual(['mail', 'objectClass'])
  expect(out!.links).toEqual({})
})

test('what is above an allowed place has a name; what is elsewhere does not leave', () => {
  const guard = new CeilingGuard({ ...none, ous: [`ou=staff,${base}`] })
  const read = [entry(base), entry(`OU=Staff,${base}`), entry(`CN=a,OU=Staff,${base}`), entry(`CN=x,OU=Staff2,${base}`)]
  expect(names(guard.entries(read, false))).toEqual([
    ['objectClass'],
    ['mail', 'objectClass', 'title'],
    ['mail', 'objectClass', 'title'],
  ])
  const [left] = guard.entries([entry(`CN=a,OU=Left,${base}`)], true)
  expect(left).toMatchObject({ deleted: true, dn: '', attributes: {}, links: {} })
})

test('who is elsewhere is not named as a member, and a tombstone tells no name', () => {
  const guard = new CeilingGuard({ ...none, ous: [`OU=Staff,${base}`] })
  const added = [link(`CN=a,OU=Staff,${base}`), link(`CN=b,OU=Left,${base}`)]
  const member = { added, removed: [], whole: true, first: true, last: true }
  const [group] = guard.entries([entry(`CN=g,OU=Staff,${base}`, { links: { member } })], true)
  expect(group!.links.member!.added.map(({ dn }) => dn)).toEqual([`CN=a,OU=Staff,${base}`])
  const [tombstone] = guard.entries([entry(`CN=a\\0ADEL:x,CN=Deleted Objects,${base}`, { deleted: true })], true)
  expect(tombstone).toMatchObject({ deleted: true, dn: '' })
})
