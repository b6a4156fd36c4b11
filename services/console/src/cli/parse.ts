/** Turns the words of a command line into a command and what it was given. */
import { type Command, globalOptions, type Option } from './command.ts'
import { type Problem, usageProblem } from './problem.ts'

export interface Parsed {
  readonly command: Command
  readonly positionals: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string | true>>
}

/** `help`: of a command, of a group of commands ("held"), or of all (""). */
export type Request =
  | { readonly kind: 'run'; readonly parsed: Parsed }
  | { readonly kind: 'help'; readonly words: string }

/** Throws Problem with exit code 2 for what it does not know, with the nearest it does. */
export async function parseCommandLine(args: readonly string[], commands: readonly Command[]): Promise<Request> {
  // Words end at the first option; global options may come before the command.
  const { words, rest, before } = leadingWords(args)
  if (words.length === 0 || words[0] === 'help') {
    const asked = words.slice(words[0] === 'help' ? 1 : 0).join(' ')
    if (asked !== '' && !isKnown(asked, commands)) throw await unknownCommand(asked, commands)
    const stray = before.find((arg) => arg.startsWith('-') && arg !== '--help' && arg !== '-h')
    if (words.length === 0 && stray !== undefined) await splitArgs([...before, ...rest], undefined)
    return { kind: 'help', words: asked }
  }
  const found = commandOf(words, commands)
  if (found === undefined) {
    const all = words.join(' ')
    const group = commands.some((command) => command.words.startsWith(`${words[0]} `)) ? words[0]! : undefined
    if (group !== undefined && words.length === 1) {
      if ([...before, ...rest].some((arg) => arg === '--help' || arg === '-h')) return { kind: 'help', words: group }
      const members = membersOf(group, commands)
      throw usageProblem(
        `canopy ${group} is several commands`,
        `one of: ${members.map((each) => `canopy ${each}`).join(', ')}`,
      )
    }
    throw await unknownCommand(group === undefined ? words[0]! : all, commands)
  }
  const { command, used } = found
  const { options, texts } = await splitArgs([...before, ...words.slice(used), ...rest], command)
  if (options.help) return { kind: 'help', words: command.words }
  return { kind: 'run', parsed: { command, options, positionals: bind(command, texts) } }
}

const membersOf = (group: string, commands: readonly Command[]): readonly string[] =>
  commands.filter((command) => command.words.startsWith(`${group} `)).map((command) => command.words)

const isKnown = (words: string, commands: readonly Command[]): boolean =>
  commands.some((command) => command.words === words || command.words.startsWith(`${words} `))

function leadingWords(args: readonly string[]): { words: string[]; rest: string[]; before: string[] } {
  const before: string[] = []
  let at = 0
  for (; at < args.length && args[at]!.startsWith('-'); at++) {
    before.push(args[at]!)
    const option = globalOptions.find(({ name }) => args[at] === `--${name}`)
    if (option?.value !== undefined && at + 1 < args.length) before.push(args[++at]!)
  }
  let end = at
  while (end < args.length && !args[end]!.startsWith('-')) end++
  return { before, words: args.slice(at, end), rest: args.slice(end) }
}

function commandOf(
  words: readonly string[],
  commands: readonly Command[],
): { command: Command; used: number } | undefined {
  for (const used of [2, 1]) {
    const command = commands.find((each) => each.words === words.slice(0, used).join(' ') && words.length >= used)
    if (command) return { command, used: command.words.split(' ').length }
  }
  return undefined
}

async function splitArgs(
  args: readonly string[],
  command: Command | undefined,
): Promise<{ options: Record<string, string | true>; texts: string[] }> {
  const known = [...(command?.options ?? []), ...globalOptions]
  const options: Record<string, string | true> = {}
  const texts: string[] = []
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!
    if (arg === '--') {
      texts.push(...args.slice(at + 1))
      break
    }
    // A lone dash is standard input; a negative number is a value.
    if (!arg.startsWith('-') || arg === '-') {
      texts.push(arg)
      continue
    }
    const { name, inline } = nameOf(arg)
    const option = known.find((each) => each.name === name || (each.short !== undefined && arg === `-${each.short}`))
    if (!option) throw await unknownOption(arg, known, command)
    if (option.value === undefined) {
      if (inline !== undefined) throw usageProblem(`--${option.name} takes no value`)
      options[option.name] = true
      continue
    }
    const value = inline ?? args[++at]
    if (value === undefined) throw usageProblem(`--${option.name} wants ${option.value}`, helpOf(command))
    options[option.name] = value
  }
  if (command && !options.help) requireOptions(command, options)
  return { options, texts }
}

function nameOf(arg: string): { name: string; inline: string | undefined } {
  const text = arg.startsWith('--') ? arg.slice(2) : ''
  const equals = text.indexOf('=')
  return equals < 0
    ? { name: text, inline: undefined }
    : { name: text.slice(0, equals), inline: text.slice(equals + 1) }
}

function requireOptions(command: Command, options: Readonly<Record<string, string | true>>): void {
  const missing = (command.options ?? []).find((option) => option.required && options[option.name] === undefined)
  if (missing)
    throw usageProblem(`canopy ${command.words} wants --${missing.name} ${missing.value ?? ''}`.trim(), helpOf(command))
}

function bind(command: Command, texts: readonly string[]): Record<string, string> {
  const wanted = command.positionals ?? []
  const missing = wanted.slice(texts.length).find((positional) => !positional.optional)
  if (missing) throw usageProblem(`canopy ${command.words} wants ${missing.name}: ${missing.help}`, helpOf(command))
  if (texts.length > wanted.length) {
    const mend = wanted.length > 0 ? 'put quotes around a text with spaces' : helpOf(command)
    throw usageProblem(`canopy ${command.words} does not know what to do with ${texts[wanted.length]}`, mend)
  }
  return Object.fromEntries(texts.map((text, index) => [wanted[index]!.name, text]))
}

const helpOf = (command: Command | undefined): string =>
  `canopy ${command ? `${command.words} ` : ''}--help lists what it takes`

async function unknownCommand(words: string, commands: readonly Command[]): Promise<Problem> {
  const { nearest } = await import('@canopy/chassis')
  const all = commands.map((command) => command.words)
  const meant = nearest(
    words,
    words.includes(' ') ? all : [...new Set([...all.map((each) => each.split(' ')[0]!), ...all])],
  )
  const mend = meant ? `did you mean canopy ${meant}?` : 'canopy --help lists the commands'
  return usageProblem(`there is no command ${words}`, mend)
}

async function unknownOption(arg: string, known: readonly Option[], command: Command | undefined): Promise<Problem> {
  const { nearest } = await import('@canopy/chassis')
  const { name } = nameOf(arg)
  const meant =
    name === ''
      ? undefined
      : nearest(
          name,
          known.map((option) => option.name),
        )
  const subject = command ? `canopy ${command.words}` : 'canopy'
  return usageProblem(
    `${subject} has no option ${arg.split('=')[0]}`,
    meant ? `did you mean --${meant}?` : helpOf(command),
  )
}
