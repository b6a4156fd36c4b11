/** canopy log */
import type { audit } from '@canopy/proto'
import { parseSince } from '../../core/since.ts'
import { type Command, type Given, optionText, printJson } from '../command.ts'
import { count } from '../format.ts'
import type { Gateway } from '../gateway.ts'
import type { Json } from '../json.ts'
import { entryDetails, entryLine } from '../log-text.ts'
import { Problem, usageProblem } from '../problem.ts'

type Entry = Json<audit.AuditEntry>

export const log: Command = {
  words: 'log',
  summary: 'The provisioning log: one line per change in the cloud; with --verbose its steps and values',
  options: [
    { name: 'follow', short: 'f', help: 'goes on as changes happen, until Ctrl-C' },
    {
      name: 'object',
      value: 'X',
      help: 'an anchor, a cloud id or part of a name; memberships are found by either end',
    },
    { name: 'since', value: 'T', help: '2h (ago), or a time such as 2026-11-22T09:00:00Z' },
    { name: 'limit', value: 'N', help: 'the newest N entries (default 50, at most 1,000)' },
    { name: 'verbose', short: 'v', help: 'import, map, resolve, export of each change, and old → new values' },
    { name: 'verify', help: 'recomputes the hash chains instead: was anything changed afterwards?' },
  ],
  examples: ['canopy log --follow', 'canopy log --object "Ada Park" --since 2h --verbose', 'canopy log --verify'],
  run: async (given) => {
    const query = { object: optionText(given, 'object'), since: sinceOf(given), limit: limitOf(given) }
    const gateway = await given.gateway()
    if (given.options.verify) return await verify(given, gateway)
    if (given.options.follow) {
      for await (const entry of gateway.events<Entry>('log', { ...query, follow: '1' })) print(given, entry)
      return 0
    }
    const { entries } = await gateway.get<Json<audit.QueryResponse>>('log', query)
    for (const entry of entries) print(given, entry)
    if (entries.length === 0 && !given.json) given.out.line('Nothing was changed.')
    return 0
  },
}

/** Relative times are of this machine's clock. */
function sinceOf(given: Given): string | undefined {
  const text = optionText(given, 'since')
  if (text === undefined) return undefined
  const at = parseSince(text, given.now())
  if (at) return at.toISOString()
  throw usageProblem(`--since does not know ${text}`, '2h, 30m, 7d, or 2026-11-22T09:00:00Z')
}

/** A follower begins with what is new, unless it asks for more. */
function limitOf(given: Given): string {
  const otherwise = given.options.follow && given.options.since === undefined ? '0' : '50'
  const text = optionText(given, 'limit') ?? otherwise
  if (/^\d{1,4}$/.test(text) && Number(text) <= 1_000) return text
  throw usageProblem(`--limit is a number up to 1,000, not ${text}`)
}

function print(given: Given, entry: Entry): void {
  if (given.json) return printJson(given, entry)
  given.out.line(entryLine(entry, given.out, given.now()))
  if (given.options.verbose) for (const line of entryDetails(entry, given.out)) given.out.line(line)
}

async function verify(given: Given, gateway: Gateway): Promise<number> {
  const verdict = await gateway.get<Json<audit.VerifyResponse>>('log/verify')
  if (given.json) {
    printJson(given, verdict)
    return verdict.intact ? 0 : 1
  }
  for (const gap of verdict.gaps) given.out.line(`gap: ${gap}`)
  if (!verdict.intact) {
    throw new Problem({
      code: 'CANOPY-AUDIT-0002',
      message: 'the provisioning log was changed after it was written',
      at: `entry ${verdict.brokenAt}`,
      mend: 'compare with a backup of the audit store; what is behind this entry proves nothing',
    })
  }
  given.out.line(`${count(verdict.entries)} entries, every hash fits.`)
  return 0
}
