/** Links that name somebody who comes later. */
import { agent } from '@canopy/proto'
import { expect, test } from 'vitest'
import { ForwardLinks } from './forward-links.ts'
import { SeenNames } from './seen-names.ts'

const entry = (name: string, manager?: string): agent.Entry =>
  agent.Entry.fromPartial({
    guid: name,
    dn: `uid=${name},dc=x`,
    complete: true,
    links: manager === undefined ? {} : { manager: { added: [{ dn: manager }], whole: true, first: true, last: true } },
  })

test('who was told is known however the letters are written; who comes later is not', () => {
  const forward = new ForwardLinks(false)
  forward.note(entry('ada'))
  forward.note(entry('ben', 'UID=Ada,DC=x'))
  forward.note(entry('cleo', 'uid=dora,dc=x'))
  forward.note(entry('dora'))
  forward.note(entry('emil', 'uid=emil,dc=x'))
  expect(forward.few()).toMatchObject([{ guid: 'cleo', complete: false, attributes: {}, links: { manager: {} } }])
})

test('too many, and those of a reading that was begun elsewhere, are asked for again', () => {
  const forward = new ForwardLinks(false)
  for (let n = 0; n <= 10_000; n++) forward.note(entry(`p${n}`, `uid=p${n + 1},dc=x`))
  expect(forward.few()).toBeUndefined()
  expect(new ForwardLinks(true).few()).toBeUndefined()
})

test('names are remembered by the hundred thousand, and no others', () => {
  const seen = new SeenNames()
  for (let n = 0; n < 200_000; n++) seen.add(`uid=person${n},ou=People,dc=x`)
  let wrong = 0
  for (let n = 0; n < 200_000; n++) if (!seen.has(`uid=person${n},ou=People,dc=x`)) wrong++
  for (let n = 0; n < 200_000; n++) if (seen.has(`uid=other${n},ou=People,dc=x`)) wrong++
  expect(wrong).toBe(0)
})
