/** Checks manifests against Kubernetes' own types, and that they say nothing those types do not know. */
import { validate as deployment } from 'kubernetes-models/_schemas/IoK8sApiAppsV1Deployment'
import { validate as configMap } from 'kubernetes-models/_schemas/IoK8sApiCoreV1ConfigMap'
import { validate as namespace } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Namespace'
import { validate as service } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Service'
import { validate as serviceAccount } from 'kubernetes-models/_schemas/IoK8sApiCoreV1ServiceAccount'
import { validate as networkPolicy } from 'kubernetes-models/_schemas/IoK8sApiNetworkingV1NetworkPolicy'
import { validate as disruptionBudget } from 'kubernetes-models/_schemas/IoK8sApiPolicyV1PodDisruptionBudget'
import type { Manifest } from './render.ts'

/** A validator that ajv compiled: it leaves its findings on itself. */
interface Validator {
  (data: unknown): boolean
  readonly errors?: readonly { readonly instancePath: string; readonly keyword: string; readonly params: object }[]
}

const validators: Readonly<Record<string, Validator>> = {
  'apps/v1 Deployment': deployment,
  'networking.k8s.io/v1 NetworkPolicy': networkPolicy,
  'policy/v1 PodDisruptionBudget': disruptionBudget,
  'v1 ConfigMap': configMap,
  'v1 Namespace': namespace,
  'v1 Service': service,
  'v1 ServiceAccount': serviceAccount,
}

/** What is wrong with a manifest; empty when nothing is. */
export function typeProblems(manifest: Manifest): readonly string[] {
  const type = `${manifest.apiVersion} ${manifest.kind}`
  const validate = validators[type]
  if (validate === undefined) return [`${type} is not a type these charts use`]
  const name = `${manifest.kind} ${manifest.metadata.name}`
  const watched = watch(manifest)
  if (!validate(watched.value)) {
    return (
      validate.errors?.map((one) => `${name}: ${one.instancePath} ${one.keyword} ${JSON.stringify(one.params)}`) ?? [
        name,
      ]
    )
  }
  return watched.unread().map((path) => `${name}: ${path} is unknown to Kubernetes`)
}

/**
 * The validators accept fields they do not know, and a mistyped probe is no probe. They look at each field they do know:
 * what nobody has looked at afterwards is unknown.
 */
function watch(root: unknown): { readonly value: unknown; unread(): readonly string[] } {
  const paths = new Set<string>()
  const read = new Set<string>()
  const wrap = (value: unknown, path: string): unknown => {
    if (typeof value !== 'object' || value === null) return value
    const seen = new Map<string, unknown>()
    for (const [key, child] of Object.entries(value)) {
      paths.add(`${path}/${key}`)
      seen.set(key, wrap(child, `${path}/${key}`))
    }
    return new Proxy(value, {
      get: (target, key) => {
        if (typeof key !== 'string' || !seen.has(key)) return Reflect.get(target, key)
        read.add(`${path}/${key}`)
        return seen.get(key)
      },
    })
  }
  const value = wrap(root, '')
  return { value, unread: () => [...paths].filter((path) => !read.has(path)) }
}
