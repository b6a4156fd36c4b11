/** The root DSE: what the server says about itself before anybody has signed in. */

import { BerWriter } from '../ber/writer.ts'
import { ntdsSettingsDn } from '../directory/base-tree.ts'
import type { LabDirectory } from '../directory/directory.ts'
import { generalizedTime } from '../directory/read.ts'
import { controlOid } from './controls.ts'
import { answerTag } from './result.ts'

const capabilities = ['800', '1670', '1791', '1935', '2080', '2237'].map((arc) => `1.2.840.113556.1.4.${arc}`)

export function encodeRootDse(
  directory: LabDirectory,
  o: { messageId: number; attributes: readonly string[] },
): Buffer {
  const wanted = new Set(o.attributes.map((name) => name.toLowerCase()))
  const all = wanted.size === 0 || wanted.has('*') || wanted.has('+')
  const w = new BerWriter(4096)
  const message = w.begin(0x30)
  w.integer(o.messageId)
  const body = w.begin(answerTag.entry)
  w.string('')
  const list = w.begin(0x30)
  for (const [name, values] of Object.entries(rootDse(directory))) {
    if (!all && !wanted.has(name.toLowerCase())) continue
    const mark = w.begin(0x30)
    w.string(name)
    const set = w.begin(0x31)
    for (const value of values) w.string(value)
    w.end(set)
    w.end(mark)
  }
  w.end(list)
  w.end(body)
  w.end(message)
  return w.take()
}

function rootDse(directory: LabDirectory): Readonly<Record<string, readonly string[]>> {
  const { baseDn } = directory
  const settings = ntdsSettingsDn(baseDn, directory.controller)
  return {
    currentTime: [generalizedTime(Date.now())],
    dsServiceName: [settings],
    serverName: [settings.slice(settings.indexOf(',') + 1)],
    namingContexts: [baseDn, `CN=Configuration,${baseDn}`, `CN=Schema,CN=Configuration,${baseDn}`],
    defaultNamingContext: [baseDn],
    rootDomainNamingContext: [baseDn],
    configurationNamingContext: [`CN=Configuration,${baseDn}`],
    schemaNamingContext: [`CN=Schema,CN=Configuration,${baseDn}`],
    supportedControl: Object.values(controlOid),
    supportedExtension: ['1.3.6.1.4.1.1466.20037', '1.3.6.1.4.1.4203.1.11.3'],
    supportedLDAPVersion: ['3', '2'],
    supportedLDAPPolicies: ['MaxPageSize', 'MaxValRange'],
    supportedCapabilities: capabilities,
    highestCommittedUSN: [String(directory.highestUsn)],
    dnsHostName: [`${directory.controller.toLowerCase()}.${directory.name}`],
    ldapServiceName: [`${directory.name}:${directory.controller.toLowerCase()}$@${directory.name.toUpperCase()}`],
    domainFunctionality: ['7'],
    forestFunctionality: ['7'],
    domainControllerFunctionality: ['7'],
    isSynchronized: ['TRUE'],
    isGlobalCatalogReady: ['TRUE'],
  }
}
