/** Where output goes, with colours when somebody looks. */

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

export interface Terminal {
  readonly isTty: boolean
  /** Columns that lines may take; never more than 100. */
  readonly columns: number
  line(text: string): void
  paint(style: Style, text: string): string
}

const codes: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
}

export const widest = 100

export interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** Colours on a terminal only, and never with NO_COLOR. */
export function terminal(stream: Stream, env: Readonly<Record<string, string | undefined>>): Terminal {
  const isTty = stream.isTTY === true
  const colours = isTty && !env.NO_COLOR && env.TERM !== 'dumb'
  return {
    isTty,
    columns: Math.max(40, Math.min(widest, (isTty && stream.columns) || widest)),
    line: (text) => void stream.write(`${text}\n`),
    paint: (style, text) => {
      const [on, off] = codes[style]
      return colours && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text
    },
  }
}
