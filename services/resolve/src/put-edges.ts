/** Publishes desired memberships that changed. */
import type { Out, Tx } from '@canopy/chassis'
import { topics } from '@canopy/proto'
import { addTally } from './adapters/work.sql.ts'
import type { EdgeChange } from './ports.ts'

export interface EdgeNews {
  readonly observedAt: Date | undefined
  readonly headers?: Readonly<Record<string, string>>
}

/** `news` tells of a source edge when it was observed, by "<forest>/<group guid>/<member>". */
export async function putEdges(
  of: { readonly tx: Tx; readonly out: Out; readonly now: Date },
  changes: readonly EdgeChange[],
  news: (source: string) => EdgeNews | undefined = () => undefined,
): Promise<void> {
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
