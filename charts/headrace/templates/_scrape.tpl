{{/* Labels by which Prometheus finds a monitor count more than common ones: takes (list root monitor). */}}
{{- define "headrace.monitorLabels" -}}
{{- $root := index . 0 }}
{{- $own := merge (include "headrace.selector" $root | fromYaml) (include "headrace.chartLabels" $root | fromYaml) }}
{{- include "headrace.over" (list $own (index . 1).labels $root.Values.commonLabels) }}
{{- end }}

{{/* How Prometheus gets the metrics: takes (list root monitor). */}}
{{- define "headrace.scrape" -}}
{{- $root := index . 0 }}
{{- $monitor := index . 1 }}
{{- $secure := $root.Values.metrics.secure -}}
- port: metrics
  path: /metrics
  {{- with $monitor.interval }}
  interval: {{ . }}
  {{- end }}
  {{- with $monitor.relabelings }}
  relabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $monitor.metricRelabelings }}
  metricRelabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if $secure.enabled }}
  scheme: https
  {{- if $monitor.authorization }}
  authorization:
    {{- toYaml $monitor.authorization | nindent 4 }}
  {{- else if $secure.authorization }}
  bearerTokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token
  {{- end }}
  tlsConfig:
    {{- with $monitor.tlsConfig }}
    {{- toYaml . | nindent 4 }}
    {{- else }}
    serverName: {{ include "headrace.fullname" $root }}.{{ $root.Release.Namespace }}.svc
    ca:
      secret:
        name: {{ $secure.certSecret }}
        key: ca.crt
    {{- end }}
  {{- end }}
{{- end }}
