/** SHA-256 by the platform. */
import { createHash } from 'node:crypto'
import type { Digest } from '../ports.ts'

export const sha256: Digest = (...parts) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
