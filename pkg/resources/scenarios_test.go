// SPDX-License-Identifier: Apache-2.0

package resources_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/defaults"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/peer/kinds"
	"github.com/peernode/operator/pkg/resources"
)

// uid is that of every PeerNode in these tests.
const uid = "6f1b1c52-5c1e-4f0e-9f53-3a1c5b1f0a01"

const (
	// companionImage is that of every operator in these tests.
	companionImage = "registry.example.com/peer-companion:v1"
	// unsealerCA stands for a certificate.
	unsealerCA = "-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n"
)

// scenario is a PeerNode, in testdata/<name>/peernode.yaml, and what the builders look at beside it.
type scenario struct {
	options       resources.Options
	neighbourhood peer.Neighbourhood
}

// scenarios are the cases that the golden files show.
var scenarios = map[string]scenario{
	"p2p-agent-minimal": {},
	"p2p-agent-full":    {options: resources.Options{HostUsers: true, DNSCIDRs: []string{"169.254.20.10/32"}}},
	"custom-minimal":    {},
	"custom-full":       {},
	"suspended":         {},
	"declared-peers": {neighbourhood: peer.Neighbourhood{Peers: []peer.Neighbour{
		{Name: "beta", Namespace: "peers", PeerID: "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo", Ports: []peer.Port{
			{Name: "p2p", Number: 8000, Protocol: "TCP", Purpose: v1alpha1.PurposePeer},
			{Name: "p2p-quic", Number: 8002, Protocol: "UDP", Purpose: v1alpha1.PurposePeer},
			{Name: "api", Number: 8080, Protocol: "TCP", Purpose: v1alpha1.PurposeAPI},
		}},
		{Name: "gamma", Namespace: "elsewhere", Ports: []peer.Port{
			{Name: "p2p", Number: 9000, Protocol: "TCP", Purpose: v1alpha1.PurposePeer},
		}},
		{Name: "serf", Namespace: "peers", Ports: []peer.Port{
			{Name: "rpc", Number: 7373, Protocol: "TCP", Purpose: v1alpha1.PurposeAPI},
		}},
		{Name: "relay-0", Namespace: "elsewhere", Fleet: "elsewhere/relay", PeerID: "12D3KooWEdgkCkeTbHqBdQZfbKvJbHXdNQhCeFZMaGvM3XzqCMVU", Ports: []peer.Port{
			{Name: "p2p", Number: 8000, Protocol: "TCP", Purpose: v1alpha1.PurposePeer},
		}},
	}, Fleets: []peer.Fleet{
		{Name: "relay", Namespace: "elsewhere", Ports: []peer.Port{
			{Name: "p2p", Number: 8000, Protocol: "TCP", Purpose: v1alpha1.PurposePeer},
			{Name: "api", Number: 8080, Protocol: "TCP", Purpose: v1alpha1.PurposeAPI},
		}},
		{Name: "shut", Namespace: "peers"},
	}}},
	"pod-template":  {},
	"of-a-fleet":    {},
	"direct-secret": {},
	"direct-csi":    {},
	"key-copies":    {},
	"restored":      {},
	"edge":          {},

	"exposed-loadbalancer": {neighbourhood: peer.Neighbourhood{Outside: []peer.Address{
		{Port: peer.Port{Name: "p2p"}, Number: 8000, Host: "203.0.113.7"},
		{Port: peer.Port{Name: "p2p-ws"}, Number: 8001, Host: "203.0.113.7"},
		{Port: peer.Port{Name: "p2p-quic"}, Number: 8002, Host: "203.0.113.7"},
	}}},
	"exposed-of-a-fleet": {neighbourhood: peer.Neighbourhood{Outside: []peer.Address{
		{Port: peer.Port{Name: "p2p"}, Number: 30800, Host: "relay.example.com"},
	}}},
	"exposed-custom": {},
	"exposed-api":    {},
	"routed-api":     {},

	"scheduled-backups": {},
}

// input reads a scenario, with defaults, as the plan hands it to the builders.
func (s scenario) input(t *testing.T, name string) resources.Input {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name, "peernode.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p := &v1alpha1.PeerNode{}
	if err := yaml.UnmarshalStrict(raw, p); err != nil {
		t.Fatal(err)
	}
	p.UID = uid
	p = defaults.PeerNode(p, defaults.Options{})
	kind := kinds.For(p.Spec.Software)
	workload, err := kind.Workload(peer.Input{PeerNode: p, Peers: s.neighbourhood.Peers, Outside: s.neighbourhood.Outside})
	if err != nil {
		t.Fatal(err)
	}
	options := s.options
	options.CompanionImage, options.UnsealerNamespace = companionImage, "peernode-system"
	edge, err := resources.EdgeFor(p, kind.Edge(), workload)
	if err != nil {
		t.Fatal(err)
	}
	return resources.Input{
		Epoch:    1,
		PeerNode: p, Software: kind.Name(), Workload: workload, Edge: edge, UnsealerCA: unsealerCA, Neighbourhood: s.neighbourhood, Options: options,
	}
}

// build runs every builder; the keys are the names of the golden files.
func build(t *testing.T, in resources.Input) map[string]any {
	t.Helper()
	set, err := resources.StatefulSet(in)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{
		"serviceaccount":        resources.ServiceAccount(in),
		"persistentvolumeclaim": resources.PersistentVolumeClaim(in, nil),
		"service-headless":      resources.HeadlessService(in),
		"networkpolicy":         resources.NetworkPolicy(in),
		"statefulset":           set,
	}
	if in.Workload.KeyPath != "" {
		out["keyjob"] = resources.KeyJob(keyJobInput(t, in))
	}
	maps.Copy(out, keyCopies(t, in))
	maps.Copy(out, restore(t, in))
	if c := resources.ConfigMap(in); c != nil {
		out["configmap"] = c
	}
	if b := resources.PodDisruptionBudget(in); b != nil {
		out["poddisruptionbudget"] = b
	}
	if s := resources.APIService(in); s != nil {
		out["service-api"] = s
	}
	if c := resources.Certificate(in); c != nil {
		out["certificate"] = c
	}
	if s := resources.PeerService(in); s != nil {
		out["service-peer"] = s
	}
	if s := resources.ExternalAPI(in); s != nil {
		out["service-api-ext"] = s
	}
	if i := resources.Ingress(in); i != nil {
		out["ingress"] = i
	}
	if s := resources.BackupSchedule(in); s != nil {
		out["cronjob"] = s
	}
	if r := resources.TLSRoute(in); r != nil {
		out["tlsroute"] = r
	}
	return out
}
