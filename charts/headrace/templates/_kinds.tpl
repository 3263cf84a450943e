{{- define "headrace.kinds" }}acceleratedbuckets,awsaccounts,distributions{{ end }}
{{- define "headrace.namespacedKinds" }}acceleratedbuckets,distributions{{ end }}
