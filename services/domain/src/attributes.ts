/** The attribute catalogue: how the bytes of a source attribute read as text, and which target attributes are special. */
import { guidFromBytes } from './guid.ts'
import { sidFromBytes } from './sid.ts'
import { targetAttributes } from './target-attributes.ts'

/** How an attribute's bytes are read. */
export type AttributeSyntax = 'text' | 'guid' | 'sid' | 'octets'

const syntaxes: ReadonlyMap<string, AttributeSyntax> = new Map([
  ['objectguid', 'guid'],
  ['msexchmailboxguid', 'guid'],
  ['msexcharchiveguid', 'guid'],
  ['msexchdisabledarchiveguid', 'guid'],
  ['objectsid', 'sid'],
  ['sidhistory', 'sid'],
  ['msexchmasteraccountsid', 'sid'],
  ['msrtcsip-originatorsid', 'sid'],
  ['ms-ds-creatorsid', 'sid'],
  ['securityidentifier', 'sid'],
  ['ms-ds-consistencyguid', 'octets'],
  ['thumbnailphoto', 'octets'],
  ['jpegphoto', 'octets'],
  ['usercertificate', 'octets'],
  ['usersmimecertificate', 'octets'],
  ['msexchsafesendershash', 'octets'],
  ['msexchsaferecipientshash', 'octets'],
  ['msexchblockedsendershash', 'octets'],
  ['msds-keycredentiallink', 'octets'],
  ['logonhours', 'octets'],
  ['ntsecuritydescriptor', 'octets'],
])

/** By the lower-case name; everything that is not listed is text. */
export const attributeSyntax = (lowerName: string): AttributeSyntax => syntaxes.get(lowerName) ?? 'text'

const utf8 = new TextDecoder('utf-8')

/** Base64 with padding. */
export function base64FromBytes(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** Undefined where the text is no base64. */
export function bytesFromBase64(text: string): Uint8Array | undefined {
  try {
    const binary = atob(text)
    const bytes = new Uint8Array(binary.length)
    for (let n = 0; n < binary.length; n++) bytes[n] = binary.charCodeAt(n)
    return bytes
  } catch {
    return undefined
  }
}

/** Bytes that do not fit their syntax are shown as base64 rather than lost. */
export function attributeText(lowerName: string, bytes: Uint8Array): string {
  const syntax = attributeSyntax(lowerName)
  switch (syntax) {
    case 'text':
      return utf8.decode(bytes)
    case 'guid':
      return guidFromBytes(bytes) ?? base64FromBytes(bytes)
    case 'sid':
      return sidFromBytes(bytes) ?? base64FromBytes(bytes)
    case 'octets':
      return base64FromBytes(bytes)
    default:
      return syntax satisfies never
  }
}

/** Target attributes whose values travel as "true" and "false". */
export const isBooleanTarget = (target: string): boolean => booleanTargets.has(target)

const booleanTargets: ReadonlySet<string> = new Set(
  Object.values(targetAttributes).flatMap((table) =>
    Object.entries(table).flatMap(([name, { type }]) => (type === 'boolean' ? [name] : [])),
  ),
)
