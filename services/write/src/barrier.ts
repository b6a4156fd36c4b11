/** The barrier before the first export: holds back only what was never exported, opens once, never closes. */
import type { Sql } from '@canopy/chassis'
import type { configuration, record } from '@canopy/proto'

export class Barrier {
  readonly #sql: Sql
  #open = false
  #wanted: readonly { name: string; domains: number }[] | undefined

  constructor(sql: Sql) {
    this.#sql = sql
  }

  get open(): boolean {
    return this.#open
  }

  async load(): Promise<void> {
    const rows = await this.#sql.query(`select name from barrier where name = 'export'`)
    this.#open = rows.length > 0
  }

  /** Forests that are optional, frozen or leaving are not waited for. */
  configure(next: configuration.Configuration): void {
    this.#wanted = next.forests
      .filter((forest) => !forest.optional && (forest.state === '' || forest.state === 'active'))
      .map((forest) => ({ name: forest.name, domains: forest.domains.length }))
  }

  /** True when it opened now. */
  async advance(watermarks: readonly record.Watermark[]): Promise<boolean> {
    if (this.#open || !this.#wanted || this.#wanted.length === 0) return false
    const complete = this.#wanted.every(
      (forest) => watermarks.filter((watermark) => watermark.forest === forest.name).length >= forest.domains,
    )
    if (!complete) return false
    await this.#sql.query(`insert into barrier (name) values ('export') on conflict do nothing`)
    this.#open = true
    return true
  }
}
