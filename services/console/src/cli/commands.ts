/** Every command, in the order the help lists them. */
import type { Command } from './command.ts'
import { agentCommands } from './commands/agent.ts'
import { check } from './commands/check.ts'
import { completion } from './commands/completion.ts'
import { configCommands } from './commands/config.ts'
import { conflicts } from './commands/conflicts.ts'
import { expression } from './commands/expression.ts'
import { forestRelease } from './commands/forest-release.ts'
import { heldCommands } from './commands/held.ts'
import { labCommands } from './commands/lab.ts'
import { log } from './commands/log.ts'
import { mapCommands } from './commands/map.ts'
import { parkedCommands } from './commands/parked.ts'
import { read } from './commands/read.ts'
import { resnapshot } from './commands/resnapshot.ts'
import { show } from './commands/show.ts'
import { status } from './commands/status.ts'
import { version } from './commands/version.ts'

export const commands: readonly Command[] = [
  check,
  status,
  log,
  show,
  conflicts,
  ...configCommands,
  expression,
  ...mapCommands,
  ...heldCommands,
  ...parkedCommands,
  resnapshot,
  read,
  forestRelease,
  ...agentCommands,
  ...labCommands,
  version,
  completion(() => commands),
]
