/** Two domains of one forest, read by agent and capture: references across, and an object that moves from one to the other. */
import { type LabForest, moveToDomain, startForest } from '@canopy/lab'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CapturePlace, type PlaceDomain, startCapturePlace } from './directory.place.ts'

let root: LabForest
let child: LabForest
let place: CapturePlace

const reached = (forest: LabForest): PlaceDomain => ({
  forest: 'big',
  domain: forest.name,
  server: forest.ldapsUrl,
  servername: forest.servername,
  caPem: forest.caPem,
  reader: forest.account,
})
const user = (forest: LabForest, name: string) =>
  forest.directory.add(`CN=${name},CN=Users,${forest.baseDn}`, { objectClass: 'user', sAMAccountName: name })
const group = (forest: LabForest, name: string, member: string[]) =>
  forest.directory.add(`CN=${name},CN=Users,${forest.baseDn}`, { objectClass: 'group', sAMAccountName: name, member })
const at = (guid: string) => place.objects.get(`big/${guid}`)

beforeAll(async () => {
  root = await startForest({ name: 'big.lab', population: { users: 20, groups: 2, contacts: 1 }, seed: 1 })
  child = await startForest({
    name: 'emea.big.lab',
    population: { users: 20, groups: 2, contacts: 1 },
    seed: 2,
    domainOf: root,
  })
  place = await startCapturePlace([reached(root), reached(child)])
}, 90_000)

afterAll(async () => {
  await place?.close()
  await child?.close()
  await root?.close()
})

test('a member of another domain is an edge to it, whatever it is called', async () => {
  const ada = user(child, 'ada')
  const team = group(root, 'team', [ada.dn])
  await place.until('the edge', () => place.membersOf(team.guid).includes(ada.guid))
  await place.until('who it is', () => at(ada.guid)?.dn === ada.dn)
  child.directory.rename(ada.guid, 'Ada Park')
  await place.until('the new name', () => at(ada.guid)?.name === 'Ada Park')
  expect(place.membersOf(team.guid)).toEqual([ada.guid])
})

test('what is deleted in its domain leaves the groups of the other', async () => {
  const leaver = user(child, 'leaver')
  const team = group(root, 'held a leaver', [leaver.dn])
  await place.until('the edge', () => place.membersOf(team.guid).includes(leaver.guid))
  await place.until('who it is', () => at(leaver.guid)?.gone === false)
  child.directory.remove(leaver.guid)
  await place.until('the deletion', () => at(leaver.guid)?.gone === true)
  await place.until('no edge', () => place.membersOf(team.guid).length === 0)
})

test('what is restored in its domain is in the groups of the other again', async () => {
  const back = user(child, 'comes back')
  const team = group(root, 'held who comes back', [back.dn])
  await place.until('the edge', () => place.membersOf(team.guid).includes(back.guid))
  await place.until('who it is', () => at(back.guid)?.gone === false)
  child.directory.remove(back.guid)
  await place.until('no edge', () => place.membersOf(team.guid).length === 0)
  child.directory.restore(back.guid)
  await place.until('the return', () => at(back.guid)?.gone === false)
  await place.until('the edge', () => place.membersOf(team.guid).includes(back.guid))
})

test('what moves to another domain stays who it is, in the groups it was in', async () => {
  const mover = user(root, 'mover')
  const [here, there] = [group(root, 'here', [mover.dn]), group(child, 'there', [mover.dn])]
  await place.until('both edges', () => [here, there].every((each) => place.membersOf(each.guid).includes(mover.guid)))
  await place.until('who it is', () => at(mover.guid)?.dn === mover.dn)
  const moved = moveToDomain(root.directory, mover.guid, {
    domain: child.directory,
    parent: `CN=Users,${child.baseDn}`,
  })
  await place.until('the move', () => at(mover.guid)?.dn === moved.dn)
  expect(at(mover.guid)).toMatchObject({ gone: false, sid: moved.sid })
  // A change on each side, so that both feeds have gone past the move.
  const [one, two] = [user(root, 'after here'), user(child, 'after there')]
  await place.until('what came after', () => at(one.guid) !== undefined && at(two.guid) !== undefined)
  expect(place.gone).not.toContain(`big/${mover.guid}`)
  for (const each of [here, there]) expect(place.membersOf(each.guid)).toEqual([mover.guid])
  // The domain it left no longer has it: read whole, that is no deletion.
  await place.readAgain('big')
  expect(place.gone).not.toContain(`big/${mover.guid}`)
  for (const each of [here, there]) expect(place.membersOf(each.guid)).toEqual([mover.guid])
})
