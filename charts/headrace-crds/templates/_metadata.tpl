{{/* Labels and annotations of every definition. */}}
{{- define "headrace-crds.metadata" -}}
{{- $kept := ternary (dict "helm.sh/resource-policy" "keep") dict .Values.keep }}
{{- $annotations := merge $kept .Values.annotations -}}
labels:
  {{- merge (fromYaml (include "headrace-crds.labels" .)) .Values.labels | toYaml | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "headrace-crds.labels" -}}
app.kubernetes.io/name: headrace
app.kubernetes.io/component: crds
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- end }}
