/** What the log consists of, independent of where it is kept. */

/** SHA-256 over the parts, one after the other. */
export type Digest = (...parts: readonly Uint8Array[]) => Uint8Array

/** Where a chain ends. */
export interface Head {
  readonly chain: number
  /** The offset behind the last result that is in the chain. */
  readonly nextOffset: bigint
  readonly entries: bigint
  readonly hash: Uint8Array
}

/** One result on its way into a chain. */
export interface Addition {
  readonly offset: bigint
  /** The result, encoded. */
  readonly body: Uint8Array
}

export interface Link extends Addition {
  readonly previous: Uint8Array
  readonly hash: Uint8Array
}
