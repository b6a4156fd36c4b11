{{/* What is particular to the services of this chart: their configuration, what is mounted, whom they may talk to. */}}

{{- define "canopy.guard" -}}
{{- if not .Values.kafka.brokers -}}
{{- fail "kafka.brokers is missing: name at least one broker, host:port" -}}
{{- end -}}
{{- $_ := required "postgres.existingSecret is missing: name the Secret that holds the postgres:// address" .Values.postgres.existingSecret -}}
{{- $_ := required "rpc.tls.existingSecret is missing: services on different nodes speak mutual TLS only" .Values.rpc.tls.existingSecret -}}
{{- with .Values.kafka.sasl -}}
{{- if and .mechanism (not .existingSecret) -}}
{{- fail "kafka.sasl.existingSecret is missing: name the Secret with the user name and the password" -}}
{{- end -}}
{{- end -}}
{{- with .Values.hub.enrolment -}}
{{- if and .existingSecret (not .address) -}}
{{- fail "hub.enrolment.address is missing: host:port by which agents reach the hub" -}}
{{- end -}}
{{- end -}}
{{- with .Values.services.console -}}
{{- if and .enabled (not .token.existingSecret) -}}
{{- fail "services.console.token.existingSecret is missing: the gateway answers nobody without a token" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.configuration.inline .Values.configuration.configMap -}}
{{- fail "configuration.inline and configuration.configMap exclude each other" -}}
{{- end -}}
{{- end -}}

{{- define "canopy.port.http" -}}
{{- if eq .name "console" -}}8480{{- end -}}
{{- end -}}

{{- define "canopy.port.agents" -}}
{{- if and (eq .name "capture") .root.Values.hub.enrolment.existingSecret -}}7444{{- end -}}
{{- end -}}

{{- define "canopy.env" -}}{{- end -}}
{{- define "canopy.serves" -}}yes{{- end -}}

{{- define "canopy.rollsOn" -}}
{{- if eq .name "control" -}}{{- .root.Values.configuration.inline -}}{{- end -}}
{{- end -}}

{{- define "canopy.configurationMap" -}}
{{- if .Values.configuration.inline -}}
{{- printf "%s-configuration" (include "canopy.fullname" .) -}}
{{- else -}}
{{- .Values.configuration.configMap -}}
{{- end -}}
{{- end -}}

{{- define "canopy.config" -}}
{{- $root := .root -}}
{{- $values := .root.Values -}}
{{- $process := dict
  "bus" (include "canopy.config.bus" $root | fromYaml)
  "rpc" (dict "listen" "0.0.0.0:7443" "tls" (dict
    "cert_file" "/run/secrets/canopy/rpc/tls.crt"
    "key_file" "/run/secrets/canopy/rpc/tls.key"
    "ca_file" "/run/secrets/canopy/rpc/ca.crt"))
  "health" (dict "listen" "0.0.0.0:8080")
  "log_level" $values.logLevel
  "drain_secs" (int $values.drainSecs)
-}}
{{- if ne .name "console" -}}
{{- $sql := dict "url_file" "/run/secrets/canopy/postgres/url" "pool_size" (int $values.postgres.poolSize) -}}
{{- if $values.postgres.caKey -}}{{- $sql = set $sql "ca_file" "/run/secrets/canopy/postgres/ca.crt" -}}{{- end -}}
{{- $process = set $process "sql" $sql -}}
{{- end -}}
{{- $telemetry := dict "metric_interval_ms" (int $values.telemetry.metricIntervalMs) -}}
{{- with $values.telemetry.otlpEndpoint -}}{{- $telemetry = set $telemetry "otlp_endpoint" . -}}{{- end -}}
{{- $process = set $process "telemetry" $telemetry -}}
{{- $peers := dict -}}
{{- range $peer, $each := $values.services -}}
{{- if and $each.enabled (ne $peer $.name) -}}
{{- $peers = set $peers $peer (printf "%s.%s.svc:7443" (include "canopy.workloadName" (dict "root" $root "name" $peer)) $root.Release.Namespace) -}}
{{- end -}}
{{- end -}}
{{- $process = set $process "peers" $peers -}}
{{- $own := include "canopy.config.own" . | fromYaml -}}
{{- if $own -}}{{- $process = set $process .name $own -}}{{- end -}}
{{- toYaml $process -}}
{{- end -}}

{{- define "canopy.config.bus" -}}
{{- $kafka := .Values.kafka -}}
{{- $bus := dict "kind" "kafka" "brokers" $kafka.brokers "replication_factor" (int $kafka.replicationFactor) -}}
{{- if $kafka.tls.enabled -}}
{{- $ssl := dict -}}
{{- if $kafka.tls.existingSecret -}}
{{- if $kafka.tls.caKey -}}{{- $ssl = set $ssl "ca_file" "/run/secrets/canopy/kafka-tls/ca.crt" -}}{{- end -}}
{{- if and $kafka.tls.certKey $kafka.tls.keyKey -}}
{{- $ssl = set $ssl "cert_file" "/run/secrets/canopy/kafka-tls/tls.crt" -}}
{{- $ssl = set $ssl "key_file" "/run/secrets/canopy/kafka-tls/tls.key" -}}
{{- end -}}
{{- end -}}
{{- $bus = set $bus "ssl" $ssl -}}
{{- end -}}
{{- if $kafka.sasl.mechanism -}}
{{- $bus = set $bus "sasl" (dict
  "mechanism" $kafka.sasl.mechanism
  "username_file" "/run/secrets/canopy/kafka-sasl/username"
  "password_file" "/run/secrets/canopy/kafka-sasl/password") -}}
{{- end -}}
{{- toYaml $bus -}}
{{- end -}}

{{- /* The section of the service itself: what the values say, and where this chart put things. */ -}}
{{- define "canopy.config.own" -}}
{{- $own := deepCopy (default dict .own.config) -}}
{{- if eq .name "write" -}}
{{- $own = mergeOverwrite $own (include "canopy.credentialConfig" . | fromYaml) -}}
{{- else if eq .name "console" -}}
{{- $own = mergeOverwrite $own (dict "listen" "0.0.0.0:8480" "token_file" "/run/secrets/canopy/console/token") -}}
{{- else if eq .name "capture" -}}
{{- /* Its processes reach each other by their own addresses; the certificate names the service. */ -}}
{{- $own = merge $own (dict "peer_tls_name" (printf "%s-capture.%s.svc" (include "canopy.fullname" .root) .root.Release.Namespace)) -}}
{{- with .root.Values.hub.enrolment -}}
{{- if .existingSecret -}}
{{- $own = mergeOverwrite $own (dict "agents" (dict "listen" "0.0.0.0:7444" "names" (list (regexReplaceAll ":[0-9]+$" .address "")))) -}}
{{- end -}}
{{- end -}}
{{- else if eq .name "control" -}}
{{- with .root.Values.hub.enrolment -}}
{{- if .existingSecret -}}
{{- $own = mergeOverwrite $own (dict "agents" (dict "authority_dir" "/run/secrets/canopy/agents" "hub" .address)) -}}
{{- end -}}
{{- end -}}
{{- if include "canopy.configurationMap" .root -}}
{{- $own = set $own "apply_file" "/run/canopy/configuration/canopy.yaml" -}}
{{- end -}}
{{- end -}}
{{- toYaml $own -}}
{{- end -}}

{{- define "canopy.mounts" -}}
{{- $values := .root.Values -}}
{{- $tls := default $values.rpc.tls.existingSecret .own.tlsSecret -}}
{{- $mounts := list (dict "name" "rpc" "path" "/run/secrets/canopy/rpc" "secret" $tls) -}}
{{- if ne .name "console" -}}
{{- $items := list (dict "key" $values.postgres.urlKey "path" "url") -}}
{{- with $values.postgres.caKey -}}{{- $items = append $items (dict "key" . "path" "ca.crt") -}}{{- end -}}
{{- $mounts = append $mounts (dict "name" "postgres" "path" "/run/secrets/canopy/postgres" "secret" $values.postgres.existingSecret "items" $items) -}}
{{- end -}}
{{- with $values.kafka.tls -}}
{{- if and .enabled .existingSecret -}}
{{- $items := list -}}
{{- if .caKey -}}{{- $items = append $items (dict "key" .caKey "path" "ca.crt") -}}{{- end -}}
{{- if and .certKey .keyKey -}}
{{- $items = concat $items (list (dict "key" .certKey "path" "tls.crt") (dict "key" .keyKey "path" "tls.key")) -}}
{{- end -}}
{{- $mounts = append $mounts (dict "name" "kafka-tls" "path" "/run/secrets/canopy/kafka-tls" "secret" .existingSecret "items" $items) -}}
{{- end -}}
{{- end -}}
{{- with $values.kafka.sasl -}}
{{- if .mechanism -}}
{{- $items := list (dict "key" .usernameKey "path" "username") (dict "key" .passwordKey "path" "password") -}}
{{- $mounts = append $mounts (dict "name" "kafka-sasl" "path" "/run/secrets/canopy/kafka-sasl" "secret" .existingSecret "items" $items) -}}
{{- end -}}
{{- end -}}
{{- if eq .name "console" -}}
{{- $items := list (dict "key" .own.token.key "path" "token") -}}
{{- $mounts = append $mounts (dict "name" "token" "path" "/run/secrets/canopy/console" "secret" .own.token.existingSecret "items" $items) -}}
{{- else if eq .name "write" -}}
{{- $mounts = concat $mounts (include "canopy.credentialMounts" . | fromYaml).mounts -}}
{{- else if eq .name "control" -}}
{{- with $values.hub.enrolment.existingSecret -}}
{{- $items := list (dict "key" "ca.crt" "path" "ca.crt") (dict "key" "ca.key" "path" "ca.key") -}}
{{- $mounts = append $mounts (dict "name" "agents" "path" "/run/secrets/canopy/agents" "secret" . "items" $items) -}}
{{- end -}}
{{- with include "canopy.configurationMap" .root -}}
{{- $items := list (dict "key" $values.configuration.key "path" "canopy.yaml") -}}
{{- $mounts = append $mounts (dict "name" "configuration" "path" "/run/canopy/configuration" "configMap" . "items" $items) -}}
{{- end -}}
{{- end -}}
{{- toYaml (dict "mounts" $mounts) -}}
{{- end -}}

{{- define "canopy.ingress" -}}
{{- $policy := .root.Values.networkPolicy -}}
{{- $rules := list -}}
{{- if eq .name "console" -}}
{{- $rules = append $rules (dict "from" $policy.consoleFrom "ports" (list (dict "port" "http" "protocol" "TCP"))) -}}
{{- end -}}
{{- if and (eq .name "capture") .root.Values.hub.enabled -}}
{{- $rule := dict "ports" (list (dict "port" (ternary "agents" "grpc" (ne "" (include "canopy.port.agents" .))) "protocol" "TCP")) -}}
{{- with $policy.hubFrom -}}{{- $rule = set $rule "from" . -}}{{- end -}}
{{- $rules = append $rules $rule -}}
{{- end -}}
{{- toYaml (dict "rules" $rules) -}}
{{- end -}}

{{- define "canopy.egress" -}}
{{- $values := .root.Values -}}
{{- $policy := $values.networkPolicy -}}
{{- $rules := list -}}
{{- if ne .name "console" -}}
{{- $ports := list -}}
{{- range $values.kafka.brokers -}}
{{- $ports = append $ports (include "canopy.portOf" (dict "address" . "default" "9092")) -}}
{{- end -}}
{{- $rules = append $rules (include "canopy.egressRule" (dict "to" $policy.kafkaTo "ports" $ports) | fromYaml) -}}
{{- $rules = append $rules (include "canopy.egressRule" (dict "to" $policy.postgresTo "ports" (list $values.postgres.port)) | fromYaml) -}}
{{- end -}}
{{- with $values.telemetry.otlpEndpoint -}}
{{- $port := include "canopy.portOf" (dict "address" . "default" "4318") -}}
{{- $rules = append $rules (include "canopy.egressRule" (dict "to" $policy.telemetryTo "ports" (list $port)) | fromYaml) -}}
{{- end -}}
{{- if eq .name "write" -}}
{{- $rules = append $rules (include "canopy.egressRule" (dict "to" $policy.targetsTo "ports" $policy.targetPorts) | fromYaml) -}}
{{- end -}}
{{- toYaml (dict "rules" $rules) -}}
{{- end -}}
