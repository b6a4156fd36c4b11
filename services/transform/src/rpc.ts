/** The Transform RPCs: what a mapping makes of an object, and the examples of a configuration. */
import { Failure, unary } from '@canopy/chassis'
import type { change, configuration, contribution, transform as rpc } from '@canopy/proto'
import type { Active } from './active.ts'
import type { AskCapture } from './adapters/bindings.ts'
import type { AskPage } from './adapters/capture.ts'
import { type Configured, configured } from './core/configured.ts'
import { contribute } from './core/contribute.ts'
import { runMappingTests } from './core/mapping-test.ts'
import { type Bound, dnsOf } from './core/scope.ts'
import { evaluateAll } from './expressions.ts'
import { type CountParts, countScope } from './scope-counts.ts'

export interface RpcParts {
  readonly active: () => Active | undefined
  readonly ask: AskCapture
  readonly page: AskPage
  readonly now: () => Date
}

export function transformServer(parts: RpcParts): rpc.TransformServer {
  return {
    preview: unary(async ({ object, configuration }: rpc.PreviewRequest) => {
      if (!object) {
        throw new Failure({ kind: 'permanent', code: 'CANOPY-TRANSFORM-0002', message: 'the request names no object' })
      }
      return configuration ? drafted(parts, object, configuration) : mapped(parts, object)
    }),
    testMappings: unary(async ({ configuration, tests }: rpc.TestMappingsRequest) => {
      const config = configuration ? configured(configuration) : activeOf(parts).config
      return { results: [...runMappingTests(tests, config, parts.now())] }
    }),
    countScope: unary(async ({ configuration }: rpc.CountScopeRequest, call) => ({
      forests: await countScope({
        ...scopesOf(parts, configuration),
        page: parts.page,
        call,
        nowMs: () => parts.now().getTime(),
      }),
    })),
    evaluateExpressions: unary(async ({ attempts }: rpc.EvaluateExpressionsRequest) => ({
      outcomes: evaluateAll(attempts, parts.now()),
    })),
  }
}

function scopesOf(
  parts: RpcParts,
  draft: configuration.Configuration | undefined,
): Pick<CountParts, 'config' | 'bound'> {
  if (draft) {
    const config = configured(draft)
    return { config, bound: (forest) => lookedUp(parts, config, forest) }
  }
  const { config, bound } = activeOf(parts)
  return { config, bound: async (forest) => bound(forest) }
}

function activeOf({ active }: RpcParts): Active {
  const found = active()
  if (found) return found
  const message = 'there is no configuration yet'
  throw new Failure({ kind: 'transient', code: 'CANOPY-TRANSFORM-0001', message, mend: 'apply a configuration first' })
}

async function mapped(parts: RpcParts, object: change.DirectoryObject): Promise<contribution.Contribution> {
  const { config, bound } = activeOf(parts)
  return make({ object, config, bound: bound(object.forest), parts })
}

/** The DNs of its scopes are looked up for this once and not bound: a draft leaves nothing behind. */
async function drafted(
  parts: RpcParts,
  object: change.DirectoryObject,
  draft: configuration.Configuration,
): Promise<contribution.Contribution> {
  const config = configured(draft)
  return make({ object, config, bound: await lookedUp(parts, config, object.forest), parts })
}

async function lookedUp({ ask }: RpcParts, config: Configured, forest: string): Promise<Bound> {
  const rule = config.scopes.get(forest)?.rule
  const { containers, groups } = rule ? dnsOf(rule) : { containers: [], groups: [] }
  const found = new Map<string, string>()
  if (containers.length > 0) {
    for (const [dn, guid] of await ask.containers(forest, containers)) found.set(dn.toLowerCase(), guid)
  }
  for (const dn of groups) {
    const guid = await ask.group(forest, dn)
    if (guid) found.set(dn.toLowerCase(), guid)
  }
  return (dn) => found.get(dn.toLowerCase())
}

function make(of: {
  readonly object: change.DirectoryObject
  readonly config: Configured
  readonly bound: Bound
  readonly parts: RpcParts
}): contribution.Contribution {
  const { object, config, bound, parts } = of
  const made = contribute({ object, config, bound, now: parts.now(), chance: parts.active()?.chance })
  if (made) return made.contribution
  const message = `the configuration has no forest ${object.forest}`
  throw new Failure({ kind: 'permanent', code: 'CANOPY-TRANSFORM-0003', message })
}
