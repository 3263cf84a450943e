{{/* The operator's options, by the variables that would say them: extraEnv may have none of these. */}}

{{/* The values that say them. */}}
{{- define "headrace.optionValues" -}}
HEADRACE_ACCOUNTS: accounts
HEADRACE_ALLOW_AMBIENT: allowAmbient
HEADRACE_AWS_RATE: awsRate
HEADRACE_CLUSTER_ID: clusterID
HEADRACE_LEASE_DURATION: leaderElection.leaseDuration
HEADRACE_LISTEN: listenAddress and probes.port
HEADRACE_LOG_FORMAT: log.format
HEADRACE_LOG_LEVEL: log.level
HEADRACE_METRICS_AUTHORIZATION: metrics.secure.authorization
HEADRACE_METRICS_LISTEN: listenAddress and metrics.port
HEADRACE_METRICS_TLS_CERT: metrics.secure.certSecret
HEADRACE_METRICS_TLS_KEY: metrics.secure.certSecret
HEADRACE_NAMESPACES: watchNamespaces
HEADRACE_OBJECT_METRICS: metrics.objectMetrics
HEADRACE_RENEW_DEADLINE: leaderElection.renewDeadline
HEADRACE_RETRY_PERIOD: leaderElection.retryPeriod
HEADRACE_TRACES: traces.enabled
HEADRACE_WORKERS: workers
{{- end }}

{{/* Those that no value says, and what the chart makes of them. */}}
{{- define "headrace.ownOptions" -}}
HEADRACE_LEADER_ELECT: whoever works is always elected
HEADRACE_LEASE_NAME: the Lease is called as the Deployment is
HEADRACE_OWN_NAMESPACE: it is the namespace of the release
{{- end }}
