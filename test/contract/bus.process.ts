/** How the processes of the bus contract reach the same bus, and what they say to each other. */
import { type ChildProcess, fork } from 'node:child_process'
import { type Bus, kafkaBus, postgresBus, postgresSql, silentLog } from '@canopy/chassis'
import type { TestSql } from '@canopy/chassis/testing'
import type { Topic } from '@canopy/proto'

/** What another process needs to open the same bus. */
export type BusConnection =
  | { readonly kind: 'postgres'; readonly connection: TestSql['connection']; readonly schema: string }
  | { readonly kind: 'kafka'; readonly brokers: readonly string[] }

export type MemberOrder =
  | { readonly kind: 'consume'; readonly connection: BusConnection; readonly topic: string; readonly group: string }
  | {
      readonly kind: 'append'
      readonly connection: BusConnection
      readonly topic: string
      readonly name: string
      readonly count: number
    }
  | { readonly kind: 'position'; readonly partition: number; readonly position: string }

export type MemberReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'position?'; readonly partition: number }
  | { readonly kind: 'handled'; readonly partition: number; readonly offsets: readonly string[] }
  | { readonly kind: 'assigned'; readonly partitions: readonly number[] }
  | { readonly kind: 'appended' }
  | { readonly kind: 'failed'; readonly message: string }

const raw: Topic<Uint8Array>['codec'] = { encode: (message) => ({ finish: () => message }), decode: (input) => input }

/** A topic of the contract alone: four partitions on either bus. */
export function plainTopic(name: string, cleanup: Topic['cleanup'] = 'compact', partitions = 4): Topic<Uint8Array> {
  return {
    name,
    codec: raw,
    key: 'key',
    orderingSegments: 1,
    cleanup,
    partitions: { kafka: partitions, embedded: partitions },
  }
}

/** The bus as one more process sees it. */
export async function busOf(
  connection: BusConnection,
  now?: () => Date,
): Promise<{ bus: Bus; close(): Promise<void> }> {
  if (connection.kind === 'kafka') {
    const bus = await kafkaBus({ brokers: connection.brokers, clientId: 'canopy-contract', log: silentLog })
    return { bus, close: () => bus.close() }
  }
  const sql = await postgresSql({ connection: connection.connection, schema: connection.schema })
  const bus = await postgresBus({ sql, now })
  return {
    bus,
    close: async () => {
      await bus.close()
      await sql.close()
    },
  }
}

/** A child process that opens the bus and does what it is told; killed with the test that started it. */
export class Member {
  readonly #child: ChildProcess
  readonly #reports: MemberReport[] = []
  readonly #onReport: (report: MemberReport) => void

  constructor(onReport: (report: MemberReport) => void = () => {}) {
    this.#onReport = onReport
    this.#child = fork(new URL('./bus.member.ts', import.meta.url), {
      execArgv: ['--conditions=@canopy/source', '--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child.on('message', (report: MemberReport) => {
      this.#reports.push(report)
      this.#onReport(report)
    })
  }

  async order(order: MemberOrder): Promise<void> {
    await this.seen('ready')
    this.answer(order)
  }

  answer(order: MemberOrder): void {
    if (this.#child.connected) this.#child.send(order)
  }

  /** Resolves with the first report of the kind; rejects when the child failed or ended before. */
  async seen<K extends MemberReport['kind']>(kind: K): Promise<Extract<MemberReport, { kind: K }>> {
    for (;;) {
      const found = this.#reports.find((report) => report.kind === kind)
      if (found !== undefined) return found as Extract<MemberReport, { kind: K }>
      const failed = this.#reports.find((report) => report.kind === 'failed')
      if (failed?.kind === 'failed') throw new Error(`the other process failed: ${failed.message}`)
      if (this.#child.exitCode !== null) throw new Error('the other process ended')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
