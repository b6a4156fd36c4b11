/** Functions on bytes, and texts that stand for bytes. */
import { base64FromBytes, bytesFromBase64 } from '../../attributes.ts'
import { guidFromBytes, guidToBytes, parseGuid } from '../../guid.ts'
import { isSid, sidFromBytes } from '../../sid.ts'
import { declare, type ExpressionFunction, type Written } from '../declare.ts'
import { ExpressionFailure } from '../failure.ts'
import { binary, bytesOf, isBinary, isEmpty, isList, mapText, toText, type Value } from '../value.ts'

const encodings = ['Unicode', 'UTF8', 'ASCII', 'UTF7', 'UTF32'] as const
const supported: ReadonlySet<string> = new Set(['unicode', 'utf8', 'ascii'])

function utf16Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2)
  for (let n = 0; n < text.length; n++) {
    const unit = text.charCodeAt(n)
    bytes[n * 2] = unit & 0xff
    bytes[n * 2 + 1] = unit >> 8
  }
  return bytes
}

/** The bytes of an attribute that has some; a text in UTF-16. */
function toBase64(value: Value): Value {
  if (!isBinary(value)) return mapText(value, (text) => base64FromBytes(utf16Bytes(text)))
  const bytes = bytesOf(value)
  if (!bytes) throw new ExpressionFailure('the bytes of the value cannot be read')
  return base64FromBytes(bytes)
}

const decoders: Readonly<Record<string, TextDecoder>> = {
  unicode: new TextDecoder('utf-16le'),
  utf8: new TextDecoder('utf-8'),
}

/** What is not ASCII becomes a question mark, as .NET has it. */
const ascii = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => (byte < 128 ? String.fromCharCode(byte) : '?')).join('')

function fromBase64(source: Value, encoding: Value): Value {
  const name = isEmpty(encoding) ? 'unicode' : toText(encoding)!.toLowerCase()
  if (!supported.has(name)) throw new ExpressionFailure('the encoding is one of Unicode, UTF8, ASCII')
  return mapText(source, (text) => {
    const bytes = bytesFromBase64(text.trim())
    if (!bytes) throw new ExpressionFailure('the value is no base64')
    return name === 'ascii' ? ascii(bytes) : decoders[name]!.decode(bytes)
  })
}

const checkEncoding = ([, encoding]: Written) =>
  encoding === undefined || supported.has(String(encoding).toLowerCase())
    ? undefined
    : {
        argument: 1,
        message: encodings.includes(encoding as (typeof encodings)[number])
          ? `${String(encoding)} is not supported: Unicode, UTF8 and ASCII are`
          : 'Unicode, UTF8 or ASCII was expected',
      }

const encoder = new TextEncoder()
const hexDigits = '0123456789ABCDEF'

function hexOf(text: string): string {
  let hex = ''
  for (const byte of encoder.encode(text)) hex += hexDigits[byte >> 4]! + hexDigits[byte & 15]!
  return hex
}

function fromHex(text: string): string {
  if (!/^(?:[0-9A-Fa-f]{2})*$/.test(text)) throw new ExpressionFailure('the value is no hexadecimal text')
  const bytes = new Uint8Array(text.length / 2)
  for (let n = 0; n < bytes.length; n++) bytes[n] = Number.parseInt(text.slice(n * 2, n * 2 + 2), 16)
  return decoders.utf8!.decode(bytes)
}

/** Bytes of an attribute, or the text of a SID. */
function stringFromSid(value: Value): Value {
  if (isEmpty(value)) return undefined
  const text = toText(value)!
  if (isSid(text)) return text
  const bytes = isBinary(value) ? bytesOf(value) : bytesFromBase64(text)
  const sid = bytes && sidFromBytes(bytes)
  if (sid === undefined) throw new ExpressionFailure('the value is no SID')
  return sid
}

function stringFromGuid(value: Value): Value {
  if (isEmpty(value)) return undefined
  const bytes = isBinary(value) ? bytesOf(value) : undefined
  const guid = bytes ? guidFromBytes(bytes) : parseGuid(toText(value)!)
  if (guid === undefined) throw new ExpressionFailure('the value is no GUID')
  return guid
}

function guidBytes(value: Value): Value {
  if (isEmpty(value)) return undefined
  const bytes = guidToBytes(parseGuid(toText(value)!) ?? '')
  if (!bytes) throw new ExpressionFailure('the value is no GUID')
  return binary(bytes)
}

export const byteFunctions: readonly ExpressionFunction[] = [
  declare({
    is: 'ConvertToBase64(source: any): text',
    says: 'Base64 of the bytes of an attribute such as objectGUID, or of a text in UTF-16.',
    run: toBase64,
  }),
  declare({
    is: 'ConvertFromBase64(source: text, encoding?: text): text',
    says: 'The text that base64 holds: Unicode (UTF-16, unless said otherwise), UTF8 or ASCII. Fails where it is no base64.',
    run: fromBase64,
    check: checkEncoding,
  }),
  declare({
    is: 'ConvertToUTF8Hex(source: any): text',
    says: 'The bytes of the text in UTF-8 as capital hexadecimal digits. Of an attribute with bytes: of how it is shown.',
    run: (source) => mapText(isBinary(source) ? source.text : source, hexOf),
  }),
  declare({
    is: 'ConvertFromUTF8Hex(source: text): text',
    from: 'connect',
    says: 'The text of hexadecimal digits in UTF-8.',
    run: (source) => mapText(source, fromHex),
  }),
  declare({
    is: 'StringFromSid(value: any): text',
    says: 'S-1-… of a SID.',
    run: (value) => (isList(value) ? value : stringFromSid(value)),
  }),
  declare({
    is: 'StringFromGuid(value: any): text',
    from: 'connect',
    says: 'The text of a GUID.',
    run: stringFromGuid,
  }),
  declare({
    is: 'CGuid(value: text): binary',
    from: 'connect',
    says: 'The bytes of a GUID that is given as text.',
    run: guidBytes,
  }),
]
