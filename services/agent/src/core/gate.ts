/** Lets one version of a credential be refused once: never a second attempt, however many partitions use it. */
import type { Trouble } from '../ports.ts'

export class CredentialGate {
  private readonly refused = new Map<string, Trouble>()
  private readonly proven = new Set<string>()
  private readonly trying = new Map<string, Promise<unknown>>()

  /** The refusal that stands against this version. */
  refusal(version: string): Trouble | undefined {
    return this.refused.get(version)
  }

  refuse(version: string, trouble: Trouble): void {
    this.refused.set(version, trouble)
    this.proven.delete(version)
  }

  /**
   * Runs `attempt` alone until one with this version succeeded. Undefined: meanwhile it was refused to somebody else.
   */
  async attempt<T>(version: string, attempt: () => Promise<T>): Promise<T | undefined> {
    for (;;) {
      if (this.refused.has(version)) return undefined
      if (this.proven.has(version)) return attempt()
      const other = this.trying.get(version)
      if (!other) break
      await other
    }
    const run = attempt()
    this.trying.set(
      version,
      run.then(
        () => undefined,
        () => undefined,
      ),
    )
    try {
      const result = await run
      this.proven.add(version)
      return result
    } finally {
      this.trying.delete(version)
    }
  }
}
