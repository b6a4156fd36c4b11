/** The Transform RPCs: what a mapping makes of an object, and the examples of a configuration. */
import { Failure, unary } from '@canopy/chassis'
import type { change, configuration, contribution, transform as rpc } from '@canopy/proto'
import type { Active } from './active.ts'
import type { AskCapture } from './adapters/bindings.ts'
import { type Configured, configured } from './core/configured.ts'
import { contribute } from './core/contribute.ts'
import { runMappingTests } from './core/mapping-test.ts'
import { type Bound, dnsOf } from './core/scope.ts'
import { evaluateAll } from './expressions.ts'

export interface RpcParts {
  readonly active: () => Active | undefined
  readonly ask: AskCapture
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
    evaluateExpressions: unary(async ({ attempts }: rpc.EvaluateExpressionsRequest) => ({
      outcomes: evaluateAll(attempts, parts.now()),
    })),
  }
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
  const rule = config.scopes.get(object.forest)?.rule
  const { containers, groups } = rule ? dnsOf(rule) : { containers: [], groups: [] }
  const found = new Map<string, string>()
  if (containers.length > 0) {
    for (const [dn, guid] of await parts.ask.containers(object.forest, containers)) found.set(dn.toLowerCase(), guid)
  }
  for (const dn of groups) {
    const guid = await parts.ask.group(object.forest, dn)
    if (guid) found.set(dn.toLowerCase(), guid)
  }
  return make({ object, config, bound: (dn) => found.get(dn.toLowerCase()), parts })
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
