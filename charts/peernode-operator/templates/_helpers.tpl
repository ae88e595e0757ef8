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

{{/* The labels that select the unsealer's pods. They never change, and are not those of the operator's. */}}
{{- define "peernode-unsealer.selectorLabels" -}}
app.kubernetes.io/name: peernode-unsealer
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* The labels that select the janitor's pods. They never change, and are not those of the others. */}}
{{- define "peernode-janitor.selectorLabels" -}}
app.kubernetes.io/name: peernode-janitor
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* The labels that select the pod of the probe. They never change, and are not those of the others. */}}
{{- define "peernode-policy-probe.selectorLabels" -}}
app.kubernetes.io/name: peernode-policy-probe
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "peernode-operator.labels" -}}
{{ include "peernode-operator.selectorLabels" . }}
{{ include "peernode-operator.releaseLabels" . }}
{{- end -}}

{{- define "peernode-unsealer.labels" -}}
{{ include "peernode-unsealer.selectorLabels" . }}
{{ include "peernode-operator.releaseLabels" . }}
{{- end -}}

{{- define "peernode-janitor.labels" -}}
{{ include "peernode-janitor.selectorLabels" . }}
{{ include "peernode-operator.releaseLabels" . }}
{{- end -}}

{{- define "peernode-policy-probe.labels" -}}
{{ include "peernode-policy-probe.selectorLabels" . }}
{{ include "peernode-operator.releaseLabels" . }}
{{- end -}}

{{- define "peernode-operator.releaseLabels" -}}
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

{{/* The unsealer's account, as the subject of a binding. */}}
{{- define "peernode-unsealer.subjects" -}}
subjects:
  - kind: ServiceAccount
    name: peernode-unsealer
    namespace: {{ .Release.Namespace }}
{{- end -}}

{{/* The janitor's account, as the subject of a binding. */}}
{{- define "peernode-janitor.subjects" -}}
subjects:
  - kind: ServiceAccount
    name: peernode-janitor
    namespace: {{ .Release.Namespace }}
{{- end -}}

{{/* Where pods run, from a list of values and the labels that select these pods. */}}
{{- define "peernode-operator.placement" -}}
{{- $values := index . 0 -}}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
affinity:
  {{- if $values.affinity }}
  {{- toYaml $values.affinity | nindent 2 }}
  {{- else }}
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- index . 1 | nindent 14 }}
  {{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Whom the programs may talk to, from the values of networkPolicy: the API server and DNS. */}}
{{- define "peernode-operator.egress" -}}
egress:
  - ports:
      {{- range .apiServer.ports }}
      - port: {{ . }}
        protocol: TCP
      {{- end }}
    {{- with .apiServer.cidrs }}
    to:
      {{- range . }}
      - ipBlock:
          cidr: {{ . }}
      {{- end }}
    {{- end }}
  {{- with .dns }}
  - to:
      {{- toYaml . | nindent 6 }}
    ports:
      - port: 53
        protocol: UDP
      - port: 53
        protocol: TCP
  {{- end }}
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
