// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// repository is the root of the repository, seen from this package.
const repository = "../../.."

func TestChartIsUpToDateWithConfig(t *testing.T) {
	want, err := generate(repository)
	if err != nil {
		t.Fatal(err)
	}
	found, err := generatedFiles(repository)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]byte{}
	for _, path := range found {
		text, err := os.ReadFile(filepath.Join(repository, path))
		if err != nil {
			t.Fatal(err)
		}
		got[path] = text
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("charts/ does not follow from config/ (-want +got); run make generate:\n%s", diff)
	}
}

func TestRender(t *testing.T) {
	tests := map[string]struct {
		reason  string
		render  func([]object) (string, error)
		objects []object
		want    []string
		wantErr string
	}{
		"a kind is kept on uninstall and can be left out": {
			reason: "helm uninstall must not delete every peer in the cluster",
			render: renderCRDs,
			objects: []object{{
				APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition",
				Metadata: metadata{Name: "as.example.com", Annotations: map[string]string{"from": "v1"}},
				Spec:     map[string]any{"group": "example.com"},
			}},
			want: []string{
				"{{- if .Values.crds.install }}\napiVersion: apiextensions.k8s.io/v1\n",
				"    from: \"v1\"\n    {{- if .Values.crds.keep }}\n    helm.sh/resource-policy: keep\n    {{- end }}\n",
				"spec:\n  group: example.com\n{{- end }}\n",
			},
		},
		"braces in a description are not read as a template": {
			reason:  "a description may show a template or a Go composite literal",
			render:  renderCRDs,
			objects: []object{{Kind: "CustomResourceDefinition", Spec: map[string]any{"description": "{{ .Boom }}"}}},
			want:    []string{`description: '{{ "{{" }} .Boom }}'`},
		},
		"a role takes the release's name and namespace": {
			reason: "several objects refer to it by that name",
			render: renderRoles,
			objects: []object{{
				Kind: "Role", Metadata: metadata{Name: "peernode-operator-x", Namespace: "peernode-system"},
				Rules: []any{map[string]any{"verbs": []any{"get"}}},
			}},
			want: []string{
				"  name: {{ include \"peernode-operator.fullname\" . }}-x\n",
				"  namespace: {{ .Release.Namespace }}\n",
				"rules:\n- verbs:\n  - get\n",
			},
		},
		"aggregation can be switched off and the chart's own labels come once": {
			reason: "a key that appears twice in a map is refused by strict decoders",
			render: renderRoles,
			objects: []object{{
				Kind: "ClusterRole",
				Metadata: metadata{Name: "peernode-operator-view", Labels: map[string]string{
					nameLabel: "peernode-operator",
					"rbac.authorization.k8s.io/aggregate-to-view": "true",
				}},
			}},
			want: []string{
				"  labels:\n    {{- include \"peernode-operator.labels\" . | nindent 4 }}\n" +
					"    {{- if .Values.rbac.aggregate }}\n" +
					"    rbac.authorization.k8s.io/aggregate-to-view: \"true\"\n    {{- end }}\nrules:",
			},
		},
		"a role of the unsealer keeps its name and has the unsealer's labels": {
			reason: "peers and the operator find the unsealer by its name",
			render: renderRoles,
			objects: []object{{
				Kind: "Role", Metadata: metadata{
					Name: "peernode-unsealer", Namespace: "peernode-system", Labels: map[string]string{nameLabel: "peernode-unsealer"},
				},
			}},
			want: []string{
				"  name: peernode-unsealer\n  namespace: {{ .Release.Namespace }}\n" +
					"  labels:\n    {{- include \"peernode-unsealer.labels\" . | nindent 4 }}\nrules:",
			},
		},
		"a role of the janitor is there only with the janitor": {
			reason: "nobody else needs its rights",
			render: renderOptionalRoles,
			objects: []object{{
				Kind: "ClusterRole", Metadata: metadata{Name: "peernode-janitor", Labels: map[string]string{nameLabel: "peernode-janitor"}},
			}},
			want: []string{
				"{{- if .Values.keyJanitor.enabled }}\napiVersion",
				"  name: peernode-janitor\n  labels:\n    {{- include \"peernode-janitor.labels\" . | nindent 4 }}\nrules:",
				"\n{{- end }}\n",
			},
		},
		"a name that only begins like the unsealer's is refused": {
			reason:  "two releases would fight over it",
			render:  renderRoles,
			objects: []object{{Kind: "Role", Metadata: metadata{Name: "peernode-unsealer-x"}}},
			wantErr: "Role peernode-unsealer-x: the name must begin with peernode-operator, or be peernode-unsealer or peernode-janitor",
		},
		"a role with a foreign name is refused": {
			reason:  "its name could not follow the release",
			render:  renderRoles,
			objects: []object{{Kind: "Role", Metadata: metadata{Name: "manager"}}},
			wantErr: "Role manager: the name must begin with peernode-operator, or be peernode-unsealer or peernode-janitor",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tc.render(tc.objects)
			if tc.wantErr != "" {
				if err == nil || err.Error() != tc.wantErr {
					t.Fatalf("got error %v, want %q", err, tc.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tc.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s: missing in the template:\n%s\ngot:\n%s", tc.reason, want, got)
				}
			}
		})
	}
}

func TestWriteRemovesWhatHasNoSourceAnyMore(t *testing.T) {
	root := t.TempDir()
	stale, kept := rbacDir+"/stale.yaml", rbacDir+"/bindings.yaml"
	first := map[string][]byte{
		stale: []byte(header("config/rbac/stale.yaml")),
		kept:  []byte("written by hand\n"),
	}
	if err := write(root, first); err != nil {
		t.Fatal(err)
	}
	second := map[string][]byte{crdsDir + "/a.yaml": []byte(header("config/crd/bases/a.yaml"))}
	if err := write(root, second); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{stale: false, kept: true, crdsDir + "/a.yaml": true} {
		if _, err := os.Stat(filepath.Join(root, path)); (err == nil) != want {
			t.Errorf("%s: got error %v, want it to exist: %v", path, err, want)
		}
	}
}
