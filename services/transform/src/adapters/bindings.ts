/** Finds the GUIDs of the DNs that scopes name, by asking capture. */
import type { NewBinding } from './active.sql.ts'

/** Asks capture; DNs that name nothing are left out. */
export interface AskCapture {
  readonly containers: (forest: string, dns: readonly string[]) => Promise<ReadonlyMap<string, string>>
  readonly group: (forest: string, dn: string) => Promise<string | undefined>
}

/** DNs are lower-case. */
export async function findBindings(
  ask: AskCapture,
  unbound: readonly {
    readonly forest: string
    readonly containers: readonly string[]
    readonly groups: readonly string[]
  }[],
): Promise<NewBinding[]> {
  const found: NewBinding[] = []
  for (const { forest, containers, groups } of unbound) {
    if (containers.length > 0) {
      for (const [dn, guid] of await ask.containers(forest, containers)) {
        found.push({ forest, dn: dn.trim().toLowerCase(), guid })
      }
    }
    for (const dn of groups) {
      const guid = await ask.group(forest, dn)
      if (guid) found.push({ forest, dn, guid })
    }
  }
  return found
}
