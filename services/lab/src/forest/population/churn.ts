/** Everyday changes to a forest: titles, phones, moves between groups, names, leavers. */
import type { LabDirectory } from '../directory/directory.ts'
import { familyNames, titles } from './names.ts'
import { Random } from './random.ts'

export interface ChurnOptions {
  readonly changes: number
  readonly seed?: number
}

export interface ChurnSummary {
  readonly attributes: number
  readonly memberships: number
  readonly renames: number
}

/** Seven of ten changes write attributes, two touch memberships, one renames. */
export function churn(directory: LabDirectory, o: ChurnOptions): ChurnSummary {
  const random = new Random(o.seed ?? directory.highestUsn)
  const people = directory.find('(&(objectClass=user)(employeeType=*))').map((person) => person.guid)
  const groups = directory.find('(&(objectClass=group)(!(isCriticalSystemObject=TRUE)))').map((group) => group.guid)
  const done = { attributes: 0, memberships: 0, renames: 0 }
  for (let n = 0; n < o.changes && people.length > 0; n++) {
    const person = people[random.below(people.length)] ?? ''
    const kind = n % 10
    if (kind < 7 || groups.length === 0) {
      const pager = String(100_000 + random.below(900_000))
      directory.modify(person, { title: random.pick(titles), pager })
      done.attributes++
    } else if (kind < 9) {
      const group = groups[random.below(groups.length)] ?? ''
      const dn = directory.get(person)?.dn ?? ''
      const isMember =
        directory
          .get(person)
          ?.get('memberOf')
          .includes(directory.get(group)?.dn ?? '') === true
      directory.modify(group, [{ kind: isMember ? 'delete' : 'add', type: 'member', values: [dn] }])
      done.memberships++
    } else {
      const sn = random.pick(familyNames)
      const givenName = directory.get(person)?.text('givenName') ?? ''
      directory.modify(person, { sn, displayName: `${givenName} ${sn}` })
      directory.rename(person, `${givenName} ${sn} ${directory.highestUsn}`)
      done.renames++
    }
  }
  return done
}
