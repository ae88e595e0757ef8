// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A program that is told its version at link time would go on telling the old one after an update of go.mod.
func TestVersionsThatAreToldFollowTheModules(t *testing.T) {
	for module, pins := range map[string][]string{
		"components":      {"k8s.io/kubernetes " + KubernetesVersion},
		"components/node": {"helm.sh/helm/v4 " + HelmVersion, "github.com/containerd/containerd/v2 " + ContainerdVersion, "github.com/hashicorp/serf v" + serfVersion},
	} {
		data, err := os.ReadFile(filepath.Join(module, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for line := range strings.Lines(string(data)) {
			lines = append(lines, strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(strings.TrimPrefix(line, "require ")), "// indirect")))
		}
		for _, pin := range pins {
			if !slices.Contains(lines, pin) {
				t.Errorf("%s/go.mod does not pin %q: adjust the constants in programs.go", module, pin)
			}
		}
	}
}

func TestSelectSourcesFindsEveryName(t *testing.T) {
	for _, opts := range []ControlPlaneOptions{{}, {CertManager: true}, {GatewayAPI: true}, {SimulatedNodes: 1}} {
		var names []string
		for _, s := range opts.sources() {
			names = append(names, s.name)
		}
		want := []string{"etcd", "kube"}
		if opts.CertManager {
			want = append(want, "cert-manager", "cert-manager-crds")
		}
		if opts.GatewayAPI {
			want = append(want, gatewayAPICRDs)
		}
		if opts.SimulatedNodes > 0 {
			want = append(want, "kwok", "kwok-stages")
		}
		if !slices.Equal(names, want) {
			t.Errorf("got %v, want %v", names, want)
		}
	}
}
