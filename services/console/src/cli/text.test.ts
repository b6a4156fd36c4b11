import { describe, expect, it } from 'vitest'
import { shortVersion, wholeVersion } from './commands/config.ts'
import { csvField } from './commands/conflicts.ts'
import { holds, parseConditions } from './commands/status.ts'
import { ago, clock, duration, share } from './format.ts'
import { entryDetails, entryLine } from './log-text.ts'
import { Problem } from './problem.ts'
import { askCounts, clauseText, forestText, printCounts } from './scope-text.ts'
import { showLines } from './show-text.ts'
import { statusLines } from './status-text.ts'
import { clean, displayWidth, shorten, table, wrap } from './table.ts'
import { terminal } from './terminal.ts'
import { forest, now, shown, status, target, updated } from './text.fixture.ts'

const on = terminal({ write: () => undefined }, {})
const widest = (lines: readonly string[]): number => Math.max(...lines.map(displayWidth))

describe('status', () => {
  it('reads like the first screen', () => {
    expect(statusLines(status(), on, now)).toEqual([
      'Canopy 0.1.0 · in sync',
      '  forest  contoso.lab   ldaps://127.0.0.1:40243  600/600 objects  1,204/1,204 memberships  in sync',
      '  forest  fabrikam.lab  ldaps://127.0.0.1:38059  600/600 objects  988/988 memberships      in sync',
      '  cloud  entra  1,071 created · 0 updated · 0 disabled · 0 deleted · 0 held   equal to the forests',
      '         graph, sync · 1,071/1,071 objects · 2,192/2,192 memberships',
      '         84 ms from forest to cloud (99 %: 210 ms)',
      '  people 875 users · 160 groups · 36 contacts · 25 joined · 3 conflicts (canopy conflicts)',
      '  behind capture 0 · write 1,200',
      '  parked write: 2 records (canopy parked list)',
    ])
  })

  it('tells what is wrong and how to mend it, within 100 columns', () => {
    const lines = statusLines(
      status({
        state: 'down',
        forests: [
          forest({
            state: 'waiting',
            blind: true,
            server: `ldaps://${'a-very-long-name.'.repeat(5)}example`,
            code: 'CANOPY-LDAP-0004',
            message:
              'contoso: dc1.corp.contoso.com refused the bind for credential contoso-reader (invalid credentials, data 52e)',
            mend: 'give the agent a new value for contoso-reader',
          }),
        ],
        targets: [
          target({
            mode: 'observe',
            objectsEqual: 0,
            backlog: { leavers: 3, creates: 1_068 },
            oldestDifference: new Date('2026-11-22T22:04:10Z'),
          }),
        ],
        services: [
          {
            service: 'audit',
            state: 'down',
            code: 'CANOPY-RPC-0001',
            message: 'the service is not reachable '.repeat(5),
            mend: undefined,
          },
        ],
      }),
      on,
      now,
    )
    expect(widest(lines)).toBeLessThanOrEqual(100)
    const text = lines.join('\n')
    for (const part of [
      'mend give the agent',
      'blind',
      'nothing is written',
      'due: 3 leavers, 1,068 creates',
      'oldest difference 10 m',
      'down   audit',
    ]) {
      expect(text).toContain(part)
    }
  })

  it.each([
    ['held', { targets: [target({ held: 1 })] }, true],
    ['held', {}, false],
    ['conflicts', {}, true],
    ['stale=10m', {}, false],
    ['stale=500ms', undefined, 'refused'],
    ['stale', undefined, 'refused'],
    ['stale=10m', { targets: [target({ oldestDifference: new Date('2026-11-22T22:04:00Z') })] }, true],
    ['stale=10m', { forests: [forest({ freshAt: undefined })] }, true],
  ] as const)('--fail-on %s', (text, over, expected) => {
    if (expected === 'refused') return expect(() => parseConditions(text)).toThrow(/--fail-on does not know/)
    expect(parseConditions(text).some((each) => holds(each, status(over), now))).toBe(expected)
  })
})

describe('log', () => {
  const line = (over = {}) => entryLine(updated(over), on, now).replace(/^\d\d:\d\d:\d\d/, 'hh:mm:ss')

  it('has a line per change', () => {
    expect(line()).toBe('hh:mm:ss  updated          user     Ada Park-Lindqvist  displayName, surname  contoso  84 ms')
    expect(line({ action: 'create', changes: updated().result!.changes })).toContain(
      'created          user     Ada Park-Lindqvist  2 attributes  contoso',
    )
    const member = { kind: 'group', display: 'Team', changes: [], otherDisplay: 'Ada Park' }
    expect(line({ ...member, action: 'addMember' })).toContain('added member     group    Team  + Ada Park  84 ms')
    expect(line({ ...member, action: 'removeMember' })).toContain('removed member   group    Team  − Ada Park')
    expect(line({ outcome: 'OUTCOME_REFUSED', code: 'CANOPY-GRAPH-0007' })).toContain(
      'update refused   user     Ada Park-Lindqvist  CANOPY-GRAPH-0007',
    )
  })

  it('keeps to the width, whatever the names', () => {
    const long = {
      display: '太郎 '.repeat(60),
      changes: Array.from({ length: 30 }, (_, n) => ({
        attribute: `attribute${n}`,
        oldValues: [],
        newValues: [],
        provenance: undefined,
      })),
    }
    expect(displayWidth(line(long))).toBeLessThanOrEqual(100)
    expect(line({ display: 'Ada\u001b[2J\nPark' })).toContain('Ada·[2J·Park')
  })

  it('has steps and values below', () => {
    expect(entryDetails(updated(), on)).toEqual([
      '    import   +0 ms     dc1.contoso.com',
      '    export   +84 ms    update',
      '    displayName: "Ada Park" → "Ada Park-Lindqvist"  (contoso, user.displayName)',
      '    surname: (none) → "Park-Lindqvist"  (contoso, user.surname)',
      '    anchor   8a957bd3-72f7-54b4-8c3c-99170683c1a3  entry 7',
      '    cloud    e0e9121b-e87e-4bb0-ba46-bdc0c7f932da',
    ])
    const long = {
      changes: [
        {
          attribute: 'description',
          oldValues: ['x '.repeat(200)],
          newValues: ['y'.repeat(300)],
          provenance: undefined,
        },
      ],
    }
    expect(widest(entryDetails(updated(long), on))).toBeLessThanOrEqual(100)
  })
})

describe('show', () => {
  it('sets the four states side by side and marks differences', () => {
    expect(showLines(shown, { on, now })).toEqual([
      'Ada Park  user  anchor 8a957bd3-72f7-54b4-8c3c-99170683c1a3',
      '  forest contoso  CN=Ada Park,OU=Staff,DC=contoso,DC=com',
      '         dda33cf5-3d0d-44ce-8d47-d7d2b7e2d835  in scope',
      '  forest fabrikam  CN=A. Park,OU=Guests,DC=fabrikam,DC=com',
      '         24f4f7b2-a4e3-4cd3-8b69-d45aa999cae4  out of scope: OU=Guests is excluded',
      '  cloud  entra  e0e9121b-e87e-4bb0-ba46-bdc0c7f932da  due',
      '  note   conflict: case_7f3k',
      '',
      '   attribute       forest     source    mapped    resolved  cloud',
      '≠  displayName     contoso *  Ada Park  Ada Park  Ada Park  Ada Parker',
      '                   fabrikam   A. Park   A. Park',
      '   businessPhones  contoso    (none)    (none)    (none)    –',
      '≠ the cloud differs from what was resolved',
    ])
  })
})

describe('tables', () => {
  it('take from the widest column until they fit', () => {
    const rows = [['held_7f3k', 'x'.repeat(90), 'y'.repeat(60)]]
    const [head, row] = table([{ title: 'id', keep: true }, { title: 'a' }, { title: 'b', align: 'right' }], rows, {
      ...on,
      columns: 60,
    })
    expect(head).toHaveLength(60)
    expect(row).toMatch(/^held_7f3k {2}x+… {2}y+…$/)
    expect(row).toHaveLength(60)
  })
  it('count what is twice as wide, and cut between characters', () => {
    expect([displayWidth('太郎'), displayWidth('Zoë'), displayWidth('e\u0301'), displayWidth('👩‍💻')]).toEqual([
      4, 3, 1, 2,
    ])
    expect(shorten('太郎太郎', 6)).toBe('太郎…')
  })
  it('print nothing that moves the cursor or turns the text around', () => {
    expect(clean('a\u001b[31mb\u202ec\r\n')).toBe('a·[31mb·c··')
  })
  it('wrap words', () => expect(wrap('one two threefour', 7)).toEqual(['one two', 'threefo', 'ur']))
})

describe('formats', () => {
  it.each([
    [84, '84 ms'],
    [1_234, '1.2 s'],
    [12_000, '12 s'],
    [200_000, '3 m 20 s'],
    [7_500_000, '2 h 5 m'],
    [360_000_000, '4 d 4 h'],
  ])('%d ms is %s', (ms, text) => expect(duration(ms)).toBe(text))
  it('never rounds a share up to all', () => {
    expect([share(99_999, 100_000), share(5, 5), share(0, 0), share(1, 3)]).toEqual([
      '99.99 %',
      '100 %',
      '–',
      '33.33 %',
    ])
  })
  it('gives other days with their date', () => {
    expect(clock('2026-11-20T22:14:03Z', now)).toMatch(/^2026-11-2\d \d\d:\d\d:03$/)
    expect([clock(undefined, now), ago(undefined, now), ago('2026-11-22T22:14:07Z', now)]).toEqual([
      '--:--:--',
      'never',
      '3.0 s ago',
    ])
  })
  it('shows versions as people count', () => {
    expect([shortVersion('1099511627776'), shortVersion('1099511627779'), shortVersion('2199023255552')]).toEqual([
      '1',
      '4',
      '2.1',
    ])
    expect([wholeVersion('4'), wholeVersion('2.1'), wholeVersion(undefined)]).toEqual([
      '1099511627779',
      '2199023255552',
      undefined,
    ])
    expect(() => wholeVersion('latest')).toThrow(/does not know latest/)
  })
  it('lets no value become a formula', () => {
    expect([csvField('=1+1'), csvField('a,"b"'), csvField('Ada')]).toEqual(["'=1+1", '"a,""b"""', 'Ada'])
  })
  it('colours a terminal only, and not with NO_COLOR', () => {
    const tty = { isTTY: true, columns: 200, write: () => undefined }
    expect(terminal(tty, {}).paint('red', 'x')).toBe('\u001b[31mx\u001b[39m')
    expect(terminal(tty, { NO_COLOR: '1' }).paint('red', 'x')).toBe('x')
    expect(on.paint('red', 'x')).toBe('x')
    expect(terminal(tty, {}).columns).toBe(100)
  })
})

describe('what a scope drops', () => {
  const clause = {
    place: 'scope[0].exclude[1]',
    excludes: true,
    attributes: ['department'],
    asked: 600,
    applies: 12,
    absent: 40,
    admitsAbsent: false,
    warning: undefined,
  }
  it.each([
    [clause, 'scope[0].exclude[1] department: drops 12 of 600 objects of contoso; 40 have no value and are kept'],
    [
      { ...clause, excludes: false, attributes: ['title', 'l'], absent: 1 },
      'scope[0].exclude[1] title and l: admits 12 of 600 objects of contoso; 1 has no value and is not admitted',
    ],
    [
      { ...clause, excludes: false, applies: 600, admitsAbsent: true },
      'scope[0].exclude[1] department: admits 600 of 600 objects of contoso; 40 have no value and are admitted',
    ],
    [{ ...clause, absent: 0 }, 'scope[0].exclude[1] department: drops 12 of 600 objects of contoso'],
  ])('by a clause', (of, text) => expect(clauseText(of, 'contoso')).toBe(text))

  it('is not known where nobody answers, which is no failure', async () => {
    const failure = new Problem({ code: 'CANOPY-RPC-0001', message: 'the service is not reachable' })
    const counts = await askCounts({ err: on }, { post: async () => Promise.reject(failure) }, '')
    expect(counts).toEqual({ error: { code: 'CANOPY-RPC-0001', message: 'the service is not reachable' } })
    let out = ''
    printCounts({ out: terminal({ write: (text) => (out += text) }, {}) }, counts)
    expect(out).toBe('How many objects the scope drops is not known: CANOPY-RPC-0001  the service is not reachable\n')
  })

  it('of a forest', () => {
    const forest = {
      forest: 'contoso',
      objects: 1_600,
      inScope: 1_500,
      outOfScope: 70,
      undecided: 0,
      byGroups: 30,
      unlessGroups: 1_500,
      reasons: { privileged: 20, 'excluded by attribute': 50 },
      partial: false,
      clauses: [],
    }
    expect(forestText(forest)).toBe(
      'contoso: 1,600 objects; 1,500 in scope (but for members of the excluded groups), 70 out, 30 only as members of a group (50 excluded by attribute, 20 privileged)',
    )
    expect(forestText({ ...forest, partial: true })).toContain('the time was up before the others were counted')
    expect(forestText({ ...forest, objects: 0 })).toBe('contoso: no object was read of it yet')
  })
})
