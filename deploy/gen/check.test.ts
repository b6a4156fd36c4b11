/** The house check finds a planted violation of each rule, and nothing in what is allowed. */
import { describe, expect, it } from 'vitest'
import { repositoryFiles } from './check.ts'
import { houseViolations, importsOf } from './house.ts'

const check = (path: string, text: string) => houseViolations([{ path, text }]).map(({ rule }) => rule)
const from = (specifier: string, what = '{ x }') => `import ${what} from '${specifier}'\n`

describe('the house check', () => {
  it.each([
    ['services/domain/src/guid.ts', from('node:crypto'), /domain imports nothing/],
    ['services/domain/src/guid.ts', from('@canopy/proto'), /no other room/],
    ['proto/src/topics.ts', from('@canopy/chassis'), /no other room/],
    ['services/chassis/src/retry.ts', from('@canopy/domain'), /chassis knows proto alone/],
    ['services/capture/src/service.ts', from('@canopy/resolve'), /never import each other/],
    ['services/capture/src/service.ts', from('@canopy/lab'), /never import each other/],
    ['services/capture/src/hub.test.ts', from('@canopy/lab'), /never import each other/],
    ['services/capture/src/service.ts', from('../../resolve/src/core/merge.ts'), /reaches out of its room/],
    ['services/lab/src/index.ts', from('@canopy/chassis'), /stands for strangers/],
    ['test/scenarios/a.test.ts', from('../../services/lab/src/authority.ts'), /reaches out of its room/],
    ['test/scenarios/a.test.ts', from('@canopy/resolve/src/core/merge.ts'), /not exported/],
    ['services/write/src/service.ts', from('@canopy/chassis/testing'), /test support/],
    ['services/write/src/core/plan.ts', from('../adapters/graph/body.ts'), /core is pure/],
    ['services/write/src/core/plan.ts', from('../config.ts'), /core is pure/],
    ['services/write/src/core/plan.ts', from('@canopy/chassis'), /types alone/],
    ['services/write/src/core/plan.ts', from('@canopy/chassis', '{ type A, b }'), /types alone/],
    ['services/write/src/core/plan.ts', from('node:fs'), /core is pure/],
    ['services/write/src/core/plan.ts', from('zod'), /core is pure/],
    ['services/write/src/adapters/graph/body.ts', from('../../work/engine.ts'), /not the flow/],
    ['services/capture/src/service.ts', from('kafkajs'), /kafkajs has its home/],
    ['services/chassis/src/bus/postgres.ts', from('pg', 'pg'), /pg has its home/],
    ['services/write/src/adapters/graph/call.ts', from('ldapts'), /ldapts has its home/],
    ['services/write/src/service.ts', from('@opentelemetry/api'), /has its home/],
    ['services/control/src/service.ts', from('yaml'), /has its home/],
    ['services/capture/src/adapters/hub.ts', from('@grpc/grpc-js'), /types alone/],
    ['services/write/src/service.ts', "const { x } = await import('kafkajs')\n", /kafkajs/],
    ['services/write/src/service.ts', "export * from '@canopy/audit'\n", /never import each other/],
    ['services/write/src/service.ts', "import '@canopy/audit'\n", /never import each other/],
    ['services/write/src/service.ts', "const x = require('kafkajs')\n", /kafkajs/],
    ['services/write/src/service.ts', "import {\n  a,\n  b,\n} from 'kafkajs'\n", /kafkajs/],
    ['services/write/src/service.ts', `${'x\n'.repeat(401)}`, /401 lines/],
    ['services/write/src/service.ts', 'export default 1\n', /no default export/],
    ['services/write/src/utils.ts', '', /named after its subject/],
    ['services/write/src/core/types.ts', '', /named after its subject/],
    ['services/write/src/helpers/retry.ts', '', /named after its subject/],
  ])('%s %j', (path, text, rule) => {
    const found = check(path, text)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(rule)
  })

  it.each([
    ['services/domain/src/guid.test.ts', from('vitest')],
    ['services/chassis/src/bus/kafka.ts', from('kafkajs') + from('@canopy/proto')],
    ['services/write/src/core/plan.ts', from('@canopy/domain') + from('../ports.ts') + from('./policy.ts')],
    [
      'services/write/src/core/plan.ts',
      from('@canopy/proto', 'type { A }') + from('@canopy/chassis', '{ type B, type C }'),
    ],
    ['services/write/src/core/plan.test.ts', from('fast-check') + from('../adapters/graph/body.ts')],
    [
      'services/write/src/service.ts',
      from('./adapters/graph/body.ts') + from('./core/plan.ts') + from('@canopy/chassis'),
    ],
    ['services/standalone/src/main.ts', from('@canopy/lab') + from('@canopy/capture')],
    ['services/agent/src/adapters/ldap/wire.ts', from('ldapts') + from('node:tls')],
    ['services/capture/src/adapters/hub.ts', from('@grpc/grpc-js', 'type { ServerDuplexStream }')],
    ['test/contract/bus.ts', from('@canopy/chassis/testing') + from('kafkajs')],
    ['services/write/src/service.ts', "// import { x } from 'kafkajs'\n/*\nimport { x } from 'kafkajs'\n*/\n"],
    ['vitest.config.ts', 'export default {}\n'],
    ['services/write/src/service.ts', 'x\n'.repeat(400)],
    ['services/write/src/commonality.ts', ''],
  ])('allows %s', (path, text) => expect(check(path, text)).toEqual([]))

  it('names the line', () => {
    expect(
      importsOf(`/** a\n * b */\n\nimport { x } from 'a'\n\nimport {\n  y,\n} from 'b'\n`).map(({ line }) => line),
    ).toEqual([4, 6])
  })

  it('reads the whole repository', async () => {
    const paths = (await repositoryFiles()).map((file) => file.path)
    expect(paths).toContain('services/chassis/src/failure.ts')
    expect(paths).toContain('deploy/gen/house.ts')
    expect(paths.some((path) => path.includes('node_modules') || path.startsWith('proto/gen/'))).toBe(false)
  })
})
