/** What a command is: its words, its options, and what it does. */
import type { Gateway } from './gateway.ts'
import type { Terminal } from './terminal.ts'

export interface Option {
  /** Without dashes. */
  readonly name: string
  /** What stands for the value in the help; none: a switch. */
  readonly value?: string
  readonly short?: string
  readonly help: string
  readonly required?: boolean
}

export interface Positional {
  readonly name: string
  readonly help: string
  readonly optional?: boolean
}

export interface Command {
  /** "held list". */
  readonly words: string
  readonly summary: string
  readonly positionals?: readonly Positional[]
  readonly options?: readonly Option[]
  readonly examples?: readonly string[]
  /** Runs without a gateway. */
  readonly offline?: boolean
  /** Returns the exit code: 0 done, 1 failed, 3 by --fail-on. Throws Problem. */
  readonly run: (given: Given) => Promise<number>
}

/** What a command was given. */
export interface Given {
  readonly positionals: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string | true>>
  readonly json: boolean
  readonly out: Terminal
  readonly err: Terminal
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly now: () => Date
  readonly signal: AbortSignal
  readonly gateway: () => Promise<Gateway>
}

/** The text of an option, undefined when it was not given. */
export function optionText(given: Given, name: string): string | undefined {
  const value = given.options[name]
  return typeof value === 'string' ? value : undefined
}

/** One JSON document on one line. */
export const printJson = (given: Given, value: unknown): void => given.out.line(JSON.stringify(value))

/** Options every command has. */
export const globalOptions: readonly Option[] = [
  { name: 'url', value: 'URL', help: 'the gateway: http(s)://host:port or unix:/path (or CANOPY_URL)' },
  { name: 'token-file', value: 'FILE', help: 'file with its token (or CANOPY_TOKEN_FILE, CANOPY_TOKEN)' },
  { name: 'data', value: 'DIR', help: 'data folder of a standalone Canopy (default ./.canopy, or CANOPY_DATA)' },
  { name: 'json', help: 'JSON instead of text' },
  { name: 'help', short: 'h', help: 'this text' },
]
