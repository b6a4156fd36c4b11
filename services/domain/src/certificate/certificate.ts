/** Takes X.509 certificates apart, as far as mappings ask: names, dates, numbers and identifiers. Nothing is verified. */
import { parseTime } from '../expression/time/parse-time.ts'
import { type Element, element, hexText, inside, oidText, tags, textOf } from './der.ts'
import { sha1 } from './sha1.ts'

export interface Certificate {
  readonly version: number
  /** Hexadecimal, capital. */
  readonly serialNumber: string
  /** As .NET writes names: "CN=device, O=Contoso", the most special part first. */
  readonly issuer: string
  readonly subject: string
  /** Milliseconds since 1970. */
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly signatureAlgorithm: string
  readonly keyAlgorithm: string
  /** Hexadecimal; empty without any. */
  readonly keyParameters: string
  /** SHA-1, hexadecimal, capital. */
  readonly thumbprint: string
  readonly extensions: readonly string[]
}

/** Undefined where the bytes are no certificate. */
export function parseCertificate(bytes: Uint8Array): Certificate | undefined {
  const outer = element(bytes)
  const [body, signature] = (outer?.tag === 0x30 ? inside(outer) : undefined) ?? []
  const fields = body?.tag === 0x30 ? inside(body) : undefined
  if (!outer || !fields || !signature) return undefined
  const hasVersion = fields[0]?.tag === tags.version
  const [serial, , issuer, validity, subject, key, ...rest] = hasVersion ? fields.slice(1) : fields
  const dates = validity && inside(validity)?.map(timeMs)
  const [algorithm] = (key && inside(key)) ?? []
  const [keyOid, parameters] = (algorithm && inside(algorithm)) ?? []
  const signatureOid = inside(signature)?.[0]
  const issuerName = issuer && nameText(issuer)
  const subjectName = subject && nameText(subject)
  if (serial?.tag !== tags.integer || keyOid?.tag !== tags.oid || signatureOid?.tag !== tags.oid) return undefined
  if (issuerName === undefined || subjectName === undefined) return undefined
  const [notBeforeMs, notAfterMs] = dates ?? []
  if (notBeforeMs === undefined || notAfterMs === undefined) return undefined
  return {
    version: hasVersion ? (inside(fields[0]!)?.[0]?.content.at(-1) ?? 0) + 1 : 1,
    serialNumber: hexText(
      serial.content[0] === 0 && serial.content.length > 1 ? serial.content.subarray(1) : serial.content,
    ),
    issuer: issuerName,
    subject: subjectName,
    notBeforeMs,
    notAfterMs,
    signatureAlgorithm: oidText(signatureOid),
    keyAlgorithm: oidText(keyOid),
    keyParameters: parameters ? hexText(parameters.whole) : '',
    thumbprint: hexText(sha1(outer.whole)),
    extensions: extensionsOf(rest),
  }
}

/** Years of two digits are after 1950. */
function timeMs({ tag, content }: Element): number | undefined {
  const text = String.fromCharCode(...content.subarray(0, 20))
  if (tag === tags.utcTime) return parseTime(`${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}`)
  return tag === tags.generalizedTime ? parseTime(text) : undefined
}

function extensionsOf(rest: readonly Element[]): readonly string[] {
  const wrapped = rest.find(({ tag }) => tag === tags.extensions)
  const list = wrapped && inside(wrapped)?.[0]
  return ((list && inside(list)) ?? []).flatMap((one) => {
    const id = inside(one)?.[0]
    return id?.tag === tags.oid ? [oidText(id)] : []
  })
}

const shortNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'S',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'T',
  '2.5.4.42': 'G',
  '2.5.4.43': 'I',
  '1.2.840.113549.1.9.1': 'E',
  '0.9.2342.19200300.100.1.25': 'DC',
}

/** Undefined where it is no name. */
function nameText(name: Element): string | undefined {
  const sets = inside(name)
  const parts = sets?.map((set) => inside(set)?.map(partText).join(' + '))
  return parts?.every((part) => part !== undefined) ? parts.toReversed().join(', ') : undefined
}

function partText(pair: Element): string {
  const [id, value] = inside(pair) ?? []
  if (!id || !value) return ''
  const oid = oidText(id)
  const text = textOf(value)
  const isQuoted = /[,+="\n<>#;]|^\s|\s$/.test(text) || text === ''
  return `${shortNames[oid] ?? `OID.${oid}`}=${isQuoted ? `"${text.replaceAll('"', '""')}"` : text}`
}
