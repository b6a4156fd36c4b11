/** Both charts: linted, rendered, every manifest of Kubernetes' types, and every pod restricted. */
import { expect, test } from 'vitest'
import { helmTools } from '../servers/helm/helm.ts'
import { describeWith } from '../servers/required.ts'
import { typeProblems } from './kubernetes-types.ts'
import { pods } from './pods.ts'
import { type ChartName, lint, namespace, render } from './render.ts'

const cases = (['canopy', 'canopy-agent'] as const).flatMap((chart) =>
  (['minimal', 'full'] as const).map((values) => ({ chart, values })),
)
const workloads: Readonly<Record<ChartName, readonly string[]>> = {
  canopy: ['audit', 'capture', 'console', 'control', 'resolve', 'transform', 'write'],
  'canopy-agent': ['agent'],
}

describeWith(helmTools, () => {
  test.each(cases)('$chart with $values values passes the linter', async (request) => {
    expect(await lint(request)).toContain('0 chart(s) failed')
  })

  test.each(cases)('$chart with $values values renders nothing Kubernetes does not know', async (request) => {
    const manifests = await render(request)
    expect(manifests.flatMap(typeProblems)).toEqual([])
    const names = manifests.map((manifest) => `${manifest.kind}/${manifest.metadata.name}`)
    expect(names).toEqual([...new Set(names)])
    expect(new Set(manifests.map((manifest) => manifest.metadata.namespace))).toEqual(new Set([namespace]))
  })

  test.each(cases)('$chart with $values values has one workload of each service', async (request) => {
    const found = pods(await render(request))
    expect(found.map((pod) => pod.component).sort()).toEqual(workloads[request.chart])
    for (const { container } of found) {
      expect(container.livenessProbe?.httpGet?.path).toBe('/healthz')
      expect(container.startupProbe?.httpGet?.path).toBe('/healthz')
      expect(container.readinessProbe?.httpGet?.path).toBe('/readyz')
      expect(container.ports?.map((port) => port.name)).toContain(container.readinessProbe?.httpGet?.port)
      expect(container.resources?.requests).toMatchObject({ cpu: expect.anything(), memory: expect.anything() })
      expect(container.resources?.limits?.memory).toBeDefined()
    }
  })

  test.each(cases)('$chart with $values values runs every pod restricted', async (request) => {
    for (const { spec, container } of pods(await render(request))) {
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 65532,
        seccompProfile: { type: 'RuntimeDefault' },
      })
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        privileged: false,
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      })
      expect(spec.automountServiceAccountToken).toBe(false)
      expect(spec.enableServiceLinks).toBe(false)
      expect(spec).not.toHaveProperty('hostNetwork')
      expect(spec.volumes?.filter((volume) => volume.hostPath !== undefined)).toEqual([])
    }
  })

  test.each(cases)('$chart with $values values keeps secrets out of manifests and environment', async (request) => {
    const manifests = await render(request)
    expect(manifests.filter((manifest) => manifest.kind === 'Secret')).toEqual([])
    const sources = pods(manifests).flatMap((pod) => pod.container.env ?? [])
    expect(sources.filter((variable) => variable.valueFrom?.secretKeyRef !== undefined)).toEqual([])
  })

  test.each(cases)('$chart with $values values mounts exactly the volumes it declares', async (request) => {
    for (const { spec, container } of pods(await render(request))) {
      const mounted = container.volumeMounts?.map((mount) => mount.name) ?? []
      expect(mounted).toEqual([...new Set(mounted)])
      expect(mounted.sort()).toEqual(spec.volumes?.map((volume) => volume.name).sort())
      const writable = container.volumeMounts
        ?.filter((mount) => mount.readOnly !== true)
        .map((mount) => mount.mountPath)
      expect(writable).toEqual(['/tmp'])
    }
  })

  test.each(cases)('$chart with $values values lets a pod stop in its own time', async (request) => {
    for (const { spec, config } of pods(await render(request))) {
      expect(spec.terminationGracePeriodSeconds).toBe(Number(config.drain_secs) + 10)
    }
  })

  test.each(cases)(
    '$chart with $values values gives every workload a budget and a network policy of its own',
    async (request) => {
      const manifests = await render(request)
      for (const { name, labels } of pods(manifests)) {
        for (const kind of ['PodDisruptionBudget', 'NetworkPolicy']) {
          const own = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)
          const spec = own?.spec as { selector?: { matchLabels: object }; podSelector?: { matchLabels: object } }
          expect(labels).toMatchObject((spec.selector ?? spec.podSelector)!.matchLabels)
        }
      }
    },
  )
})
