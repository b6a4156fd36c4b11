/** The arithmetic of hash chains and of the seals over them. */
import type { Addition, Digest, Head, Link } from '../ports.ts'

/** What a chain's first entry follows: different per chain, so that chains cannot be exchanged. */
export const genesis = (digest: Digest, chain: number): Uint8Array =>
  digest(new TextEncoder().encode(`canopy.results/${chain}`))

export const linkHash = (digest: Digest, previous: Uint8Array, body: Uint8Array): Uint8Array => digest(previous, body)

/** Appends what the chain does not hold yet; additions are in ascending order of offset. */
export function extend<A extends Addition>(
  digest: Digest,
  head: Head,
  additions: readonly A[],
): { readonly links: readonly (A & Link)[]; readonly head: Head } {
  let { hash, nextOffset } = head
  const links: (A & Link)[] = []
  for (const addition of additions) {
    if (addition.offset < nextOffset) continue
    const previous = hash
    hash = linkHash(digest, previous, addition.body)
    nextOffset = addition.offset + 1n
    links.push({ ...addition, previous, hash })
  }
  return { links, head: { chain: head.chain, nextOffset, entries: head.entries + BigInt(links.length), hash } }
}

/** One hash over all heads and the seal before. */
export function sealRoot(digest: Digest, previous: Uint8Array, heads: readonly Omit<Head, 'entries'>[]): Uint8Array {
  const parts: Uint8Array[] = [previous]
  for (const head of heads.toSorted((a, b) => a.chain - b.chain)) {
    const place = new DataView(new ArrayBuffer(12))
    place.setUint32(0, head.chain)
    place.setBigUint64(4, head.nextOffset)
    parts.push(new Uint8Array(place.buffer), head.hash)
  }
  return digest(...parts)
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index])
