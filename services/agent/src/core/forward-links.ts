/** Finds the links that name somebody who was not told yet: the hub does not know whom they mean. */
import type { agent } from '@canopy/proto'
import { SeenNames } from './seen-names.ts'

/** More of them are not kept: everything is asked for its links once more. */
const maxFew = 10_000
/** Names remembered: 4 MB. Of a larger directory everything is asked for its links once more. */
const maxNames = 250_000

export class ForwardLinks {
  private seen = new SeenNames()
  private kept: agent.Entry[] = []
  private unknown: boolean

  /** `unknown`: objects were told that are not noted here. */
  constructor(unknown: boolean) {
    this.unknown = unknown
  }

  /** In the order in which they are told. */
  note(entry: agent.Entry): void {
    if (this.unknown) return
    if (this.seen.count >= maxNames) return this.forget()
    this.seen.add(entry.dn)
    for (const name in entry.links) {
      const links = entry.links[name]!
      if (links.added.every(({ dn }) => this.seen.has(dn))) continue
      if (this.kept.length === maxFew) return this.forget()
      this.kept.push({ ...entry, parentGuid: '', complete: false, attributes: {}, links: { [name]: links } })
    }
  }

  forget(): void {
    this.unknown = true
    this.kept = []
    this.seen = new SeenNames()
  }

  /** Undefined: they are not few, or not known. */
  few(): readonly agent.Entry[] | undefined {
    return this.unknown ? undefined : this.kept
  }
}
