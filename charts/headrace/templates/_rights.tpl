{{/*
Rights: what is used and nothing else. Tests compare those of install.yaml with the API server's audit log, and
the Roles for some namespaces, and what guarded metrics take, with the rights that operators have in tests.
*/}}

{{/* The objects: watched, and patched for the finalizer. Their spec is never written. Takes plurals by commas. */}}
{{- define "headrace.objectRules" -}}
{{- $plurals := splitList "," . -}}
- apiGroups: [headrace.io]
  resources:
    {{- toYaml $plurals | nindent 4 }}
  verbs: [get, list, watch, patch]
- apiGroups: [headrace.io]
  resources:
    {{- range $plurals }}
    - {{ . }}/status
    {{- end }}
  verbs: [patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}

{{/* The Secrets of accounts: all of the release's namespace or, if values say which, these. */}}
{{- define "headrace.accountSecretRule" -}}
{{- $names := list }}
{{- range .Values.accounts }}
{{- $names = append $names (dig "credentials" "secretRef" "name" "" .spec) }}
{{- end }}
{{- if not (kindIs "slice" .Values.accountSecrets) }}
{{- include "headrace.secretRule" . }}
{{- else if concat $names .Values.accountSecrets | compact }}
{{- include "headrace.secretRule" . }}
  resourceNames:
    {{- concat $names .Values.accountSecrets | compact | uniq | sortAlpha | toYaml | nindent 4 }}
{{- end }}
{{- end }}

{{- define "headrace.secretRule" -}}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
{{- end }}
