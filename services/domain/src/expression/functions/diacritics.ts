/** Latin letters without their marks, as NormalizeDiacritics is documented. */

/** Letters that no decomposition takes apart. */
const letters: Readonly<Record<string, string>> = {
  ø: 'oe',
  Ø: 'OE',
  œ: 'oe',
  Œ: 'OE',
  æ: 'ae',
  Æ: 'AE',
  ß: 'ss',
  ẞ: 'SS',
  ł: 'l',
  Ł: 'L',
  ı: 'i',
}

const beyondAscii = /[^\0-\x7f]/
const marked = /(\p{Script=Latin})\p{M}+/gu
const special = /[øØœŒæÆßẞłŁı]/g

/** Marks of other scripts are part of their letters and stay. */
export function normalizeDiacritics(text: string): string {
  if (!beyondAscii.test(text)) return text
  return text
    .normalize('NFD')
    .replace(marked, '$1')
    .normalize('NFC')
    .replace(special, (letter) => letters[letter] ?? letter)
}
