/** The source anchor: the value of an object that makes accounts of one person equal across forests and tools. */
import { base64FromBytes } from './attributes.ts'
import { guidToBytes } from './guid.ts'

/**
 * Base64 of mS-DS-ConsistencyGuid where a user has a usable one (16 bytes, not all zero), else of objectGUID; both in the
 * directory's byte order.
 */
export function sourceAnchor(of: { readonly consistencyGuid: Uint8Array | undefined; readonly guid: string }): string {
  const { consistencyGuid } = of
  if (consistencyGuid?.length === 16 && consistencyGuid.some((byte) => byte !== 0)) {
    return base64FromBytes(consistencyGuid)
  }
  const bytes = guidToBytes(of.guid)
  return bytes ? base64FromBytes(bytes) : ''
}
