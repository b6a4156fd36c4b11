/**
 * Installs the Debian packages that the test servers need and that are missing: `node test/servers/install.mjs` as root.
 * Plain JavaScript, because it runs before there is a Node that reads TypeScript.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'

const packages = [
  // A domain controller; its templates are a package of their own that --no-install-recommends leaves out.
  ...['samba', 'samba-ad-dc', 'samba-ad-provision', 'samba-dsdb-modules', 'samba-vfs-modules', 'winbind', 'smbclient'],
  ...['ldb-tools', 'krb5-user'],
  ...['slapd', 'ldap-utils', 'openssl'],
  'postgresql-15',
  'chromium',
  // Kafka comes from Maven Central, Helm from npm.
  ...['openjdk-17-jre-headless', 'maven'],
  ...['unzip', 'zstd'],
]
const policyFile = '/usr/sbin/policy-rc.d'

const missing = missingPackages()
if (missing.length === 0) {
  console.log('Test servers: every package is installed.')
} else {
  install(missing)
}

function missingPackages() {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholders are dpkg-query's
  const format = '${Package} ${db:Status-Status}\n'
  const asked = spawnSync('dpkg-query', ['-W', '-f', format, ...packages], {
    encoding: 'utf8',
  })
  if (asked.error) stop(`This machine has no dpkg: install ${packages.join(', ')} by its own means.`)
  const installed = new Set(
    asked.stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  )
  return packages.filter((name) => !installed.has(name))
}

function install(names) {
  if (process.getuid() !== 0)
    stop(`Missing: ${names.join(' ')}\nRun this as root, or: apt-get install ${names.join(' ')}`)
  console.log(`Test servers: installing ${names.join(' ')}`)
  // Debian starts daemons at installation unless this answers 101; the tests start their own.
  const ownPolicy = !existsSync(policyFile)
  if (ownPolicy) writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    apt(['update', '-qq'])
    apt(['install', '-y', '-qq', '--no-install-recommends', ...names])
  } finally {
    if (ownPolicy) rmSync(policyFile, { force: true })
  }
  console.log('Test servers: installed.')
}

function apt(args) {
  const started = Date.now()
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status, stdout, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (status !== 0) throw new Error(`apt-get ${args[0]} ended with ${status}:\n${stdout}\n${stderr}`)
  console.log(`  apt-get ${args[0]}: ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

function stop(message) {
  console.error(message)
  process.exit(1)
}
