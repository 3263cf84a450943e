{{/* What a schema cannot say: each has a sentence of what is wrong and what to do. */}}

{{- define "headrace.validate" -}}
{{- include "headrace.validateClusterID" . }}
{{- include "headrace.validateElection" . }}
{{- include "headrace.validateImage" . }}
{{- include "headrace.validateMetrics" . }}
{{- include "headrace.validateTraces" . }}
{{- include "headrace.validateAccounts" . }}
{{- include "headrace.validateServiceAccount" . }}
{{- include "headrace.validateLabels" . }}
{{- include "headrace.validateDNS" . }}
{{- include "headrace.validateRights" . }}
{{- include "headrace.validateExtras" . }}
{{- include "headrace.validateAlone" . }}
{{- if .Release.IsUpgrade }}
{{- include "headrace.validateName" . }}
{{- end }}
{{- end }}

{{- define "headrace.validateClusterID" -}}
{{- if and .Values.requireClusterID (not .Values.clusterID) }}
{{- fail "clusterID is empty. Owner tags in AWS carry it, and by it a rebuilt cluster recognises what is its own: set it to a name that no other cluster on the same AWS accounts has, such as --set clusterID=prod-eu-1, and never change it." }}
{{- end }}
{{- if and .Values.watchNamespaces (not .Values.clusterID) }}
{{- fail "watchNamespaces needs clusterID: with rights in these namespaces alone the operator cannot read the UID of kube-system, which stands in for it. Set it to a name that no other cluster or release on the same AWS accounts has, such as --set clusterID=prod-eu-1-shop." }}
{{- end }}
{{- end }}

{{- define "headrace.validateElection" -}}
{{- $election := .Values.leaderElection }}
{{- if lt (float64 $election.leaseDuration) (addf $election.renewDeadline 5) }}
{{- fail (printf "leaderElection.leaseDuration (%v) must be at least 5 seconds longer than renewDeadline (%v): what a leader sent before its end is to arrive before another one begins." $election.leaseDuration $election.renewDeadline) }}
{{- end }}
{{- if lt (float64 $election.renewDeadline) (mulf $election.retryPeriod 3) }}
{{- fail (printf "leaderElection.renewDeadline (%v) must be at least three times retryPeriod (%v): a leader is to get over a request that fails." $election.renewDeadline $election.retryPeriod) }}
{{- end }}
{{- end }}

{{- define "headrace.validateImage" -}}
{{- if and .Values.tests.image.tag (not .Values.tests.image.repository) }}
{{- fail "tests.image.tag is set and tests.image.repository is empty, so that the operator's own image is taken: name the repository, too, or leave the tag out." }}
{{- end }}
{{- range $name, $image := dict "image" .Values.image "tests.image" .Values.tests.image }}
{{- if contains ":" (base (default "" $image.repository)) }}
{{- fail (printf "%s.repository (%s) has a tag or a digest in it: put that into %s, and the name alone here." $name $image.repository (ternary "image.tag or image.digest" "tests.image.tag" (eq $name "image"))) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "headrace.validateMetrics" -}}
{{- $metrics := .Values.metrics }}
{{- if eq (int $metrics.port) (int .Values.probes.port) }}
{{- fail (printf "metrics.port and probes.port are both %d: give metrics a port of their own." (int $metrics.port)) }}
{{- end }}
{{- if and $metrics.serviceMonitor.enabled $metrics.podMonitor.enabled }}
{{- fail "metrics.serviceMonitor and metrics.podMonitor are both on: everything would be scraped twice. Choose one." }}
{{- end }}
{{- if and (or $metrics.serviceMonitor.enabled $metrics.podMonitor.enabled) (not $metrics.enabled) }}
{{- fail "metrics.enabled is false, so there is nothing to scrape: turn it on, or metrics.serviceMonitor and metrics.podMonitor off." }}
{{- end }}
{{- if and $metrics.secure.enabled (not $metrics.enabled) }}
{{- fail "metrics.secure.enabled is true and metrics.enabled is false: there is nothing to guard. Turn the metrics on, or metrics.secure off." }}
{{- end }}
{{- if and $metrics.secure.enabled (not $metrics.secure.certSecret) }}
{{- fail "metrics.secure needs a certificate: set metrics.secure.certSecret to the name of a Secret of type kubernetes.io/tls in the release's namespace." }}
{{- end }}
{{- if and $metrics.secure.certSecret (not $metrics.secure.enabled) }}
{{- fail "metrics.secure.certSecret names a certificate, and metrics.secure.enabled is false, so that metrics go out without TLS: turn it on, or leave the certificate out." }}
{{- end }}
{{- if and $metrics.podMonitor.enabled $metrics.secure.enabled $metrics.secure.authorization (not $metrics.podMonitor.authorization) }}
{{- fail "metrics.podMonitor.authorization is empty: a PodMonitor cannot use Prometheus' own token, which metrics.secure.authorization asks for. Name a Secret with a token there, or turn on metrics.serviceMonitor in its place." }}
{{- end }}
{{- range $name := list "serviceMonitor" "podMonitor" }}
{{- range $key := list "tlsConfig" "authorization" }}
{{- if and (get $metrics $name).enabled (get (get $metrics $name) $key) (not $metrics.secure.enabled) }}
{{- fail (printf "metrics.%s.%s is set, and metrics.secure.enabled is false, so that metrics are scraped without TLS and without a token: turn it on, or leave %s out." $name $key $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and .Values.networkPolicy.metricsFrom (not .Values.networkPolicy.enabled) }}
{{- fail "networkPolicy.metricsFrom says who may get the metrics, and networkPolicy.enabled is false, so that everybody may: turn it on, or leave metricsFrom out." }}
{{- end }}
{{- if and $metrics.secure.enabled $metrics.secure.authorization .Values.watchNamespaces }}
{{- fail "metrics.secure.authorization needs rights on the whole cluster (TokenReview and SubjectAccessReview), and with watchNamespaces none are granted: set it to false, and name who may get the metrics in networkPolicy.metricsFrom." }}
{{- end }}
{{- end }}

{{- define "headrace.validateTraces" -}}
{{- if and .Values.traces.enabled (not .Values.traces.endpoint) }}
{{- fail "traces.enabled is true and traces.endpoint is empty: say where traces go, such as --set traces.endpoint=http://collector.monitoring:4318." }}
{{- end }}
{{- if and .Values.traces.endpoint (not .Values.traces.enabled) }}
{{- fail "traces.endpoint says where traces go, and traces.enabled is false, so that none are sent: turn it on, or leave the endpoint out." }}
{{- end }}
{{- end }}

{{- define "headrace.validateAccounts" -}}
{{- $names := list }}
{{- $defaults := list }}
{{- range .Values.accounts }}
{{- if .spec.default }}
{{- $defaults = append $defaults .name }}
{{- end }}
{{- include "headrace.validateAccount" (list $ .) }}
{{- if has .name $names }}
{{- fail (printf "accounts has two entries with the name %s: give each a name of its own." .name) }}
{{- end }}
{{- $names = append $names .name }}
{{- end }}
{{- if gt (len $defaults) 1 }}
{{- fail (printf "accounts %s all say default: true, and only one may." (join " and " $defaults)) }}
{{- end }}
{{- if .Values.watchNamespaces }}
{{- range .Values.secretNamespaces }}
{{- if not (has . $.Values.watchNamespaces) }}
{{- fail (printf "secretNamespaces names %s, which watchNamespaces does not: no object there is served, so no Secret there is needed." .) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the API server refuses by rules that a schema does not have: takes (list root account). */}}
{{- define "headrace.validateAccount" -}}
{{- $root := index . 0 }}
{{- $account := index . 1 }}
{{- if and (dig "credentials" "secretRef" "" $account.spec) (dig "credentials" "roleARN" "" $account.spec) }}
{{- fail (printf "accounts: %s has spec.credentials.secretRef and spec.credentials.roleARN, and only one may be: leave out the other one." $account.name) }}
{{- end }}
{{- range $key, $_ := $account.spec.defaultTags }}
{{- if or (hasPrefix "aws:" $key) (hasPrefix "headrace.io/" $key) }}
{{- fail (printf "accounts: %s has %s in spec.defaultTags: keys that begin with aws: or headrace.io/ are reserved." $account.name $key) }}
{{- end }}
{{- end }}
{{- range $account.spec.namespaces }}
{{- if not (or .names .selector) }}
{{- fail (printf "accounts: %s has an entry in spec.namespaces with neither names nor selector: say which namespaces it is about." $account.name) }}
{{- end }}
{{- if $root.Values.watchNamespaces }}
{{- include "headrace.validateWatched" (list $root $account.name .) }}
{{- end }}
{{- end }}
{{- end }}

{{/* What is for namespaces that are not served does nothing: takes (list root account namespaces). */}}
{{- define "headrace.validateWatched" -}}
{{- $watched := (index . 0).Values.watchNamespaces }}
{{- $account := index . 1 }}
{{- $namespaces := index . 2 }}
{{- if hasKey $namespaces "selector" }}
{{- fail "accounts select namespaces by their labels, which with watchNamespaces nobody may read: name the namespaces in names." }}
{{- end }}
{{- range $name := $namespaces.names }}
{{- $pattern := printf "^%s$" (regexQuoteMeta $name | replace "\\*" ".*") }}
{{- $served := false }}
{{- range $watched }}
{{- $served = or $served (regexMatch $pattern .) }}
{{- end }}
{{- if not $served }}
{{- fail (printf "accounts: %s is for namespace %s, which watchNamespaces does not have: no object there is served. Add it there, or leave it out here." $account $name) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "headrace.validateServiceAccount" -}}
{{- $account := .Values.serviceAccount }}
{{- if and (not $account.create) (not $account.name) }}
{{- fail "serviceAccount.create is false and serviceAccount.name is empty: name the ServiceAccount that is there, so that no rights go to the namespace's default one." }}
{{- end }}
{{- $annotated := get (default dict $account.annotations) "eks.amazonaws.com/role-arn" }}
{{- if and $annotated $account.irsaRoleARN (ne $annotated $account.irsaRoleARN) }}
{{- fail (printf "serviceAccount.irsaRoleARN is %s, and serviceAccount.annotations has %s as eks.amazonaws.com/role-arn: leave out the annotation." $account.irsaRoleARN $annotated) }}
{{- end }}
{{- if and $account.irsaAudience (not $account.irsaRoleARN) }}
{{- fail "serviceAccount.irsaAudience is set and serviceAccount.irsaRoleARN is not: there is no role that a token could be for. Name the role, or leave the audience out." }}
{{- end }}
{{- if and (not $account.create) (or $account.irsaRoleARN $account.annotations) }}
{{- fail (printf "serviceAccount.create is false, so nothing is written on ServiceAccount %s: annotate it yourself, and leave out serviceAccount.irsaRoleARN and serviceAccount.annotations." $account.name) }}
{{- end }}
{{- end }}

{{- define "headrace.validateLabels" -}}
{{- range $key, $_ := fromYaml (include "headrace.selector" .) }}
{{- if hasKey (default dict $.Values.podLabels) $key }}
{{- fail (printf "podLabels has %s, by which the pods are found: leave it out." $key) }}
{{- end }}
{{- end }}
{{- $own := merge (fromYaml (include "headrace.selector" .)) (fromYaml (include "headrace.chartLabels" .)) }}
{{- range $key, $_ := .Values.commonLabels }}
{{- if hasPrefix "rbac.authorization.k8s.io/" $key }}
{{- fail (printf "commonLabels has %s, by which Kubernetes would add the operator's own rights to a ClusterRole: leave it out." $key) }}
{{- end }}
{{- if hasKey $own $key }}
{{- fail (printf "commonLabels has %s, which the chart says itself: leave it out." $key) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "headrace.validateDNS" -}}
{{- if and (eq (default "" .Values.dnsPolicy) "None") (not (get (default dict .Values.dnsConfig) "nameservers")) }}
{{- fail "dnsPolicy is None, and dnsConfig has no nameservers: no name could be resolved. Say them there, or choose another policy." }}
{{- end }}
{{- end }}

{{- define "headrace.validateRights" -}}
{{- if and .Values.rbac.aggregateToEdit .Values.watchNamespaces }}
{{- fail "rbac.aggregateToEdit is for all namespaces, and with watchNamespaces the chart makes no ClusterRole: leave it out, and bind a Role of your own in these namespaces." }}
{{- end }}
{{- end }}

{{- define "headrace.validateExtras" -}}
{{- include "headrace.validateNames" . }}
{{- $own := list }}
{{- range include "headrace.ownEnv" . | fromYamlArray }}
{{- $own = append $own .name }}
{{- end }}
{{- range .Values.extraEnv }}
{{- include "headrace.validateOption" .name }}
{{- if has .name $own }}
{{- fail (printf "extraEnv has %s, which another value (aws, traces) sets already: leave out one of them." .name) }}
{{- end }}
{{- end }}
{{- range .Values.extraVolumes }}
{{- if has .name (list "accounts" "metrics-tls") }}
{{- fail (printf "extraVolumes has %s, which is the name of a volume of the chart's own: call it otherwise." .name) }}
{{- end }}
{{- end }}
{{- end }}

{{/* What Kubernetes would refuse when the Deployment is applied: names that are there twice, or not at all. */}}
{{- define "headrace.validateNames" -}}
{{- range $key := list "extraEnv" "extraVolumes" }}
{{- $names := list }}
{{- range index $.Values $key }}
{{- if has .name $names }}
{{- fail (printf "%s has two entries with the name %s: leave out one of them." $key .name) }}
{{- end }}
{{- $names = append $names .name }}
{{- end }}
{{- end }}
{{- $volumes := list }}
{{- range include "headrace.volumes" . | fromYamlArray }}
{{- $volumes = append $volumes .name }}
{{- end }}
{{- range .Values.extraVolumeMounts }}
{{- if not (has .name $volumes) }}
{{- fail (printf "extraVolumeMounts has %s at %s, and extraVolumes has no volume of that name: add it there, or leave the mount out." .name .mountPath) }}
{{- end }}
{{- end }}
{{- end }}

{{/* An option beside those that the chart passes: takes the name of a variable. */}}
{{- define "headrace.validateOption" -}}
{{- if and (hasPrefix "HEADRACE_" .) (ne . "HEADRACE_IDENTITY") }}
{{- with get (include "headrace.optionValues" $ | fromYaml) . }}
{{- fail (printf "extraEnv has %s: the operator's options are values of this chart, which grants the rights for them. Set %s in its place." $ .) }}
{{- end }}
{{- with get (include "headrace.ownOptions" $ | fromYaml) . }}
{{- fail (printf "extraEnv has %s, which the chart says itself: leave it out, %s." $ .) }}
{{- end }}
{{- fail (printf "extraEnv has %s, and the operator has no such option: leave it out." .) }}
{{- end }}
{{- end }}

{{/*
Two releases would serve the same objects. What each of them has under a fixed name tells them apart: the
ClusterRole headrace-secret-reader or, in each namespace that is served alone, the Role headrace-objects.
`helm template` and Argo CD look nothing up, and who serves some namespaces only may not look beyond them.
*/}}
{{- define "headrace.validateAlone" -}}
{{- $rbac := "rbac.authorization.k8s.io/v1" }}
{{- if .Values.watchNamespaces }}
{{- range .Values.watchNamespaces }}
{{- include "headrace.refuseOther" (list $ (lookup $rbac "Role" . "headrace-objects")) }}
{{- end }}
{{- else }}
{{- include "headrace.refuseOther" (list $ (lookup $rbac "ClusterRole" "" "headrace-secret-reader")) }}
{{- /* Anybody may make a Role in a namespace of theirs, which must not keep this release from being upgraded. */}}
{{- if .Release.IsInstall }}
{{- range (lookup $rbac "Role" "" "").items }}
{{- if eq .metadata.name "headrace-objects" }}
{{- include "headrace.refuseOther" (list $ .) }}
{{- end }}
{{- end }}
{{- end }}
{{- include "headrace.validateKinds" . }}
{{- end }}
{{- end }}

{{/* Under another name there would be another Lease, beside that of the one that still works. */}}
{{- define "headrace.validateName" -}}
{{- $name := include "headrace.fullname" . }}
{{- $selector := fromYaml (include "headrace.selector" .) }}
{{- range (lookup "apps/v1" "Deployment" .Release.Namespace "").items }}
{{- if and (ne .metadata.name $name) (eq (toJson (pick (default dict .metadata.labels) "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component")) (toJson $selector)) }}
{{- fail (printf "This release runs as Deployment %s and would become %s: two operators would serve the same objects until the old one has ended, as each has a Lease of its own. Leave fullnameOverride and nameOverride as they were, or uninstall the release first." .metadata.name $name) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Refuse to go on where an object belongs to somebody else: takes (list root object). */}}
{{- define "headrace.refuseOther" -}}
{{- $root := index . 0 }}
{{- $object := index . 1 }}
{{- if $object }}
{{- $annotations := default dict $object.metadata.annotations }}
{{- $name := get $annotations "meta.helm.sh/release-name" }}
{{- $namespace := get $annotations "meta.helm.sh/release-namespace" }}
{{- $what := printf "%s %s" (default "ClusterRole" $object.kind) $object.metadata.name }}
{{- with $object.metadata.namespace }}{{ $what = printf "%s in namespace %s" $what . }}{{ end }}
{{- if not $name }}
{{- fail (printf "Headrace is here already, installed without Helm (%s): two operators would serve the same objects. Remove that one first, as docs/installing.md says." $what) }}
{{- end }}
{{- if or (ne $name $root.Release.Name) (ne $namespace $root.Release.Namespace) }}
{{- fail (printf "Headrace is here already, as release %s in namespace %s (%s): two operators would serve the same objects. Upgrade that release, uninstall it first, or give each its own watchNamespaces." $name $namespace $what) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Helm would say that a mapping is missing. There is a cluster to look at where its own roles are found. */}}
{{- define "headrace.validateKinds" -}}
{{- $live := lookup "rbac.authorization.k8s.io/v1" "ClusterRole" "" "cluster-admin" }}
{{- if and $live .Values.accounts (not (.Capabilities.APIVersions.Has "headrace.io/v1alpha1/AWSAccount")) }}
{{- fail "accounts cannot be made: the cluster does not know the kind AWSAccount. Install the chart headrace-crds first." }}
{{- end }}
{{- end }}
