/** From the rules of another engine to a configuration of Canopy, and what could not be carried over. Pure: nothing is stored. */
import { parseConfigDocument } from '@canopy/chassis'
import type { control } from '@canopy/proto'
import { carry } from './core/import/carry.ts'
import { readCloudSync } from './core/import/cloud-sync.ts'
import { readConnectJson } from './core/import/connect-json.ts'
import { readConnectScript } from './core/import/connect-script.ts'
import { finding, type Imported } from './core/import/imported.ts'
import { partOf } from './core/import/json.ts'
import { writeConfiguration } from './core/import/write-configuration.ts'

const knownForms =
  'the synchronization schema of a Cloud Sync job (JSON), or rules of Entra Connect (JSON, or the exported script)'

/** Never throws: what cannot be read is a finding. */
export function importMappings(source: string, name: string): control.ImportMappingsResponse {
  const imported = readConnectScript(source) ?? readJson(source)
  if (typeof imported === 'string') {
    return { configuration: '', findings: [finding(1, 'the file', imported, knownForms)], carried: 0 }
  }
  const carried = carry(imported)
  return {
    configuration: writeConfiguration(name || 'imported', imported, carried),
    findings: carried.findings.toSorted((a, b) => a.line - b.line),
    carried: carried.count,
  }
}

/** A text says why it cannot be read. */
function readJson(source: string): Imported | string {
  try {
    JSON.parse(source)
  } catch {
    return 'it is neither JSON nor a script with New-ADSyncRule'
  }
  const document = parseConfigDocument(source)
  const [problem] = document.problems
  if (problem) return problem.message
  const root = partOf(document.value, (path) => document.place(path, true).line)
  return readCloudSync(root) ?? readConnectJson(root) ?? 'it has no synchronizationRules and no rules'
}
