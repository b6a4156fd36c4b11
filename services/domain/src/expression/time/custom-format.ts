/** .NET's custom date formats ("yyyyMMddHHmmss.fZ"), cut into parts; one format both reads and writes. */

export type FormatPart =
  /** Stands for itself. */
  | { readonly type: 'literal'; readonly text: string }
  /** `letter` count times: yyyy, MM, tt. */
  | { readonly type: 'field'; readonly letter: string; readonly count: number }

const letters = 'yMdHhmsfFtzK'

/** What a single letter stands for; "R" and the others in invariant culture. */
const standard: Readonly<Record<string, string>> = {
  d: 'MM/dd/yyyy',
  D: 'dddd, dd MMMM yyyy',
  f: 'dddd, dd MMMM yyyy HH:mm',
  F: 'dddd, dd MMMM yyyy HH:mm:ss',
  g: 'MM/dd/yyyy HH:mm',
  G: 'MM/dd/yyyy HH:mm:ss',
  M: 'MMMM dd',
  m: 'MMMM dd',
  o: "yyyy-MM-dd'T'HH:mm:ss.fffffffK",
  O: "yyyy-MM-dd'T'HH:mm:ss.fffffffK",
  r: "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
  R: "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
  s: "yyyy-MM-dd'T'HH:mm:ss",
  t: 'HH:mm',
  T: 'HH:mm:ss',
  u: "yyyy-MM-dd HH:mm:ss'Z'",
  U: 'dddd, dd MMMM yyyy HH:mm:ss',
  y: 'yyyy MMMM',
  Y: 'yyyy MMMM',
}

/** A text: what is wrong with the format. */
export function formatParts(format: string): readonly FormatPart[] | string {
  if (format === '') return 'a date format is empty'
  if (format.length > 128) return 'a date format is longer than 128 characters'
  if (format.length === 1) {
    const meant = standard[format]
    return meant === undefined ? `there is no date format ${format}` : formatParts(meant)
  }
  const parts: FormatPart[] = []
  for (let at = 0; at < format.length; ) {
    const letter = format[at]!
    if (letter === "'" || letter === '"') {
      const close = format.indexOf(letter, at + 1)
      if (close < 0) return `${letter} is not closed in a date format`
      parts.push({ type: 'literal', text: format.slice(at + 1, close) })
      at = close + 1
    } else if (letter === '\\' || letter === '%') {
      if (at + 1 >= format.length) return `nothing follows ${letter} in a date format`
      if (letter === '\\') parts.push({ type: 'literal', text: format[at + 1]! })
      at += letter === '\\' ? 2 : 1
    } else if (letters.includes(letter)) {
      let count = 1
      while (format[at + count] === letter) count++
      if (count > 7 && letter !== 'y') return `${letter} stands more than seven times in a date format`
      parts.push({ type: 'field', letter, count })
      at += count
    } else {
      parts.push({ type: 'literal', text: letter })
      at++
    }
  }
  return parts
}
