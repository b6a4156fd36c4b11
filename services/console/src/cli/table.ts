/** Text in columns that fit a width. */
import type { Style, Terminal } from './terminal.ts'

export type Cell = string | { readonly text: string; readonly style: Style | undefined }

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Narrowed last; others lose their ends first, the widest before the rest. */
  readonly keep?: boolean
}

const gap = '  '
const narrowest = 4

const textOf = (cell: Cell | undefined): string => clean(typeof cell === 'object' ? cell.text : (cell ?? ''))

/** Rows under titles, without trailing spaces. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  on: Pick<Terminal, 'paint' | 'columns'>,
): readonly string[] {
  const texts = rows.map((row) => columns.map((_, index) => textOf(row[index])))
  const wanted = columns.map(({ title }, index) =>
    Math.max(displayWidth(title), ...texts.map((row) => displayWidth(row[index] ?? ''))),
  )
  const widths = fitWidths(wanted, columns, on.columns)
  const line = (row: readonly string[], style: (index: number) => Style | undefined): string => {
    const cells = row.map((text, index) => {
      const cut = pad(shorten(text, widths[index]!), widths[index]!, columns[index]!.align ?? 'left')
      const painted = style(index)
      return painted ? on.paint(painted, cut) : cut
    })
    return cells.join(gap).trimEnd()
  }
  const titled = columns.some(({ title }) => title !== '')
  const head = titled
    ? [
        line(
          columns.map(({ title }) => title),
          () => 'dim',
        ),
      ]
    : []
  return [
    ...head,
    ...rows.map((row, number) =>
      line(texts[number]!, (index) => {
        const cell = row[index]
        return typeof cell === 'object' ? cell.style : undefined
      }),
    ),
  ]
}

function fitWidths(wanted: readonly number[], columns: readonly Column[], total: number): number[] {
  const widths = [...wanted]
  const room = total - gap.length * (columns.length - 1)
  const shrink = (may: (index: number) => boolean): void => {
    while (widths.reduce((sum, width) => sum + width, 0) > room) {
      let widest = -1
      for (const [index, width] of widths.entries()) {
        if (may(index) && width > narrowest && (widest < 0 || width > widths[widest]!)) widest = index
      }
      if (widest < 0) return
      widths[widest]!--
    }
  }
  shrink((index) => columns[index]!.keep !== true)
  shrink(() => true)
  return widths
}

/** Values come from directories: what would move the cursor or break a line is not printed. */
export const clean = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '·')

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u
const plain = /^[\u0020-\u007e]*$/

/** Columns a text takes on a terminal. */
export function displayWidth(text: string): number {
  if (plain.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += wide.test(segment) ? 2 : 1
  return width
}

/** With an ellipsis where the end is missing. */
export function shorten(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let cut = ''
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    const next = wide.test(segment) ? 2 : 1
    if (used + next > width - 1) break
    cut += segment
    used += next
  }
  return `${cut}…`
}

export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const fill = ' '.repeat(Math.max(0, width - displayWidth(text)))
  return align === 'left' ? text + fill : fill + text
}

/** Words into lines of a width; one that is longer than that is broken. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of clean(text)
    .split(' ')
    .flatMap((each) => pieces(each, width))) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function pieces(word: string, width: number): readonly string[] {
  if (displayWidth(word) <= width) return [word]
  const found: string[] = []
  let piece = ''
  for (const { segment } of graphemes.segment(word)) {
    if (displayWidth(piece + segment) > width) {
      found.push(piece)
      piece = ''
    }
    piece += segment
  }
  return [...found, piece]
}
