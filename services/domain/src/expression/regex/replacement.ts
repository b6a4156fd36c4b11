/** Reads .NET's signs of replacement: $1, ${name}, $&, $`, $', $+, $_ and $$. */

export type ReplacementPart =
  | { readonly type: 'literal'; readonly text: string }
  | { readonly type: 'group'; readonly index: number }
  /** The text in front of the match, behind it, or whole. */
  | { readonly type: 'before' | 'after' | 'all' }

interface Groups {
  readonly names: ReadonlyMap<string, number>
  readonly groups: number
}

/** A group that does not exist stands for itself, as .NET has it. */
export function replacementParts(template: string, of: Groups): readonly ReplacementPart[] {
  const parts: ReplacementPart[] = []
  const sign = /\$(?:\{(\w+)\}|(\d{1,2})|([&`'+_$]))/g
  let at = 0
  for (const match of template.matchAll(sign)) {
    const found = partOf(match, of)
    if (!found) continue
    if (match.index > at) parts.push({ type: 'literal', text: template.slice(at, match.index) })
    parts.push(found)
    at = match.index + match[0].length
  }
  if (at < template.length) parts.push({ type: 'literal', text: template.slice(at) })
  return parts
}

function partOf([, name, number, sign]: RegExpMatchArray, of: Groups): ReplacementPart | undefined {
  const asked = name ?? number
  if (asked !== undefined) {
    const index = /^\d+$/.test(asked) ? Number(asked) : of.names.get(asked)
    return index !== undefined && index <= of.groups ? { type: 'group', index } : undefined
  }
  switch (sign) {
    case '$':
      return { type: 'literal', text: '$' }
    case '&':
      return { type: 'group', index: 0 }
    case '+':
      return { type: 'group', index: of.groups }
    case '`':
      return { type: 'before' }
    case "'":
      return { type: 'after' }
    default:
      return { type: 'all' }
  }
}
