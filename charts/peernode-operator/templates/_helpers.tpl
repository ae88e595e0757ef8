{{/* The name of the objects: the release's own when it speaks for itself. */}}
{{- define "peernode-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The labels that select the operator's pods. They never change. */}}
{{- define "peernode-operator.selectorLabels" -}}
app.kubernetes.io/name: peernode-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "peernode-operator.labels" -}}
{{ include "peernode-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "peernode-operator.serviceAccountName" -}}
{{- default (include "peernode-operator.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{/* The operator's account, as the subject of a binding. */}}
{{- define "peernode-operator.subjects" -}}
subjects:
  - kind: ServiceAccount
    name: {{ include "peernode-operator.serviceAccountName" . }}
    namespace: {{ .Release.Namespace }}
{{- end -}}

{{/* An image reference from a list of image values and the default tag. A digest wins over a tag. */}}
{{- define "peernode-operator.image" -}}
{{- $image := index . 0 -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (default (index . 1) $image.tag) -}}
{{- end -}}
{{- end -}}
