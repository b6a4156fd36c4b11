/** Reads a single entry by its name. */
import type { Directory } from '../ports.ts'

/** Values by lower-case attribute name; undefined if there is none. */
export async function readOne(
  directory: Directory,
  base: string,
  attributes: readonly string[],
): Promise<ReadonlyMap<string, readonly Buffer[]> | undefined> {
  let found: ReadonlyMap<string, readonly Buffer[]> | undefined
  for await (const entries of directory.search({ base, scope: 'base', filter: '(objectClass=*)', attributes })) {
    for (const entry of entries) found = new Map(entry.attributes.map((a) => [a.name.toLowerCase(), a.values]))
  }
  return found
}
