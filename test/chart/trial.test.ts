/** The trial cluster: its servers are what Kubernetes takes, and its values find them. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { helmTools } from '../servers/helm/helm.ts'
import { describeWith } from '../servers/required.ts'
import { typeProblems } from './kubernetes-types.ts'
import { ofKind, pods } from './pods.ts'
import { parseManifests, render, repositoryRoot } from './render.ts'

interface Listening {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly ports: readonly { readonly port: number }[] }
}

describeWith(helmTools, () => {
  test('its manifests are of Kubernetes’ types', async () => {
    const servers = parseManifests(await readFile(`${repositoryRoot}deploy/kind/dependencies.yaml`, 'utf8'))
    expect(servers.flatMap(typeProblems)).toEqual([])
    const canopy = await render({ chart: 'canopy', file: 'deploy/kind/values.yaml' })
    expect(canopy.flatMap(typeProblems)).toEqual([])
  })

  test('the brokers of its values are the ones it starts', async () => {
    const servers = parseManifests(await readFile(`${repositoryRoot}deploy/kind/dependencies.yaml`, 'utf8'))
    const addresses = ofKind<Listening>(servers, 'Service').flatMap(({ metadata, spec }) =>
      spec.ports.map(({ port }) => `${metadata.name}:${port}`),
    )
    const found = pods(await render({ chart: 'canopy', file: 'deploy/kind/values.yaml' }))
    expect(found).toHaveLength(7)
    for (const { component, config } of found) {
      expect(addresses, component).toContain((config.bus as { readonly brokers: readonly string[] }).brokers[0])
    }
  })
})
