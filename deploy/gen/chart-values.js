/** The parts of a chart's values that no service configuration knows: images, workloads, credentials. */
export const text = { type: 'string' };
export const bool = { type: 'boolean' };
/** Kubernetes' own types: checked where the manifests are. */
export const anything = { type: 'object' };
export const strings = { type: 'array', items: { type: 'string', minLength: 1 } };
export const list = (items) => ({ type: 'array', items });
export const integer = (minimum, maximum) => ({
    type: 'integer',
    minimum,
    ...(maximum === undefined ? {} : { maximum }),
});
/** An object that knows its keys and refuses others. */
export const object = (properties) => ({
    type: 'object',
    additionalProperties: false,
    properties,
});
const secretName = { type: 'string', minLength: 1, maxLength: 253 };
/** A name, as configurations use it, and the Secret behind it. */
export const credentials = list({
    ...object({ name: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$' }, existingSecret: secretName }),
    required: ['name', 'existingSecret'],
});
export const trust = object({ configMap: text, existingSecret: text, keys: strings });
const map = { type: 'object', additionalProperties: { type: 'string' } };
const quantity = { type: ['string', 'number'] };
const quantities = { type: 'object', additionalProperties: quantity };
/** What every workload may be told. */
export const workloadKeys = {
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
};
const image = object({
    registry: text,
    repository: { type: 'string', minLength: 1 },
    tag: text,
    pullPolicy: { enum: ['Always', 'IfNotPresent', 'Never'] },
    pullSecrets: list({ ...object({ name: secretName }), required: ['name'] }),
});
/** A whole schema: what both charts have, and what one of them adds. */
export const chartFrame = (title, process, own) => ({
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
});
//# sourceMappingURL=chart-values.js.map