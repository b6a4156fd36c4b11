/** Reading a directory by the agent's own code; yardstick: ldapsearch with the same attributes of the same server, in turns. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { cp, lstat, mkdtemp, rm } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached } from '../servers/cache.ts'
import { runCommand } from '../servers/command.ts'
import { slapdServer, startSlapd } from '../servers/openldap/openldap.ts'
import { sambaServer, startSambaForest } from '../servers/samba/samba.ts'
import type { BenchOptions } from './main.ts'
import type { ReadFigures, ReadRequest } from './read-agent.ts'
import { domainAttributes, domainPeople, plainAttributes, plainPeople } from './read-people.ts'
import { round } from './sync.ts'

/** As the agent's image runs it: compiled, with its heap. */
const agentFlags = ['--max-semi-space-size=16', '--max-old-space-size=192']
const root = fileURLToPath(new URL('../../', import.meta.url))
/** Each side reads this often, in turns; the best counts: whatever else the machine does makes a reading slower, never faster. */
const turns = 3

interface Source extends ReadRequest {
  readonly baseDn: string
  readonly objects: number
}

export async function read(options: BenchOptions): Promise<Record<string, unknown>> {
  options.progress('compiling …')
  await runCommand(join(root, 'node_modules/.bin/tsc'), ['-b', join(root, 'services/agent')], { timeoutMs: 300_000 })
  return {
    bench: 'read',
    slapd: await readSlapd(options),
    samba: options.samba > 0 ? await readSamba(options) : 'not asked for: --samba N',
  }
}

async function readSlapd({ users, progress }: BenchOptions): Promise<unknown> {
  const missing = await slapdServer.available()
  if (missing !== undefined) return `skipped: ${missing}`
  progress(`slapadd of ${users} people …`)
  const suffix = 'dc=bench,dc=test'
  const slapd = await startSlapd({ suffix, entries: plainPeople(users, suffix) })
  try {
    return await compare(progress, {
      server: slapd.ldapUrl,
      domain: 'bench.test',
      baseDn: suffix,
      username: slapd.adminDn,
      password: slapd.adminPassword,
      attributes: plainAttributes,
      dialect: 'auto',
      objects: users,
    })
  } finally {
    await slapd.close()
  }
}

async function readSamba({ samba: users, progress }: BenchOptions): Promise<unknown> {
  const missing = await sambaServer.available()
  if (missing !== undefined) return `skipped: ${missing}`
  const domain = { name: 'BENCH.CONTOSO.TEST', netbios: 'BENCH' }
  progress(`a domain of ${users} people, made once (about ${Math.ceil(users / 600)} s) …`)
  const made = await cached(`samba-bench-${users}`, async (dir) => {
    const forest = await startSambaForest({ ...domain, dir: join(dir, 'domain') })
    try {
      await forest.load(domainPeople(users, forest.baseDn))
    } finally {
      await forest.close()
    }
  })
  const dir = await mkdtemp(join(tmpdir(), 'canopy-bench-samba-'))
  try {
    // Sockets of the process that made it cannot be copied, and need not be.
    const filter = async (path: string): Promise<boolean> => !(await lstat(path)).isSocket()
    await cp(join(made, 'domain'), dir, { recursive: true, preserveTimestamps: true, filter })
    const forest = await startSambaForest({ ...domain, dir })
    try {
      const source = {
        server: forest.ldapUrl,
        domain: domain.name.toLowerCase(),
        baseDn: forest.baseDn,
        username: forest.adminDn,
        password: forest.adminPassword,
        attributes: domainAttributes,
        objects: users,
      }
      return {
        dirsync: await compare(progress, { ...source, dialect: 'dirsync' }),
        usn: await compare(progress, { ...source, dialect: 'usn' }),
      }
    } finally {
      await forest.close()
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function compare(progress: (line: string) => void, source: Source): Promise<Record<string, unknown>> {
  const yardsticks: number[] = []
  const reads: ReadFigures[] = []
  // Once for the server's caches.
  await ldapsearch(source)
  for (let turn = 0; turn < turns; turn++) {
    yardsticks.push(await ldapsearch(source))
    const figures = await readByAgent(source)
    reads.push(figures)
    const { seconds, cpuSeconds, peakRssMb } = figures
    const said = [seconds, cpuSeconds].map((each) => `${each.toFixed(2)} s`)
    progress(
      `${source.dialect}: ldapsearch ${yardsticks.at(-1)!.toFixed(2)} s, agent ${said[0]}, CPU ${said[1]}, ${peakRssMb} MB`,
    )
  }
  const yardstick = Math.min(...yardsticks)
  const agent = reads.toSorted((a, b) => a.seconds - b.seconds)[0]!
  const cpuSeconds = Math.min(...reads.map((each) => each.cpuSeconds))
  return {
    objects: agent.objects,
    otherEntries: agent.otherEntries,
    attributes: source.attributes.length,
    seconds: round(agent.seconds),
    cpuSeconds: round(cpuSeconds),
    objectsPerSecond: Math.round(agent.objects / agent.seconds),
    objectsPerCpuSecond: Math.round(agent.objects / cpuSeconds),
    peakRssMb: Math.max(...reads.map((each) => each.peakRssMb)),
    rssMbAtTenthHalfAll: agent.rssMb,
    yardstick: { what: 'ldapsearch -E pr=1000/noprompt', seconds: round(yardstick) },
    timesYardstick: round(agent.seconds / yardstick),
  }
}

/** Seconds; what it prints goes nowhere. */
async function ldapsearch(source: Source): Promise<number> {
  const startedMs = performance.now()
  const account = ['-D', source.username, '-w', source.password]
  const where = ['-H', source.server, '-b', source.baseDn, '-E', 'pr=1000/noprompt', '(objectClass=*)']
  const flags = ['-LLL', '-x', '-o', 'ldif-wrap=no']
  const search = spawn('ldapsearch', [...flags, ...account, ...where, 'objectClass', ...source.attributes], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = (await once(search, 'close')) as [number]
  // 10: a domain refers to its other naming contexts.
  if (code !== 0 && code !== 10) throw new Error(`ldapsearch ended with ${code}`)
  return (performance.now() - startedMs) / 1000
}

async function readByAgent({ baseDn: _, objects: expected, ...request }: Source): Promise<ReadFigures> {
  // As compiled as what it imports: taking types off takes 20 MB, which the agent does not have.
  const program = stripTypeScriptTypes(readFileSync(join(import.meta.dirname, 'read-agent.ts'), 'utf8'))
  const run = ['--input-type=module', '--eval', program]
  const child = spawn(process.execPath, [...agentFlags, ...run, JSON.stringify({ ...request, expected })], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    said += text
  })
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`the reading ended with ${code}`)
  const figures = JSON.parse(said) as ReadFigures
  if (figures.objects < expected) throw new Error(`${figures.objects} of ${expected} objects were read`)
  return figures
}
