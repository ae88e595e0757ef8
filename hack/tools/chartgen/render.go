// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// operatorName is what names in config/ begin with; the chart puts its release's name there. The others are the same in every
// release: peers and the operator find the unsealer by its name, and a policy the account of the janitor.
const (
	operatorName = "peernode-operator"
	unsealerName = "peernode-unsealer"
	janitorName  = "peernode-janitor"
)

const nameLabel = "app.kubernetes.io/name"

// renderCRDs puts the kinds into templates, not into the chart's crds folder, which Helm never upgrades.
func renderCRDs(objects []object) (string, error) {
	var b strings.Builder
	b.WriteString("{{- if .Values.crds.install }}\n")
	for i, o := range objects {
		if i > 0 {
			b.WriteString("---\n")
		}
		spec, err := block("spec", o.Spec)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "apiVersion: %s\nkind: %s\nmetadata:\n  name: %s\n", o.APIVersion, o.Kind, o.Metadata.Name)
		b.WriteString("  annotations:\n")
		for _, key := range slices.Sorted(maps.Keys(o.Metadata.Annotations)) {
			fmt.Fprintf(&b, "    %s: %q\n", key, o.Metadata.Annotations[key])
		}
		b.WriteString("    {{- if .Values.crds.keep }}\n    helm.sh/resource-policy: keep\n    {{- end }}\n")
		b.WriteString(labels(o.Metadata.Labels))
		b.WriteString(spec)
	}
	b.WriteString("{{- end }}\n")
	return b.String(), nil
}

// renderOptionalRoles leaves the roles of the janitor out where there is none.
func renderOptionalRoles(objects []object) (string, error) {
	text, err := renderRoles(objects)
	if err != nil || text == "" {
		return "", err
	}
	return "{{- if .Values.keyJanitor.enabled }}\n" + text + "{{- end }}\n", nil
}

// renderRoles moves roles to the namespace of the release, and to its names.
func renderRoles(objects []object) (string, error) {
	var b strings.Builder
	for i, o := range objects {
		if i > 0 {
			b.WriteString("---\n")
		}
		name, err := nameInRelease(o)
		if err != nil {
			return "", err
		}
		rules, err := block("rules", o.Rules)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "apiVersion: %s\nkind: %s\nmetadata:\n  name: %s\n", o.APIVersion, o.Kind, name)
		if o.Metadata.Namespace != "" {
			b.WriteString("  namespace: {{ .Release.Namespace }}\n")
		}
		b.WriteString(labels(o.Metadata.Labels))
		b.WriteString(rules)
	}
	return b.String(), nil
}

func nameInRelease(o object) (string, error) {
	if o.Metadata.Name == unsealerName || o.Metadata.Name == janitorName {
		return o.Metadata.Name, nil
	}
	suffix, ok := strings.CutPrefix(o.Metadata.Name, operatorName)
	if !ok {
		return "", fmt.Errorf("%s %s: the name must begin with %s, or be %s or %s", o.Kind, o.Metadata.Name, operatorName, unsealerName, janitorName)
	}
	return `{{ include "peernode-operator.fullname" . }}` + suffix, nil
}

// labels renders the chart's own labels and those of the source. Labels that aggregate a role into the cluster's
// own can be switched off.
func labels(own map[string]string) string {
	var plain, aggregate strings.Builder
	for _, key := range slices.Sorted(maps.Keys(own)) {
		line := fmt.Sprintf("    %s: %q\n", key, own[key])
		switch {
		case key == nameLabel: // among the chart's own
		case strings.HasPrefix(key, "rbac.authorization.k8s.io/aggregate-to-"):
			aggregate.WriteString(line)
		default:
			plain.WriteString(line)
		}
	}
	chart := operatorName
	if name := own[nameLabel]; name == unsealerName || name == janitorName {
		chart = name
	}
	text := fmt.Sprintf("  labels:\n    {{- include %q . | nindent 4 }}\n", chart+".labels") + plain.String()
	if aggregate.Len() > 0 {
		text += "    {{- if .Values.rbac.aggregate }}\n" + aggregate.String() + "    {{- end }}\n"
	}
	return text
}

// block renders a field with its value, in which nothing is left for Helm to interpret.
func block(field string, value any) (string, error) {
	text, err := yaml.Marshal(map[string]any{field: value})
	if err != nil {
		return "", err
	}
	return strings.ReplaceAll(string(text), "{{", `{{ "{{" }}`), nil
}
