{{/* The operator's pods. */}}

{{- define "headrace.args" -}}
{{- $values := .Values -}}
- --listen={{ include "headrace.listen" (list $values.listenAddress $values.probes.port) }}
- --metrics-listen={{ include "headrace.listen" (list (ternary $values.listenAddress "127.0.0.1" $values.metrics.enabled) $values.metrics.port) }}
- --own-namespace={{ .Release.Namespace }}
{{- with $values.clusterID }}
- --cluster-id={{ . }}
{{- end }}
{{- with $values.watchNamespaces }}
- --namespaces={{ join "," . }}
- --accounts=/etc/headrace/accounts/accounts.yaml
{{- end }}
{{- if $values.allowAmbient }}
- --allow-ambient
{{- end }}
- --workers={{ int $values.workers }}
- --aws-rate={{ $values.awsRate }}
{{- with $values.leaderElection }}
- --leader-elect
- --lease-name={{ include "headrace.fullname" $ }}
- --lease-duration={{ .leaseDuration }}
- --renew-deadline={{ .renewDeadline }}
- --retry-period={{ .retryPeriod }}
{{- end }}
{{- if not $values.metrics.objectMetrics }}
- --no-object-metrics
{{- end }}
{{- if and $values.metrics.enabled $values.metrics.secure.enabled }}
- --metrics-tls-cert=/etc/headrace/metrics-tls/tls.crt
- --metrics-tls-key=/etc/headrace/metrics-tls/tls.key
{{- if $values.metrics.secure.authorization }}
- --metrics-authorization
{{- end }}
{{- end }}
{{- if $values.traces.enabled }}
- --traces
{{- end }}
- --log-format={{ $values.log.format }}
- --log-level={{ $values.log.level }}
{{- end }}

{{/* What values of their own say; extraEnv comes beside it. */}}
{{- define "headrace.ownEnv" -}}
{{- with .Values.aws.region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- with .Values.aws.endpointURL }}
- name: AWS_ENDPOINT_URL
  value: {{ . | quote }}
{{- end }}
{{- with .Values.traces }}
{{- if .enabled }}
{{- with .endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end }}
- name: OTEL_TRACES_SAMPLER
  value: parentbased_traceidratio
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ .ratio | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "headrace.env" -}}
{{- include "headrace.ownEnv" . }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "headrace.mounts" -}}
{{- if .Values.watchNamespaces }}
- name: accounts
  mountPath: /etc/headrace/accounts
  readOnly: true
{{- end }}
{{- if and .Values.metrics.enabled .Values.metrics.secure.enabled }}
- name: metrics-tls
  mountPath: /etc/headrace/metrics-tls
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "headrace.volumes" -}}
{{- if .Values.watchNamespaces }}
- name: accounts
  configMap:
    name: {{ include "headrace.fullname" . }}-accounts
{{- end }}
{{- if and .Values.metrics.enabled .Values.metrics.secure.enabled }}
- name: metrics-tls
  secret:
    secretName: {{ .Values.metrics.secure.certSecret }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* All that the Pod Security Standard "restricted" asks of a pod, and of its containers. */}}
{{- define "headrace.podSecurity" -}}
runAsNonRoot: true
{{- with .Values.securityContext.runAsUser }}
runAsUser: {{ int . }}
runAsGroup: {{ int . }}
fsGroup: {{ int . }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "headrace.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
{{- with .Values.securityContext.runAsUser }}
runAsUser: {{ int . }}
runAsGroup: {{ int . }}
{{- end }}
capabilities:
  drop: [ALL]
{{- end }}

{{- define "headrace.affinity" -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "headrace.selector" . | nindent 12 }}
{{- end }}

{{- define "headrace.spread" -}}
- maxSkew: 1
  topologyKey: topology.kubernetes.io/zone
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "headrace.selector" . | nindent 6 }}
{{- end }}
