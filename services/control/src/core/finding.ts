/** The kinds of things that are said about a source. */
import type { Finding, Path } from '../ports.ts'

export const refuse = (code: string, path: Path, message: string, mend?: string): Finding => ({
  code,
  path,
  message,
  mend,
  warning: false,
})

/** For keys whose silent absence would do harm. */
export const later = (path: Path, what: string, mend = 'leave it out until then'): Finding =>
  refuse('CANOPY-CONFIG-0010', path, `${what} arrives later`, mend)

/** For keys whose absence does no harm. */
export const notYet = (path: Path, what: string): Finding => ({
  code: 'CANOPY-CONFIG-0015',
  path,
  message: `${what} is not effective yet`,
  warning: true,
})

export function twice(names: readonly string[], path: (index: number) => Path, what: string): readonly Finding[] {
  return names.flatMap((name, index) =>
    names.indexOf(name) < index
      ? [refuse('CANOPY-CONFIG-0012', path(index), `the ${what} ${name} is there twice`)]
      : [],
  )
}
