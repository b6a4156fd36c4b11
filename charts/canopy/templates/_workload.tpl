{{/*
One workload, the same shape for every service: configuration, account, Deployment, Service, disruption budget, network
policy. The charts canopy and canopy-agent hold this file with the same content; what differs is in _config.tpl:

  canopy.config    configuration of the process, a YAML map
  canopy.mounts    { mounts: [ { name, path, secret | configMap, items } ] }
  canopy.ingress   { rules: [...] } of the network policy, besides calls from pods of this release
  canopy.egress    { rules: [...] } besides DNS and calls to pods of this release
  canopy.env       environment variables besides HOSTNAME, a YAML list
  canopy.rollsOn   text whose change rolls the pods, besides the configuration
  canopy.port.http port of plain HTTP, empty for none
  canopy.port.agents port for agents with certificates of the hub's authority, empty for none
  canopy.serves    not empty: other services call it
*/}}

{{- define "canopy.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 36 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 36 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 36 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Name of a workload and of all that belongs to it. Takes root and name. */ -}}
{{- define "canopy.workloadName" -}}
{{- $release := include "canopy.fullname" .root -}}
{{- if hasSuffix (printf "-%s" .name) $release -}}{{- $release -}}{{- else -}}{{- printf "%s-%s" $release .name -}}{{- end -}}
{{- end -}}

{{- define "canopy.releaseLabels" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: canopy
{{- end -}}

{{- define "canopy.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/component: {{ .name }}
{{ include "canopy.releaseLabels" .root }}
{{- end -}}

{{- define "canopy.labels" -}}
{{ include "canopy.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "canopy.image" -}}
{{- $image := .root.Values.image -}}
{{- $name := printf "%s-%s" $image.repository .name -}}
{{- if $image.registry -}}{{- $name = printf "%s/%s" (trimSuffix "/" $image.registry) $name -}}{{- end -}}
{{- if .own.imageDigest -}}
{{- printf "%s@%s" $name .own.imageDigest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .root.Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "canopy.serviceAccount" -}}
{{- if .own.serviceAccount.create -}}
{{- default (include "canopy.workloadName" .) .own.serviceAccount.name -}}
{{- else -}}
{{- required (printf "%s: serviceAccount.name is needed where serviceAccount.create is false" .name) .own.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- /* Takes root, name and the values of this workload alone; the defaults in .Values.workload lie beneath them. */ -}}
{{- define "canopy.workload" -}}
{{- $own := mergeOverwrite (deepCopy .root.Values.workload) (deepCopy .values) -}}
{{- $context := dict "root" .root "name" .name "own" $own -}}
{{- $config := include "canopy.config" $context -}}
{{- $context = set $context "config" $config -}}
{{- $context = set $context "fullname" (include "canopy.workloadName" .) -}}
{{ include "canopy.workload.configMap" $context }}
---
{{- if $own.serviceAccount.create }}
{{ include "canopy.workload.serviceAccount" $context }}
---
{{- end }}
{{ include "canopy.workload.deployment" $context }}
---
{{- if include "canopy.serves" $context }}
{{ include "canopy.workload.service" $context }}
---
{{- end }}
{{ include "canopy.workload.disruptionBudget" $context }}
{{- if .root.Values.networkPolicy.enabled }}
---
{{ include "canopy.workload.networkPolicy" $context }}
{{- end }}
{{- end -}}

{{- define "canopy.workload.meta" -}}
name: {{ .fullname }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "canopy.labels" . | nindent 2 }}
{{- end -}}

{{- define "canopy.workload.configMap" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "canopy.workload.meta" . | nindent 2 }}
data:
  config.yaml: |
    {{- .config | nindent 4 }}
{{- end -}}

{{- define "canopy.workload.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "canopy.serviceAccount" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "canopy.labels" . | nindent 4 }}
  {{- with .own.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end -}}

{{- define "canopy.workload.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "canopy.workload.meta" . | nindent 2 }}
spec:
  replicas: {{ .own.replicas }}
  revisionHistoryLimit: 3
  # A new pod is ready before an old one goes: what one lets go of, another takes at once.
  strategy:
    type: RollingUpdate
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
  selector:
    matchLabels:
      {{- include "canopy.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- with .own.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        {{- include "canopy.labels" . | nindent 8 }}
      annotations:
        {{- with .own.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        checksum/config: {{ print .config (include "canopy.rollsOn" .) | sha256sum }}
    spec:
      {{- include "canopy.workload.pod" . | nindent 6 }}
{{- end -}}

{{- define "canopy.workload.pod" -}}
serviceAccountName: {{ include "canopy.serviceAccount" . }}
automountServiceAccountToken: false
# A Service called canopy-… would put variables into the pod that look like configuration.
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .own.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
# The process ends by itself after drainSecs; the rest is for its last words.
terminationGracePeriodSeconds: {{ add .root.Values.drainSecs 10 }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- with .own.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .own.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .own.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  {{- $selector := include "canopy.selector" . }}
  {{- range .own.spreadOver }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- $selector | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- else }} []
  {{- end }}
containers:
  - {{ include "canopy.workload.container" . | nindent 4 | trim }}
volumes:
  - name: config
    configMap: { name: {{ .fullname }} }
  - name: tmp
    emptyDir: { sizeLimit: 64Mi }
  {{- range (include "canopy.mounts" . | fromYaml).mounts }}
  - name: {{ .name }}
    {{- if .secret }}
    secret:
      secretName: {{ .secret }}
      defaultMode: 0440
      {{- with .items }}
      items:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    {{- else }}
    configMap:
      name: {{ .configMap }}
      {{- with .items }}
      items:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    {{- end }}
  {{- end }}
{{- end -}}

{{- define "canopy.workload.container" -}}
name: {{ .name }}
image: {{ include "canopy.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args: [--config, /etc/canopy/config.yaml]
env:
  # The name of the pod is the owner of its leases, and what logs and spans name.
  - name: HOSTNAME
    valueFrom: { fieldRef: { fieldPath: metadata.name } }
  {{- with include "canopy.env" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .own.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
ports:
  - { name: health, containerPort: 8080, protocol: TCP }
  {{- if include "canopy.serves" . }}
  - { name: grpc, containerPort: 7443, protocol: TCP }
  {{- end }}
  {{- with include "canopy.port.http" . }}
  - { name: http, containerPort: {{ . }}, protocol: TCP }
  {{- end }}
  {{- with include "canopy.port.agents" . }}
  - { name: agents, containerPort: {{ . }}, protocol: TCP }
  {{- end }}
# Alive before it is ready: a broker or a database that is away makes it wait, not die.
startupProbe:
  httpGet: { path: /healthz, port: health }
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /healthz, port: health }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: health }
  periodSeconds: 3
  timeoutSeconds: 3
  failureThreshold: 2
resources:
  {{- toYaml .own.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities: { drop: [ALL] }
  seccompProfile: { type: RuntimeDefault }
volumeMounts:
  - { name: config, mountPath: /etc/canopy, readOnly: true }
  - { name: tmp, mountPath: /tmp }
  {{- range (include "canopy.mounts" . | fromYaml).mounts }}
  - { name: {{ .name }}, mountPath: {{ .path }}, readOnly: true }
  {{- end }}
{{- end -}}

{{- define "canopy.workload.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "canopy.workload.meta" . | nindent 2 }}
spec:
  {{- if include "canopy.port.http" . }}
  type: ClusterIP
  {{- else }}
  # Without an address of its own: callers see every pod and spread their calls over them.
  clusterIP: None
  {{- end }}
  selector:
    {{- include "canopy.selector" . | nindent 4 }}
  ports:
    - { name: grpc, port: 7443, targetPort: grpc, protocol: TCP }
    {{- with include "canopy.port.http" . }}
    - { name: http, port: {{ . }}, targetPort: http, protocol: TCP }
    {{- end }}
{{- end -}}

{{- define "canopy.workload.disruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "canopy.workload.meta" . | nindent 2 }}
spec:
  # Not minAvailable: with one replica that would block every drain of a node.
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "canopy.selector" . | nindent 6 }}
{{- end -}}

{{- define "canopy.workload.networkPolicy" -}}
{{- $release := include "canopy.releaseLabels" .root -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "canopy.workload.meta" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "canopy.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- if include "canopy.serves" . }}
  ingress:
    # Calls from the other services. Probes come from the node, which is always allowed.
    - from:
        - podSelector:
            matchLabels:
              {{- $release | nindent 14 }}
      ports: [{ port: grpc, protocol: TCP }]
    {{- with (include "canopy.ingress" . | fromYaml).rules }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
  egress:
    # Names.
    - ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }]
    {{- if include "canopy.serves" . }}
    # Calls to the other services.
    - to:
        - podSelector:
            matchLabels:
              {{- $release | nindent 14 }}
      ports: [{ port: 7443, protocol: TCP }]
    {{- end }}
    {{- with (include "canopy.egress" . | fromYaml).rules }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{- /* A rule towards some destinations (none: any) on TCP ports. */ -}}
{{- define "canopy.egressRule" -}}
{{- $rule := dict -}}
{{- $ports := list -}}
{{- range (uniq .ports) -}}{{- $ports = append $ports (dict "port" (int .) "protocol" "TCP") -}}{{- end -}}
{{- $rule = set $rule "ports" $ports -}}
{{- with .to -}}{{- $rule = set $rule "to" . -}}{{- end -}}
{{- toYaml $rule -}}
{{- end -}}

{{- /* Port of a host:port or URL; the default where it names none. */ -}}
{{- define "canopy.portOf" -}}
{{- $port := regexFind ":[0-9]+$" (trimSuffix "/" .address) -}}
{{- if $port -}}{{- trimPrefix ":" $port -}}{{- else -}}{{- .default -}}{{- end -}}
{{- end -}}
