import { change, configuration } from '@canopy/proto'
import { expect, it } from 'vitest'
import { configured } from './core/configured.ts'
import { countScope } from './scope-counts.ts'

const config = configured(
  configuration.Configuration.fromPartial({
    name: 'test',
    forests: [{ name: 'contoso' }, { name: 'fabrikam' }],
    mappings: [{ kind: 'user', target: 'displayName', source: { $case: 'direct', value: 'displayName' } }],
  }),
)

/** Pages of two users, a second each, without end. */
function endless() {
  let nowMs = 0
  const page = async (forest: string, after: string) => {
    nowMs += 1_000
    const objects = [1, 2].map((n) =>
      change.DirectoryObject.fromPartial({ forest, guid: `${after}${n}`, version: 1n, kind: 'user' }),
    )
    return { objects, next: `${after}2` }
  }
  return { page, nowMs: () => nowMs, bound: async () => () => undefined, config }
}

it('tells what was counted by the time that nobody waits for more', async () => {
  const call = { signal: new AbortController().signal, deadlineMs: 5_000 }
  expect(await countScope({ ...endless(), call })).toMatchObject([
    { forest: 'contoso', objects: 10, inScope: 10, partial: true },
    { forest: 'fabrikam', objects: 0, partial: true },
  ])
})
