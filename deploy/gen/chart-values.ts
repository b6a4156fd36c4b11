/** The parts of a chart's values that no service configuration knows: images, workloads, credentials. */

/** As much of a JSON Schema as is written here. */
export interface Schema {
  readonly [keyword: string]: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

export const text: Schema = { type: 'string' }
export const bool: Schema = { type: 'boolean' }
/** Kubernetes' own types: checked where the manifests are. */
export const anything: Schema = { type: 'object' }
export const strings: Schema = { type: 'array', items: { type: 'string', minLength: 1 } }

export const list = (items: Schema): Schema => ({ type: 'array', items })

export const integer = (minimum: number, maximum?: number): Schema => ({
  type: 'integer',
  minimum,
  ...(maximum === undefined ? {} : { maximum }),
})

/** An object that knows its keys and refuses others. */
export const object = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  additionalProperties: false,
  properties,
})

const secretName: Schema = { type: 'string', minLength: 1, maxLength: 253 }

/** A name, as configurations use it, and the Secret behind it. */
export const credentials: Schema = list({
  ...object({ name: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$' }, existingSecret: secretName }),
  required: ['name', 'existingSecret'],
})

export const trust: Schema = object({ configMap: text, existingSecret: text, keys: strings })

const map: Schema = { type: 'object', additionalProperties: { type: 'string' } }
const quantity: Schema = { type: ['string', 'number'] }
const quantities: Schema = { type: 'object', additionalProperties: quantity }

/** What every workload may be told. */
export const workloadKeys: Readonly<Record<string, Schema>> = {
  replicas: integer(0),
  resources: object({ requests: quantities, limits: quantities }),
  spreadOver: strings,
  podLabels: map,
  podAnnotations: map,
  nodeSelector: map,
  tolerations: list(anything),
  affinity: anything,
  priorityClassName: text,
  env: list({
    ...object({ name: { type: 'string', minLength: 1 }, value: text, valueFrom: anything }),
    required: ['name'],
  }),
  imageDigest: { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
  tlsSecret: text,
  serviceAccount: object({ create: bool, name: text, annotations: map }),
}

const image: Schema = object({
  registry: text,
  repository: { type: 'string', minLength: 1 },
  tag: text,
  pullPolicy: { enum: ['Always', 'IfNotPresent', 'Never'] },
  pullSecrets: list({ ...object({ name: secretName }), required: ['name'] }),
})

/** A whole schema: what both charts have, and what one of them adds. */
export const chartFrame = (
  title: string,
  process: Readonly<Record<string, Schema>>,
  own: Readonly<Record<string, Schema>>,
): Schema => ({
  $schema: 'http://json-schema.org/draft-07/schema#',
  title,
  ...object({
    global: anything,
    nameOverride: text,
    fullnameOverride: { type: 'string', maxLength: 36 },
    image,
    ...process,
    workload: object(workloadKeys),
    ...own,
  }),
})
