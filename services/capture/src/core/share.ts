/** Spreads partitions over the agents that may and can read them. */

export interface LiveAgent {
  readonly session: string
  readonly credentials: readonly string[]
  /** None: all. */
  readonly forests: readonly string[]
  /** Partitions it holds. */
  readonly held: number
}

export interface Readable {
  readonly forest: string
  readonly domain: string
  readonly credential: string
}

export const canRead = ({ credentials, forests }: LiveAgent, { forest, credential }: Readable): boolean =>
  credentials.includes(credential) && (forests.length === 0 || forests.includes(forest))

/** Which of the free partitions go to `session`: each to the one with the least, the same answer in every process. */
export function takes<P extends Readable>(session: string, free: readonly P[], agents: readonly LiveAgent[]): P[] {
  const load = new Map(agents.map((each) => [each.session, each.held]))
  const taken: P[] = []
  const inOrder = free.toSorted((a, b) => key(a).localeCompare(key(b)))
  for (const partition of inOrder) {
    const best = leastLoaded(partition, agents, load)
    if (best === undefined) continue
    load.set(best, (load.get(best) ?? 0) + 1)
    if (best === session) taken.push(partition)
  }
  return taken
}

/** A partition that `session` should give up because another agent holds at least two fewer. */
export function surplus<P extends Readable>(
  session: string,
  held: readonly P[],
  agents: readonly LiveAgent[],
): P | undefined {
  const load = new Map(agents.map((each) => [each.session, each.held]))
  return held.find((partition) => {
    const best = leastLoaded(partition, agents, load)
    return best !== undefined && best !== session && held.length - (load.get(best) ?? 0) >= 2
  })
}

function leastLoaded(
  partition: Readable,
  agents: readonly LiveAgent[],
  load: ReadonlyMap<string, number>,
): string | undefined {
  let best: string | undefined
  for (const each of agents) {
    if (!canRead(each, partition)) continue
    const mine = load.get(each.session) ?? 0
    const its = best === undefined ? Number.POSITIVE_INFINITY : (load.get(best) ?? 0)
    if (mine < its || (mine === its && each.session < best!)) best = each.session
  }
  return best
}

const key = ({ forest, domain }: Readable): string => `${forest}/${domain}`
