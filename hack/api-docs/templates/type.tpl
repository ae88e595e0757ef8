{{- define "type" -}}
{{- if markdownShouldRenderType . }}
## {{ .Name }}

{{ .Doc }}
{{ if .References }}
Used by {{ range $i, $r := .SortedReferences }}{{ if $i }}, {{ end }}{{ markdownRenderTypeLink $r }}{{ end }}.
{{ end }}
{{- if or .IsAlias .Validation }}{{ template "rules" . }}{{ end }}
{{- with index .Markers "kubebuilder:validation:XValidation" }}
Rules:
{{ range . }}
- {{ with .FieldPath }}`{{ . | trimPrefix "." }}` {{ end }}{{ .Message }}
{{- end }}
{{ end }}
{{- if .Members }}
| Field | Description | Validation |
| --- | --- | --- |
{{- if .GVK }}
| `apiVersion` _string_ | `{{ .GVK.Group }}/{{ .GVK.Version }}` | |
| `kind` _string_ | `{{ .GVK.Kind }}` | |
{{- end }}
{{- range .Members }}
| `{{ .Name }}` _{{ markdownRenderType .Type }}_ | {{ template "member" . }} | {{ template "validation" . }} |
{{- end }}
{{ end }}
{{- end }}
{{- end -}}

{{- /* What a scalar type is, and its limits. */ -}}
{{- define "rules" }}
{{ if .IsAlias }}A {{ markdownRenderTypeLink .UnderlyingType }}{{ if .Validation }}. {{ end }}{{ end }}{{ join ". " .Validation }}.
{{ end -}}

{{- define "member" -}}
{{- if eq .Name "metadata" -}}
Standard metadata of Kubernetes objects.
{{- else -}}
{{ markdownRenderFieldDoc .Doc }}
{{- end -}}
{{- end -}}

{{- /* Whether a field is required, its limits, and the messages of its rules. Rules that name a field are
     those of the field's type, where they are shown. */ -}}
{{- define "validation" -}}
{{- range .Validation -}}
{{- if eq . "Required: {}" }}Required<br />{{ else if ne . "Optional: {}" }}{{ markdownRenderFieldDoc . }}<br />{{ end -}}
{{- end -}}
{{- range index .Markers "kubebuilder:validation:XValidation" -}}
{{- if not .FieldPath }}{{ markdownRenderFieldDoc .Message }}<br />{{ end -}}
{{- end -}}
{{- end -}}
