/** The ceiling of this agent: from its configuration, or from a file that the owner of the host keeps. */
import { readFile } from 'node:fs/promises'
import { Failure, parseConfigDocument, problemsFailure, validateConfig } from '@canopy/chassis'
import { type AgentConfig, ceilingSchema } from '../config.ts'
import type { Ceiling } from '../core/ceiling.ts'

/** Failure CANOPY-AGENT-0005: the file cannot be read, or both are given. An agent without its ceiling does not start. */
export async function readCeiling(config: Pick<AgentConfig, 'ceiling' | 'ceiling_file'>): Promise<Ceiling> {
  const file = config.ceiling_file
  if (file === undefined) return toCeiling(config.ceiling)
  const { forests, attributes, ous } = config.ceiling
  if (forests.length + attributes.length + ous.length > 0)
    throw refused(
      'a ceiling in the configuration and one in a file',
      'keep one of agent.ceiling and agent.ceiling_file',
    )
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw refused('the file of the ceiling cannot be read', `make ${file} readable for the agent`, cause)
  }
  const checked = validateConfig({ schema: ceilingSchema, document: parseConfigDocument(text) })
  if (!checked.ok) throw problemsFailure(checked.problems, file)
  return toCeiling(checked.value)
}

const toCeiling = ({ forests, attributes, ous, read_only: readOnly }: AgentConfig['ceiling']): Ceiling => ({
  forests,
  attributes,
  ous,
  readOnly,
})

const refused = (message: string, mend: string, cause?: unknown): Failure =>
  new Failure({ kind: 'permanent', code: 'CANOPY-AGENT-0005', message, at: 'agent.ceiling_file', mend, cause })
