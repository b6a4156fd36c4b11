/** Proves that Helm renders a chart and that kubectl came with it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCommand } from '../command.ts'
import { describeWith } from '../required.ts'
import { fetchHelm, helmTools } from './helm.ts'

describeWith(helmTools, () => {
  test('renders a template with its values', async () => {
    const { helm, kubectl } = await fetchHelm()
    const chart = await mkdtemp(join(tmpdir(), 'canopy-chart-'))
    try {
      await mkdir(join(chart, 'templates'))
      await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: probe\nversion: 0.1.0\n')
      await writeFile(
        join(chart, 'templates', 'map.yaml'),
        'kind: ConfigMap\ndata: { answer: {{ .Values.answer | quote }} }\n',
      )
      expect(await runCommand(helm, ['template', 'x', chart, '--set', 'answer=42'])).toContain('answer: "42"')
      expect(await runCommand(kubectl, ['version', '--client'])).toContain('Client Version: v1.34')
    } finally {
      await rm(chart, { recursive: true, force: true })
    }
  }, 30_000)
})
