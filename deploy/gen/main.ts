/**
 * Writes the generated references: `node main.ts [--check]`. With `--check` nothing is written and the exit code is 1 when
 * a file is not what would be written.
 */
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ServiceDefinition } from '../../services/chassis/src/index.ts'
import { SourceSchema } from '../../services/control/src/index.ts'
import { chartSchemaFiles } from './chart-schema.ts'
import { expressionReference } from './expression-reference.ts'
import { configurationReference, eventsReference, sourceJsonSchema } from './references.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const rooms = ['agent', 'capture', 'transform', 'resolve', 'write', 'audit', 'control', 'console']

/** Rooms without a service.ts are not there yet. */
async function loadServices(): Promise<readonly ServiceDefinition[]> {
  const found: ServiceDefinition[] = []
  for (const room of rooms.filter((name) => existsSync(join(root, 'services', name, 'src', 'service.ts')))) {
    const module: Record<string, unknown> = await import(join(root, 'services', room, 'src', 'service.ts'))
    // What a room composes anew per process is exported as a function without required arguments.
    const made = Object.values(module).map((value) =>
      typeof value === 'function' && value.length === 0 ? value() : value,
    )
    const service = made.find(isService)
    if (service === undefined) throw new Error(`services/${room}/src/service.ts exports no service`)
    found.push(service)
  }
  return found
}

const isService = (value: unknown): value is ServiceDefinition =>
  typeof value === 'object' && value !== null && 'compose' in value && 'config' in value && 'name' in value

const services = await loadServices()
const outputs: readonly (readonly [path: string, text: string])[] = [
  ['services/EVENTS.md', eventsReference()],
  ['services/CONFIGURATION.md', configurationReference(services, SourceSchema)],
  ['services/EXPRESSIONS.md', expressionReference()],
  ['deploy/config/canopy.schema.json', sourceJsonSchema(SourceSchema)],
  ...chartSchemaFiles(),
]
const check = process.argv.includes('--check')
for (const [path, text] of outputs) {
  const target = join(root, path)
  const current = existsSync(target) ? await readFile(target, 'utf8') : undefined
  if (current === text) continue
  if (check) {
    process.stdout.write(`${path} is not fresh: run npm run gen\n`)
    process.exitCode = 1
  } else {
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, text)
    process.stdout.write(`${path} written\n`)
  }
}
