/**
 * Where each change of one controller's database was made first: at itself, or at another one it was replicated from.
 *
 * Kept as runs of numbers that rise together: local USNs `from`… are USNs `usn`… of the controller `id`.
 */

interface Run {
  readonly from: number
  readonly id: string
  readonly usn: number
}

/** The highest USN known of each controller, by invocationId. */
export type UpToDateness = ReadonlyMap<string, number>

export class Origins {
  readonly #runs: Run[] = []
  readonly #highest = new Map<string, number>()

  /** Notes that the local USN `local` is the USN `usn` of the controller `id`; call in rising order of `local`. */
  note(local: number, origin: { readonly id: string; readonly usn: number }): void {
    this.#highest.set(origin.id, Math.max(this.#highest.get(origin.id) ?? 0, origin.usn))
    const last = this.#runs.at(-1)
    if (last?.id === origin.id && last.usn - last.from === origin.usn - local) return
    this.#runs.push({ from: local, ...origin })
  }

  /** Takes over what another database knows, of which every USN is `by` higher here. */
  copy(source: Origins, by: number): void {
    for (const run of source.#runs) this.#runs.push({ ...run, from: run.from + by })
    for (const [id, usn] of source.#highest) this.reached({ id, usn })
  }

  /** Raises what is known of a controller without a change of our own: its change was here already. */
  reached(origin: { readonly id: string; readonly usn: number }): void {
    this.#highest.set(origin.id, Math.max(this.#highest.get(origin.id) ?? 0, origin.usn))
  }

  knows(id: string): boolean {
    return this.#highest.has(id)
  }

  get highest(): UpToDateness {
    return this.#highest
  }

  of(local: number): { readonly id: string; readonly usn: number } | undefined {
    let low = 0
    let high = this.#runs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#runs[middle]?.from ?? 0) <= local) low = middle + 1
      else high = middle
    }
    const run = this.#runs[low - 1]
    return run === undefined ? undefined : { id: run.id, usn: run.usn + local - run.from }
  }

  /** The highest local USN up to which a reader that is so far knows everything; `highestUsn` where it knows all. */
  knownUpTo(reader: UpToDateness, highestUsn: number): number {
    for (const [at, run] of this.#runs.entries()) {
      const end = (this.#runs[at + 1]?.from ?? highestUsn + 1) - 1
      const known = (reader.get(run.id) ?? 0) - run.usn + run.from
      if (known < end) return Math.max(known, run.from - 1)
    }
    return highestUsn
  }
}
