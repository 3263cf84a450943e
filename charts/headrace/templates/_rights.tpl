{{/* Rights: what is used and nothing else. A test compares them with the API server's audit log. */}}

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

{{- define "headrace.secretRule" -}}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
{{- end }}
