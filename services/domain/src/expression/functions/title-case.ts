/** Words with a capital first letter. */

/** As .NET's ToTitleCase takes them after lowering: an apostrophe and digits do not end a word. */
const words = /\p{L}[\p{L}\p{M}\p{N}\p{Cf}']*/gu

const capital = (word: string): string => {
  const first = String.fromCodePoint(word.codePointAt(0) ?? 0)
  return first.toUpperCase() + word.slice(first.length)
}

export const titleCase = (text: string): string => text.toLowerCase().replace(words, capital)

/** Words are what stands between the separators. */
export function titleCaseBetween(text: string, separators: string): string {
  let made = ''
  let isStart = true
  for (const character of text.toLowerCase()) {
    made += isStart ? character.toUpperCase() : character
    isStart = separators.includes(character)
  }
  return made
}
