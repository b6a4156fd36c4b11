/** What differs between two compiled configurations, path by path, for people to read. */

export interface ConfigurationDifference {
  readonly path: string
  /** Empty: not there before. */
  readonly oldValue: string
  /** Empty: not there any more. */
  readonly newValue: string
}

/** Fields that say which version it is, not what it says. */
const envelope = new Set(['version', 'source', 'appliedAt', 'appliedBy'])

/** Sorted by path. Lists of named things are compared by name, rules by kind and target, not by their place. */
export function differences(before: object, after: object): readonly ConfigurationDifference[] {
  const old = leaves(before)
  const now = leaves(after)
  return [...new Set([...old.keys(), ...now.keys()])]
    .toSorted()
    .filter((path) => old.get(path) !== now.get(path))
    .map((path) => ({ path, oldValue: old.get(path) ?? '', newValue: now.get(path) ?? '' }))
}

function leaves(value: object): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const walk = (part: unknown, path: string): void => {
    if (part === undefined || part === '') return
    if (typeof part !== 'object' || part === null) return void found.set(path, String(part))
    if (part instanceof Date) return void found.set(path, part.toISOString())
    if (Array.isArray(part)) {
      if (part.every((item) => typeof item !== 'object')) {
        if (part.length > 0) found.set(path, part.join(', '))
        return
      }
      // The order of forests is their precedence; of other named things it says nothing.
      if (path === 'forests') found.set(path, part.map((item) => labelOf(item) ?? '').join(', '))
      for (const [index, item] of part.entries()) walk(item, `${path}[${labelOf(item) ?? index}]`)
      return
    }
    // One of several: which one it is and what it says are one thing to a reader.
    if ('$case' in part && 'value' in part && typeof part.value !== 'object') {
      return void found.set(path, part.value === true ? String(part.$case) : `${part.$case} ${part.value}`)
    }
    for (const [key, child] of Object.entries(part)) {
      if (path === '' && envelope.has(key)) continue
      walk(child, path === '' ? key : `${path}.${key}`)
    }
  }
  walk(value, '')
  return found
}

/** What tells an item of a list from its neighbours. */
function labelOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined
  if ('kind' in item && 'target' in item) {
    const forest = 'forest' in item && item.forest ? `${item.forest}: ` : ''
    return `${forest}${item.kind}.${item.target}`
  }
  for (const key of ['name', 'forest', 'attribute']) {
    const value: unknown = Reflect.get(item, key)
    if (typeof value === 'string') return value
  }
  return undefined
}
