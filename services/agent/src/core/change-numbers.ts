/** Reads the cookies of OpenLDAP, which are change numbers (CSN) per server: times, and nothing of the search they came from. */

/**
 * A live OpenLDAP tells of each change the change number of the one server that made it ("rid=1,csn=T#n#server#n;…"):
 * those of the others stand. Cookies of other servers are opaque, and the newest is the position.
 */
export function mergeCookies(before: string, after: string): string {
  const newer = changeNumbers(after)
  const older = changeNumbers(before)
  if (!newer || !older) return after
  const numbers = new Map([...older.numbers, ...newer.numbers])
  for (const [server, number] of older.numbers)
    if (number > (newer.numbers.get(server) ?? '')) numbers.set(server, number)
  const sorted = [...numbers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, number]) => number)
  return `${newer.head}csn=${sorted.join(';')}`
}

function changeNumbers(cookie: string): { readonly head: string; readonly numbers: Map<string, string> } | undefined {
  const match = /^((?:(?:rid|sid)=[0-9a-f]+,)*)csn=([^,]+)(?:,delcsn=[^,]+)?$/.exec(cookie)
  if (!match) return undefined
  const numbers = new Map<string, string>()
  for (const number of match[2]!.split(';')) {
    const server = number.split('#')[2]
    if (server === undefined) return undefined
    numbers.set(server, number)
  }
  return { head: match[1]!, numbers }
}

export const isChangeNumbers = (cookie: Buffer): boolean => changeNumbers(cookie.toString('latin1')) !== undefined
