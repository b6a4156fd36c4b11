/** A second domain controller of a running Samba domain, which replicates only when it is told to. */
import { runCommand } from '../command.ts'
import { beginLife, type Lifecycle } from '../lifecycle.ts'
import { accepts, freeAddress } from '../loopback.ts'
import { startOwned } from '../owned-process.ts'
import { workdir } from '../workdir.ts'
import { adminPassword, type Domain, joinDomain, servernameOf, smbConfOf } from './provision.ts'
import type { SambaForest } from './samba.ts'

const readyTimeoutMs = 60_000

export interface SecondController extends Lifecycle {
  readonly ldapsUrl: string
  readonly caPem: string
  readonly servername: string
  /** Brings what the first controller has here. */
  pull(): Promise<void>
  /** Brings what is here to the first controller. */
  push(): Promise<void>
}

/** Joins the domain, which must have been started with `joinable`, and serves it: about 10 s. */
export async function startSecondController(
  first: SambaForest,
  of: { readonly name: string; readonly netbios: string },
): Promise<SecondController> {
  const host = await freeAddress(389)
  const home = await workdir('canopy-samba')
  return home.guard(async () => {
    const domain: Domain = {
      ...of,
      host,
      dir: home.path,
      requireEncryption: false,
      controller: `DC2-${of.netbios}`,
      joinable: true,
    }
    const caPem = await joinDomain(domain, first)
    const smbConf = smbConfOf(domain)
    const life = await beginLife({
      home,
      start: () => startOwned({ command: 'samba', args: ['-i', '-M', 'single', '--debug-stdout', '-s', smbConf] }),
      ready: async () => (await accepts(host, 389)) && (await accepts(host, 636)),
      readyTimeoutMs,
    })
    const replicate = (to: { host: string; smbConf: string }, from: string): Promise<unknown> =>
      runCommand('samba-tool', [
        ...['drs', 'replicate', '--local', to.host, from, first.baseDn],
        `--configfile=${to.smbConf}`,
        `--username=${of.netbios}\\Administrator`,
        `--password=${adminPassword}`,
        '--use-kerberos=off',
      ])
    return {
      ldapsUrl: `ldaps://${host}`,
      caPem,
      servername: servernameOf(domain),
      pull: async () => {
        await replicate({ host, smbConf }, first.host)
      },
      push: async () => {
        await replicate(first, host)
      },
      ...life,
    }
  })
}
