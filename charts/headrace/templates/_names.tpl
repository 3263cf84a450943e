{{/* Names and labels. */}}

{{/*
The name of nearly every object, and of the Lease: of the release `headrace` it is headrace-operator, as the
policies in docs/iam and all pages call it.
*/}}
{{- define "headrace.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $both := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- default (printf "%s-operator" (trimSuffix "-operator" $both)) .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "headrace.serviceAccount" -}}
{{- default (ternary (include "headrace.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name }}
{{- end }}

{{/* What pods are selected by: no value changes it, as a Deployment's selector cannot be changed. */}}
{{- define "headrace.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "headrace.labels" -}}
{{ include "headrace.selector" . }}
{{ include "headrace.releaseLabels" . }}
{{- end }}

{{/* What the pod of `helm test` is selected by. */}}
{{- define "headrace.testSelector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: test
{{- end }}

{{- define "headrace.testLabels" -}}
{{ include "headrace.testSelector" . }}
{{ include "headrace.releaseLabels" . }}
{{- end }}

{{- define "headrace.releaseLabels" -}}
{{ include "headrace.chartLabels" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "headrace.chartLabels" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- end }}

{{/* Metadata of an object in the release's namespace. */}}
{{- define "headrace.metadata" -}}
name: {{ include "headrace.fullname" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "headrace.labels" . | nindent 2 }}
{{- end }}

{{/* Metadata of an object of the whole cluster. */}}
{{- define "headrace.clusterMetadata" -}}
name: {{ include "headrace.fullname" . }}
labels:
  {{- include "headrace.labels" . | nindent 2 }}
{{- end }}

{{- define "headrace.image" -}}
{{- $image := .Values.image }}
{{- $tag := default .Chart.AppVersion $image.tag }}
{{- if $image.digest }}{{ $image.repository }}@{{ $image.digest }}{{ else }}{{ $image.repository }}:{{ $tag }}{{ end }}
{{- end }}

{{/* What `helm test` runs in. */}}
{{- define "headrace.testImage" -}}
{{- $image := .Values.tests.image }}
{{- if $image.repository }}
{{- $image.repository }}{{ with $image.tag }}:{{ . }}{{ end }}
{{- else }}
{{- include "headrace.image" . }}
{{- end }}
{{- end }}

{{/* An address to listen on: takes (list address port). */}}
{{- define "headrace.listen" -}}
{{- $address := index . 0 }}
{{- ternary (printf "[%s]" $address) $address (contains ":" $address) }}:{{ index . 1 }}
{{- end }}

{{- define "headrace.subjects" -}}
- kind: ServiceAccount
  name: {{ include "headrace.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{/* All entries of several, each from the first that has it: to sprig's merge an empty value is none. */}}
{{- define "headrace.over" -}}
{{- $all := dict }}
{{- range reverse . }}
{{- range $key, $value := default dict . }}
{{- $_ := set $all $key $value }}
{{- end }}
{{- end }}
{{- toYaml $all }}
{{- end }}
