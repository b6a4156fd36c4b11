/** SHA-1, for thumbprints alone: they name a certificate and protect nothing. */

const rotated = (value: number, by: number): number => (value << by) | (value >>> (32 - by))

export function sha1(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(((bytes.length + 72) >> 6) << 6)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29))
  view.setUint32(padded.length - 4, (bytes.length << 3) >>> 0)
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0])
  const words = new Int32Array(80)
  for (let at = 0; at < padded.length; at += 64) {
    for (let n = 0; n < 16; n++) words[n] = view.getInt32(at + n * 4)
    for (let n = 16; n < 80; n++) words[n] = rotated(words[n - 3]! ^ words[n - 8]! ^ words[n - 14]! ^ words[n - 16]!, 1)
    block(state, words)
  }
  const digest = new Uint8Array(20)
  const out = new DataView(digest.buffer)
  for (const [n, word] of state.entries()) out.setInt32(n * 4, word)
  return digest
}

function block(state: Int32Array, words: Int32Array): void {
  let [a, b, c, d, e] = [state[0]!, state[1]!, state[2]!, state[3]!, state[4]!]
  for (let n = 0; n < 80; n++) {
    const [mixed, constant] = round(n, b, c, d)
    const next = (rotated(a, 5) + mixed + e + constant + words[n]!) | 0
    e = d
    d = c
    c = rotated(b, 30)
    b = a
    a = next
  }
  state[0] = state[0]! + a
  state[1] = state[1]! + b
  state[2] = state[2]! + c
  state[3] = state[3]! + d
  state[4] = state[4]! + e
}

function round(n: number, b: number, c: number, d: number): readonly [number, number] {
  if (n < 20) return [(b & c) | (~b & d), 0x5a827999]
  if (n < 40) return [b ^ c ^ d, 0x6ed9eba1]
  if (n < 60) return [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
  return [b ^ c ^ d, 0xca62c1d6]
}
