/** Precedence: in which order the forests of a configuration are asked for a value. */

export interface PrecedenceOrder {
  /** Forests in the configuration's order. */
  readonly forests: readonly string[]
  /** Attribute → forests asked first, in this order. */
  readonly attributes: ReadonlyMap<string, readonly string[]>
}

/** The place of a forest for an attribute, 0 first; forests nobody named come last and equal. */
export function precedenceOf(order: PrecedenceOrder, attribute: string, forest: string): number {
  const special = order.attributes.get(attribute)
  const first = special ? special.indexOf(forest) : -1
  if (first >= 0) return first
  const place = order.forests.indexOf(forest)
  return (special?.length ?? 0) + (place < 0 ? order.forests.length : place)
}

/** Kinds in the order in which they are decided: people keep a value before groups, and groups before contacts. */
export const decisionTiers: readonly string[] = ['user', 'group', 'contact']
