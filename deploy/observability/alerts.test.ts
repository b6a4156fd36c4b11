/** Each alert stands on metrics that exist and has a runbook; each runbook has an alert, and names real commands. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import '../../services/agent/src/index.ts'
import '../../services/audit/src/index.ts'
import '../../services/capture/src/index.ts'
import { declaredEvents, metricName, parseConfigDocument } from '../../services/chassis/src/index.ts'
import { commands } from '../../services/console/src/cli/commands.ts'
import '../../services/console/src/index.ts'
import '../../services/control/src/index.ts'
import '../../services/resolve/src/index.ts'
import '../../services/transform/src/index.ts'
import '../../services/write/src/index.ts'

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly runbook: string }
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const { groups } = parseConfigDocument(readFileSync(`${root}deploy/observability/alerts.yaml`, 'utf8')).value as {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[]
}
const rules = groups.flatMap((group) => group.rules)
const runbooks = readdirSync(`${root}deploy/runbooks`).filter((file) => file.endsWith('.md'))
const metrics = prometheusMetrics()

test('alerts have different names and a severity that says who gets up', () => {
  expect(rules.length).toBeGreaterThan(10)
  expect(new Set(rules.map((rule) => rule.alert)).size).toBe(rules.length)
  for (const rule of rules) expect(['page', 'ticket'], rule.alert).toContain(rule.labels.severity)
})

test('each alert has its runbook, and each runbook its alert', () => {
  for (const rule of rules) expect(rule.annotations.runbook).toBe(`deploy/runbooks/${rule.alert}.md`)
  expect(runbooks.toSorted()).toEqual(rules.map((rule) => `${rule.alert}.md`).toSorted())
})

test.each(rules)('$alert stands on metrics and labels that services declare', ({ expr }) => {
  const names = expr.match(/canopy_\w+/g) ?? []
  expect(names.length).toBeGreaterThan(0)
  for (const name of names) expect([...metrics.keys()], name).toContain(name)
  const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = '']) =>
    labels.split(',').map((label) => label.trim()),
  )
  const known = new Set(names.flatMap((name) => metrics.get(name) ?? []))
  for (const label of grouped.filter((each) => each !== 'le')) expect([...known]).toContain(label)
})

test.each(runbooks)('%s says what it means, what to check and how to mend, with commands that exist', (file) => {
  const text = readFileSync(`${root}deploy/runbooks/${file}`, 'utf8')
  expect(text.startsWith(`# ${file.replace('.md', '')}\n`)).toBe(true)
  const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
  expect(headings).toEqual(['What it means', 'Quick checks', 'How to mend'])
  const used = [...text.matchAll(/`canopy ([^`]*)`/g)].map(([, line = '']) => line)
  const known = commands.map((command) => command.words)
  for (const line of used)
    expect(
      known.some((words) => line === words || line.startsWith(`${words} `)),
      line,
    ).toBe(true)
})

/** Names as Prometheus makes them of OTLP metrics, each with its labels. */
function prometheusMetrics(): ReadonlyMap<string, readonly string[]> {
  const units: Readonly<Record<string, string>> = { ms: '_milliseconds', s: '_seconds', By: '_bytes' }
  const found = new Map<string, readonly string[]>()
  for (const [service, events] of declaredEvents()) {
    for (const [event, { fields, units: declared }] of Object.entries(events)) {
      const labels = Object.keys(fields).filter((field) => fields[field] === 'label')
      const add = (name: string, suffix: string): void =>
        void found.set(`${name.replaceAll('.', '_')}${suffix}`, labels)
      add(metricName(service, event), '_total')
      for (const [field, kind] of Object.entries(fields)) {
        const name = metricName(service, event, field)
        const unit = declared?.[field] ?? '1'
        const suffix = units[unit] ?? ''
        if (kind === 'sum') add(name, `${suffix}_total`)
        else if (kind === 'histogram') for (const part of ['_bucket', '_sum', '_count']) add(name, `${suffix}${part}`)
        else if (kind === 'gauge') add(name, unit === '1' ? '_ratio' : suffix)
      }
    }
  }
  return found
}
