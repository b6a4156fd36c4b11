/** The text behind --help: of everything, of a group, of one command. */
import { type Command, globalOptions, type Option } from './command.ts'
import { pad, wrap } from './table.ts'

const width = 100

/** `words`: a command, the first word of several, or "" for all. */
export function helpLines(words: string, commands: readonly Command[]): readonly string[] {
  const command = commands.find((each) => each.words === words)
  if (command) return commandHelp(command)
  const listed = commands.filter((each) => words === '' || each.words.startsWith(`${words} `))
  const left = listed.map((each) => `canopy ${usageWords(each)}`)
  const indent = Math.min(52, Math.max(...left.map((text) => text.length)) + 2)
  return [
    words === '' ? 'canopy: what Canopy does, and what it is told.' : `canopy ${words}`,
    '',
    ...listed.flatMap((each, index) => entry(left[index]!, each.summary, indent)),
    '',
    ...optionLines(globalOptions),
    '',
    'Exit codes: 0 done, 1 failed, 2 asked wrongly, 3 found by --fail-on. NO_COLOR is honoured.',
    words === ''
      ? 'canopy COMMAND --help says more about each.'
      : `canopy ${words} COMMAND --help says more about each.`,
  ]
}

function commandHelp(command: Command): readonly string[] {
  const positionals = command.positionals ?? []
  const lines = [
    `canopy ${usageWords(command)}`,
    '',
    ...wrap(`${command.summary}.`, width - 2).map((line) => `  ${line}`),
  ]
  if (positionals.length > 0) lines.push('', ...positionals.flatMap(({ name, help }) => entry(name, help, 18)))
  if (command.options) lines.push('', ...optionLines(command.options))
  lines.push('', ...optionLines(globalOptions))
  if (command.examples) lines.push('', 'Examples', ...command.examples.map((example) => `  ${example}`))
  return lines
}

function usageWords({ words, positionals = [], options = [] }: Command): string {
  const parts = positionals.map(({ name, optional }) => (optional ? `[${name}]` : name))
  const required = options
    .filter((option) => option.required)
    .map((option) => `--${option.name} ${option.value ?? ''}`.trim())
  return [words, ...parts, ...required].join(' ')
}

function optionLines(options: readonly Option[]): readonly string[] {
  const left = options.map(
    ({ name, value, short }) => `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`,
  )
  return options.flatMap(({ help }, index) => entry(left[index]!, help, 24))
}

function entry(left: string, text: string, indent: number): readonly string[] {
  const lines = wrap(text, width - indent - 2)
  const first =
    left.length < indent ? [`  ${pad(left, indent)}${lines[0]}`] : [`  ${left}`, `  ${' '.repeat(indent)}${lines[0]}`]
  return [...first, ...lines.slice(1).map((line) => `  ${' '.repeat(indent)}${line}`)]
}
