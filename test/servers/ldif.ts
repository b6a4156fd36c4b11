/** Writes directory entries as LDIF (RFC 2849), the form every directory's bulk loader reads. */

export type LdifValue = string | Uint8Array
export type LdifEntry = {
  readonly dn: string
  readonly attributes: Readonly<Record<string, LdifValue | readonly LdifValue[]>>
}

/** One LDIF record per entry, lazily, so that a hundred thousand entries need no memory. */
export function* toLdif(entries: Iterable<LdifEntry>): Generator<string> {
  for (const entry of entries) {
    let record = line('dn', entry.dn)
    for (const [name, values] of Object.entries(entry.attributes)) {
      for (const value of isList(values) ? values : [values]) record += line(name, value)
    }
    yield `${record}\n`
  }
}

function isList(values: LdifValue | readonly LdifValue[]): values is readonly LdifValue[] {
  return Array.isArray(values)
}

function line(name: string, value: LdifValue): string {
  if (typeof value === 'string' && isSafe(value)) return `${name}: ${value}\n`
  return `${name}:: ${Buffer.from(value).toString('base64')}\n`
}

/** RFC 2849 SAFE-STRING: ASCII without NUL, CR and LF, not beginning with space, colon or less-than, not ending with space. */
function isSafe(value: string): boolean {
  if (/^[ :<]| $/.test(value)) return false
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if (code === 0 || code === 10 || code === 13 || code > 127) return false
  }
  return true
}
