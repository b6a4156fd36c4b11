/** The control service: RPCs over the configuration store, publishing on canopy.config. */
import { readFile } from 'node:fs/promises'
import { type Component, classify, defineService, Failure } from '@canopy/chassis'
import { agents, control as proto, topics } from '@canopy/proto'
import { configurationStore } from './adapters/store/configuration.sql.ts'
import { agentsServer } from './agents.ts'
import { ControlConfig } from './config.ts'
import type { ConfigurationStore } from './ports.ts'
import { applyConfiguration, controlServer } from './rpc.ts'
import { followDomains } from './tenant-domains.ts'

/** Beside `src` in a checkout, one folder further up from `dist/src`. */
const migrations = new URL(import.meta.url.endsWith('.ts') ? '../migrations/' : '../../migrations/', import.meta.url)

export const control = defineService({
  name: 'control',
  config: ControlConfig,
  migrations,
  compose: async (context) => {
    const stage = await context.stage({
      name: 'control',
      inputs: [],
      outputs: [topics.config],
      handle: async () => {},
    })
    const store = configurationStore({ sql: context.sql, publish: stage.publish.bind(stage), now: context.now })
    context.rpc.addService(proto.ControlService, controlServer(store))
    const { authority_dir, hub, certificate_hours, token_mins } = context.config.agents
    const enrolment = agentsServer({
      sql: context.sql,
      now: context.now,
      authorityDir: authority_dir,
      hub,
      certificateHours: certificate_hours,
      tokenMinutes: token_mins,
    })
    context.rpc.addService(agents.AgentsService, enrolment)
    const { apply_file: file, domains_poll_ms: pollMs } = context.config
    const domains = followDomains({ store, channels: context.channels, pollMs, firstPollMs: Math.min(1_000, pollMs) })
    return file === undefined ? [domains] : [applyAtStart(store, file), domains]
  },
})

/** A file with problems ends the start: going on with the old version would look like having applied it. */
const applyAtStart = (store: ConfigurationStore, file: string): Component => ({
  name: 'apply file',
  start: async () => {
    const source = await readFile(file, 'utf8').catch((error: unknown) => {
      throw unreadable(file, error)
    })
    const { configuration, problems } = await applyConfiguration(store, { source, who: 'file' }, false)
    const first = problems.find((problem) => !problem.warning)
    if (configuration !== undefined || first === undefined) return
    throw new Failure({
      kind: 'permanent',
      code: first.code,
      message: first.message,
      at: `${file}:${first.line}:${first.column}  ${first.path}`,
      mend: first.mend === '' ? undefined : first.mend,
    })
  },
  stop: async () => {},
})

const unreadable = (file: string, error: unknown): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-CONFIG-0005',
    message: `the sync configuration cannot be read: ${classify(error).message}`,
    at: file,
    mend: 'check control.apply_file',
  })
