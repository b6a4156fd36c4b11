{{/* Credentials and trusted authorities of a workload. The charts canopy and canopy-agent hold this file with the same content. */}}

{{- /* Mounts of credentials (a Secret per name) and of the authorities to trust. Takes the workload's context. */ -}}
{{- define "canopy.credentialMounts" -}}
{{- $mounts := list -}}
{{- range $index, $each := .own.credentials -}}
{{- $mounts = append $mounts (dict "name" (printf "credential-%d" $index) "path" (printf "/run/secrets/canopy/credentials/%s" $each.name) "secret" $each.existingSecret) -}}
{{- end -}}
{{- with .own.trust -}}
{{- if .keys -}}
{{- $items := list -}}
{{- range .keys -}}{{- $items = append $items (dict "key" . "path" .) -}}{{- end -}}
{{- if .existingSecret -}}
{{- $mounts = append $mounts (dict "name" "trust" "path" "/run/secrets/canopy/trust" "secret" .existingSecret "items" $items) -}}
{{- else if .configMap -}}
{{- $mounts = append $mounts (dict "name" "trust" "path" "/run/secrets/canopy/trust" "configMap" .configMap "items" $items) -}}
{{- else -}}
{{- fail (printf "%s: trust.keys needs trust.existingSecret or trust.configMap" $.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml (dict "mounts" $mounts) -}}
{{- end -}}

{{- /* The same as configuration: where the credentials are and which files to trust. */ -}}
{{- define "canopy.credentialConfig" -}}
{{- $config := dict -}}
{{- if .own.credentials -}}{{- $config = set $config "credentials_dir" "/run/secrets/canopy/credentials" -}}{{- end -}}
{{- with .own.trust -}}
{{- if .keys -}}
{{- $files := list -}}
{{- range .keys -}}{{- $files = append $files (printf "/run/secrets/canopy/trust/%s" .) -}}{{- end -}}
{{- $config = set $config "trust" $files -}}
{{- end -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}
