{{/* The ports that the operator has to reach, as JSON: of the API server, AWS, and endpoints that values name. */}}
{{- define "headrace.egressPorts" -}}
{{- $ports := append .Values.networkPolicy.apiServerPorts 443 }}
{{- $endpoints := list .Values.aws.endpointURL }}
{{- if .Values.traces.enabled }}
{{- $endpoints = append $endpoints .Values.traces.endpoint }}
{{- end }}
{{- range .Values.accounts }}
{{- $endpoints = append $endpoints (get .spec "endpointURL") }}
{{- end }}
{{- range $endpoints | compact }}
{{- $url := urlParse . }}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) }}
{{- $ports = append $ports (int (default (ternary "80" "443" (eq $url.scheme "http")) $port)) }}
{{- end }}
{{- $numbers := list }}
{{- range $ports }}
{{- $numbers = append $numbers (int .) }}
{{- end }}
{{- $numbers | uniq | toJson }}
{{- end }}
