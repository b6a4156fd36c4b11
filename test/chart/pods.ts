/** The pods among rendered manifests, with the configuration each of them reads. */
import type { IDeployment } from 'kubernetes-models/apps/v1'
import type { IConfigMap, IContainer, IPodSpec } from 'kubernetes-models/v1'
import { parse } from 'yaml'
import type { Manifest } from './render.ts'

export interface Pod {
  readonly name: string
  readonly component: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly replicas: number
  readonly spec: IPodSpec
  readonly container: IContainer
  /** What config.yaml says. */
  readonly config: Readonly<Record<string, unknown>>
}

/** One per Deployment. */
export function pods(manifests: readonly Manifest[]): readonly Pod[] {
  return ofKind<IDeployment>(manifests, 'Deployment').map((deployment) => {
    const template = deployment.spec!.template
    const name = deployment.metadata!.name!
    const map = ofKind<IConfigMap>(manifests, 'ConfigMap').find((each) => each.metadata!.name === name)
    return {
      name,
      component: template.metadata!.labels!['app.kubernetes.io/component']!,
      labels: template.metadata!.labels!,
      annotations: template.metadata!.annotations!,
      replicas: deployment.spec!.replicas!,
      spec: template.spec!,
      container: template.spec!.containers[0]!,
      config: parse(map!.data!['config.yaml']!),
    }
  })
}

export const ofKind = <T>(manifests: readonly Manifest[], kind: string): readonly T[] =>
  manifests.filter((manifest) => manifest.kind === kind) as unknown as readonly T[]
