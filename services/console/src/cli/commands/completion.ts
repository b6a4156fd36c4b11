/** canopy completion */
import { type Command, globalOptions } from '../command.ts'
import { usageProblem } from '../problem.ts'

export const completion = (commands: () => readonly Command[]): Command => ({
  words: 'completion',
  summary: 'A script that completes commands and options in a shell',
  positionals: [{ name: 'SHELL', help: 'bash or zsh' }],
  examples: ['source <(canopy completion bash)'],
  run: async ({ positionals, out }) => {
    const shell = positionals.SHELL
    if (shell !== 'bash' && shell !== 'zsh') throw usageProblem(`there is no completion for ${shell}`, 'bash or zsh')
    if (shell === 'zsh') out.line('autoload -U +X bashcompinit && bashcompinit')
    for (const line of bash(commands())) out.line(line)
    return 0
  },
})

function bash(commands: readonly Command[]): readonly string[] {
  const options = (command: Command): string =>
    [...(command.options ?? []), ...globalOptions].map(({ name }) => `--${name}`).join(' ')
  const firsts = [...new Set(commands.map(({ words }) => words.split(' ')[0]!))]
  const seconds = firsts.flatMap((first) => {
    const rest = commands.flatMap(({ words }) => (words.startsWith(`${first} `) ? [words.split(' ')[1]!] : []))
    return rest.length > 0 ? [`    '${first}') words='${rest.join(' ')}' ;;`] : []
  })
  return [
    '_canopy() {',
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: the shell's own
    '  local current="${COMP_WORDS[COMP_CWORD]}" words=""',
    '  case "${COMP_WORDS[*]:1:COMP_CWORD-1}" in',
    `    '') words='${firsts.join(' ')}' ;;`,
    ...seconds,
    ...commands.map((command) => `    '${command.words}'*) words='${options(command)}' ;;`),
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: the shell's own
    'complete -o default -F _canopy canopy',
  ]
}
