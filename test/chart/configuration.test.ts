/** What the charts write for the services: each accepts it, finds its peers, and everything it names is mounted. */
import { agent } from '@canopy/agent'
import { audit } from '@canopy/audit'
import { capture } from '@canopy/capture'
import { configSchema, type ServiceDefinition } from '@canopy/chassis'
import { consoleService } from '@canopy/console'
import { control } from '@canopy/control'
import { resolve } from '@canopy/resolve'
import { transform } from '@canopy/transform'
import { write } from '@canopy/write'
import type { IService } from 'kubernetes-models/v1'
import { expect, test } from 'vitest'
import { helmTools } from '../servers/helm/helm.ts'
import { describeWith } from '../servers/required.ts'
import { ofKind, pods } from './pods.ts'
import { type ChartName, namespace, render } from './render.ts'

const services: readonly ServiceDefinition[] = [
  agent,
  capture,
  transform,
  resolve,
  write,
  audit,
  control,
  consoleService(),
]
const cases = (['canopy', 'canopy-agent'] as const).flatMap((chart: ChartName) =>
  (['minimal', 'full'] as const).map((values) => ({ chart, values })),
)

describeWith(helmTools, () => {
  test.each(cases)('every service accepts what $chart writes for it ($values values)', async (request) => {
    for (const { component, config } of pods(await render(request))) {
      const service = services.find((each) => each.name === component)!
      const parsed = configSchema([service]).safeParse(config)
      expect(parsed.error?.issues ?? [], component).toEqual([])
    }
  })

  test.each(cases)('every file the configuration of $chart names is mounted ($values values)', async (request) => {
    for (const { component, config, spec, container } of pods(await render(request))) {
      const present = (container.volumeMounts ?? []).flatMap((mount) => {
        const volume = spec.volumes?.find((each) => each.name === mount.name)
        const items = volume?.secret?.items ?? volume?.configMap?.items
        // A Secret without items brings its keys: those of a TLS Secret, as the values ask for.
        const keys = items?.map((item) => item.path) ?? ['tls.crt', 'tls.key', 'ca.crt']
        return [mount.mountPath, ...keys.map((key) => `${mount.mountPath}/${key}`)]
      })
      for (const path of filesNamed(config)) {
        const folder = present.some((each) => each.startsWith(`${path}/`))
        expect(present.includes(path) || folder, `${component} needs ${path}`).toBe(true)
      }
    }
  })

  test('every peer is the headless Service of an enabled workload', async () => {
    const manifests = await render({ chart: 'canopy', values: 'minimal', set: ['services.audit.enabled=false'] })
    const found = pods(manifests)
    expect(found.map((pod) => pod.component)).not.toContain('audit')
    const listed = ofKind<IService>(manifests, 'Service')
    for (const { component, config } of found) {
      const peers = Object.entries(config.peers as Record<string, string>)
      expect(peers.map(([name]) => name).sort()).toEqual(
        found
          .map((pod) => pod.component)
          .filter((name) => name !== component)
          .sort(),
      )
      for (const [name, address] of peers) {
        const [host, port] = address.split(':')
        const service = listed.find((each) => `${each.metadata!.name}.${namespace}.svc` === host)
        expect(service?.spec?.ports?.map((each) => String(each.port))).toContain(port)
        expect(service?.spec?.selector).toMatchObject({ 'app.kubernetes.io/component': name })
        if (name !== 'console') expect(service?.spec?.clusterIP).toBe('None')
      }
    }
  })

  test('a changed configuration rolls the pods it concerns, and no others', async () => {
    const checksums = async (set: readonly string[]) =>
      new Map(
        pods(await render({ chart: 'canopy', values: 'minimal', set })).map((pod) => [
          pod.component,
          pod.annotations['checksum/config'],
        ]),
      )
    const [before, after] = [await checksums([]), await checksums(['services.audit.config={"seal_interval_secs":30}'])]
    expect([...after].filter(([name, sum]) => before.get(name) !== sum).map(([name]) => name)).toEqual(['audit'])
    const inline = await checksums(['configuration.inline="version: canopy/v1"'])
    const other = await checksums(['configuration.inline="version: canopy/v2"'])
    expect([...other].filter(([name, sum]) => inline.get(name) !== sum).map(([name]) => name)).toEqual(['control'])
  })

  test('overrides of one workload leave the others as they were', async () => {
    const found = pods(await render({ chart: 'canopy', values: 'full' }))
    expect(Object.fromEntries(found.map((pod) => [pod.component, pod.replicas]))).toEqual({
      audit: 3,
      capture: 2,
      console: 3,
      control: 3,
      resolve: 3,
      transform: 3,
      write: 4,
    })
    const images = Object.fromEntries(found.map((pod) => [pod.component, pod.container.image]))
    expect(images.write).toBe('registry.example.com/platform/canopy-write:0.1.0-rc.1')
    expect(images.console).toMatch(/^registry\.example\.com\/platform\/canopy-console@sha256:0{64}$/)
    expect(found.find((pod) => pod.component === 'control')?.spec.serviceAccountName).toBe('shared')
  })

  test('each agent pod has a name of its own', async () => {
    const [pod] = pods(await render({ chart: 'canopy-agent', values: 'minimal' }))
    expect(pod?.container.env).toContainEqual({
      name: 'CANOPY_AGENT_NAME',
      valueFrom: { fieldRef: { fieldPath: 'metadata.name' } },
    })
  })
})

function filesNamed(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.startsWith('/run/') ? [value] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(filesNamed)
}
