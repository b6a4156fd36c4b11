{{/* What is particular to the agent: its configuration, what is mounted, whom it may talk to. */}}

{{- define "canopy.guard" -}}
{{- $_ := required "hub.address is missing: host:port where capture takes agents" .Values.hub.address -}}
{{- $_ := required "hub.tls.existingSecret is missing: the hub is spoken to with mutual TLS only" .Values.hub.tls.existingSecret -}}
{{- if not .Values.agent.credentials -}}
{{- fail "agent.credentials is empty: name at least one credential and the Secret with its username and password" -}}
{{- end -}}
{{- end -}}

{{- define "canopy.port.http" -}}{{- end -}}
{{- define "canopy.port.agents" -}}{{- end -}}
{{- define "canopy.rollsOn" -}}{{- end -}}
{{- define "canopy.ingress" -}}{}{{- end -}}
{{- /* It calls out; nobody calls it. */ -}}
{{- define "canopy.serves" -}}{{- end -}}

{{- /* Each pod is an agent of its own: they share the domains. */ -}}
{{- define "canopy.env" -}}
- name: CANOPY_AGENT_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
{{- end -}}

{{- define "canopy.config" -}}
{{- $values := .root.Values -}}
{{- $own := mergeOverwrite (deepCopy (default dict .own.config)) (include "canopy.credentialConfig" . | fromYaml) -}}
{{- $own = mergeOverwrite $own (dict
  "hub" $values.hub.address
  "hub_tls" (dict
    "cert_file" "/run/secrets/canopy/hub/tls.crt"
    "key_file" "/run/secrets/canopy/hub/tls.key"
    "ca_file" "/run/secrets/canopy/hub/ca.crt")) -}}
{{- $telemetry := dict "metric_interval_ms" (int $values.telemetry.metricIntervalMs) -}}
{{- with $values.telemetry.otlpEndpoint -}}{{- $telemetry = set $telemetry "otlp_endpoint" . -}}{{- end -}}
{{- toYaml (dict
  "rpc" (dict "listen" "127.0.0.1:7443")
  "health" (dict "listen" "0.0.0.0:8080")
  "telemetry" $telemetry
  "log_level" $values.logLevel
  "drain_secs" (int $values.drainSecs)
  "agent" $own) -}}
{{- end -}}

{{- define "canopy.mounts" -}}
{{- $tls := default .root.Values.hub.tls.existingSecret .own.tlsSecret -}}
{{- $mounts := list (dict "name" "hub" "path" "/run/secrets/canopy/hub" "secret" $tls) -}}
{{- toYaml (dict "mounts" (concat $mounts (include "canopy.credentialMounts" . | fromYaml).mounts)) -}}
{{- end -}}

{{- define "canopy.egress" -}}
{{- $values := .root.Values -}}
{{- $policy := $values.networkPolicy -}}
{{- $hub := include "canopy.portOf" (dict "address" $values.hub.address "default" "443") -}}
{{- $rules := list
  (include "canopy.egressRule" (dict "to" $policy.hubTo "ports" (list $hub)) | fromYaml)
  (include "canopy.egressRule" (dict "to" $policy.directoriesTo "ports" $policy.directoryPorts) | fromYaml) -}}
{{- with $values.telemetry.otlpEndpoint -}}
{{- $port := include "canopy.portOf" (dict "address" . "default" "4318") -}}
{{- $rules = append $rules (include "canopy.egressRule" (dict "to" $policy.telemetryTo "ports" (list $port)) | fromYaml) -}}
{{- end -}}
{{- toYaml (dict "rules" $rules) -}}
{{- end -}}
