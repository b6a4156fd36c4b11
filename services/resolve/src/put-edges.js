import { topics } from '@canopy/proto'
import { addTally } from './adapters/work.sql.js'
/** `news` tells of a source edge when it was observed, by "<forest>/<group guid>/<member>". */
export async function putEdges(of, changes, news = () => undefined) {
  let edges = 0
  for (const { group, member, present, incarnation, version, source, wasPresent } of changes) {
    const told = news(source)
    const observedAt = told?.observedAt ?? of.now
    const edge = { groupAnchor: group, memberAnchor: member, version, present, incarnation, observedAt, source }
    of.out.put(topics.desiredEdges, `${group}/${member}`, edge, told?.headers)
    if (present !== wasPresent) edges += present ? 1 : -1
  }
  await addTally(of.tx, { users: 0, groups: 0, contacts: 0, joined: 0, edges })
}
//# sourceMappingURL=put-edges.js.map
