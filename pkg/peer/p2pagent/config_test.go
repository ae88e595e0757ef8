// SPDX-License-Identifier: Apache-2.0

package p2pagent_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/defaults"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/peer/p2pagent"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	beta  = "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo"
	gamma = "16Uiu2HAmSxFjAQJn9mcsJQyK2QXRRHvPTB9PVQvBcfCPRMgJQVmf"
	delta = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp"
	// gammaOfBefore is under which name gamma came with its key of before.
	gammaOfBefore = "12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X"
)

func minimal() v1alpha1.PeerNodeSpec {
	return v1alpha1.PeerNodeSpec{Software: v1alpha1.PeerSoftware{P2PAgent: &v1alpha1.P2PAgentSoftware{}}}
}

// full leaves nothing at its default.
func full() v1alpha1.PeerNodeSpec {
	return v1alpha1.PeerNodeSpec{
		Identity: &v1alpha1.PeerIdentity{Type: v1alpha1.IdentitySecp256k1},
		Software: v1alpha1.PeerSoftware{P2PAgent: &v1alpha1.P2PAgentSoftware{
			TrustLevel: v1alpha1.TrustRelaxed, MaxPeers: 7, LogLevel: "error",
			AllowedPeers:   []v1alpha1.PeerID{gamma, beta},
			BootstrapPeers: []v1alpha1.Multiaddr{"/dns4/boot.example.com/tcp/8000/p2p/" + delta},
			RateLimit:      &v1alpha1.PeerRateLimit{RequestsPerMinute: 60, Burst: 20, BanFor: "24h"},
			Contract: &v1alpha1.P2PAgentContract{
				Command: []string{"/agent"}, ConfigPath: "/c", KeysPath: "/k", PeersPath: "/p", AnnouncePath: "/a", DataPath: "/d",
				Ports:        v1alpha1.P2PAgentPorts{TCP: 2001, WebSocket: 2002, QUIC: 2003, API: 2004, Metrics: 2005},
				LivenessPath: "/live", ReadinessPath: "/ready",
			},
		}},
	}
}

func exposed() v1alpha1.PeerNodeSpec {
	spec := full()
	spec.Network.Peer.Exposure = &v1alpha1.Exposure{Type: "LoadBalancer"}
	return spec
}

// outside are addresses of every sort, one of them of a port that agents do not have.
func outside() []peer.Address {
	port := func(name string) peer.Port { return peer.Port{Name: name} }
	return []peer.Address{
		{Host: "203.0.113.7", Port: port("p2p"), Number: 30001}, {Host: "203.0.113.7", Port: port("p2p-ws"), Number: 30002},
		{Host: "2001:db8::7", Port: port("p2p-quic"), Number: 30003}, {Host: "peer.example.com", Port: port("p2p"), Number: 443},
		{Host: "peer.example.com", Port: port("gossip"), Number: 7946},
	}
}

// known are neighbours of every sort, one with an identity of its own and one that is named by hand as well.
func known() []peer.Neighbour {
	tcp := []peer.Port{{Name: "p2p", Number: 9000}}
	return []peer.Neighbour{
		{Name: "gamma", Namespace: "elsewhere", PeerID: gamma, Also: []string{gammaOfBefore}, Ports: tcp},
		{Name: "delta", Namespace: "peers", PeerID: delta, Ports: []peer.Port{{Name: "gossip", Number: 7946}}},
		{Name: "shy", Namespace: "peers", Ports: tcp},
	}
}

func workload(t *testing.T, spec v1alpha1.PeerNodeSpec, peers []peer.Neighbour, outside ...peer.Address) peer.Workload {
	t.Helper()
	p := &v1alpha1.PeerNode{Spec: spec}
	p.Name, p.Namespace = "alpha", "peers"
	w, err := p2pagent.Kind{}.Workload(peer.Input{PeerNode: defaults.PeerNode(p, defaults.Options{}), Peers: peers, Outside: outside})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// The files are one half of the contract with agents (docs/p2p-agent-contract.md): a change here is one for them.
func TestFilesAreAsShownInTheGoldenFiles(t *testing.T) {
	for name, c := range map[string]struct {
		spec    v1alpha1.PeerNodeSpec
		peers   []peer.Neighbour
		outside []peer.Address
	}{
		"minimal":        {spec: minimal()},
		"full":           {spec: full()},
		"declared-peers": {spec: full(), peers: known()},
		"exposed":        {spec: exposed(), outside: outside()},
		"unreached":      {spec: exposed()},
	} {
		for _, f := range workload(t, c.spec, c.peers, c.outside...).Files {
			path := filepath.Join("testdata", name+"."+f.Key[:len(f.Key)-len(".yaml")]+".golden.yaml")
			if *update {
				if err := os.WriteFile(path, []byte(f.Content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v; write it with: go test ./pkg/peer/p2pagent -update", err)
			}
			if diff := cmp.Diff(string(want), f.Content); diff != "" {
				t.Errorf("%s is not what the agent gets (-golden +got); if it should be: go test ./pkg/peer/p2pagent -update\n%s", path, diff)
			}
		}
	}
}

type peerList struct {
	AllowedPeers []string `json:"allowed_peers"`
	Bootstrap    []string `json:"bootstrap"`
}

func listOf(t *testing.T, w peer.Workload) peerList {
	t.Helper()
	i := slices.IndexFunc(w.Files, func(f peer.File) bool { return f.Live })
	if i < 0 {
		t.Fatal("no file is followed by the running agent, so a change of peers would restart it")
	}
	var list peerList
	if err := yaml.UnmarshalStrict([]byte(w.Files[i].Content), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPeersAreAllowedOnceAndDialledWhereTheyCanBe(t *testing.T) {
	want := peerList{
		AllowedPeers: []string{delta, gammaOfBefore, beta, gamma},
		Bootstrap:    []string{"/dns/gamma.elsewhere.svc/tcp/9000/p2p/" + gamma, "/dns4/boot.example.com/tcp/8000/p2p/" + delta},
	}
	if diff := cmp.Diff(want, listOf(t, workload(t, full(), known()))); diff != "" {
		t.Errorf("peers (-want +got):\n%s", diff)
	}
}

// The list of a peer that knows nobody must be there and empty: a strict agent without a list would be an open one.
func TestAPeerThatKnowsNobodyAllowsNobody(t *testing.T) {
	if diff := cmp.Diff(peerList{AllowedPeers: []string{}, Bootstrap: []string{}}, listOf(t, workload(t, minimal(), nil))); diff != "" {
		t.Errorf("peers (-want +got):\n%s", diff)
	}
}

// A list that changed with the order in which neighbours were read would be applied for ever.
func TestTheOrderOfNeighboursChangesNothing(t *testing.T) {
	forth, back := known(), known()
	slices.Reverse(back)
	if diff := cmp.Diff(workload(t, full(), forth), workload(t, full(), back)); diff != "" {
		t.Errorf("workload (-forth +back):\n%s", diff)
	}
}

func TestAChangeOfNeighboursTouchesOnlyTheLiveFile(t *testing.T) {
	alone, together := workload(t, full(), nil), workload(t, full(), known())
	for i, f := range alone.Files {
		if same := f == together.Files[i]; same == f.Live {
			t.Errorf("%s, live: %v, stays the same: %v", f.Path, f.Live, same)
		}
	}
}

// Where the outside reaches an agent may change at any time, by nobody's doing: it must not be restarted for it.
func TestAChangeOfAddressesTouchesOnlyTheFileOfTheAgentAlone(t *testing.T) {
	unreached, reached := workload(t, exposed(), nil), workload(t, exposed(), nil, outside()...)
	for i, f := range unreached.Files {
		if same := f == reached.Files[i]; same == f.Own || f.Own && !f.Live {
			t.Errorf("%s, own: %v, live: %v, stays the same: %v", f.Path, f.Own, f.Live, same)
		}
	}
	if got := reached.Files[2].Path; got != "/a/announce.yaml" {
		t.Errorf("the file is %s", got)
	}
}

func TestTheContractReachesCommandPathsPortsAndProbes(t *testing.T) {
	w := workload(t, full(), nil)
	got := map[string]any{
		"command": w.Command, "args": w.Args, "check": w.IdentityCheck, "data": w.DataPath, "keys": w.KeyPath,
		"files": []string{w.Files[0].Path, w.Files[1].Path}, "live": w.Liveness.HTTPGet.Path, "started": w.Startup.HTTPGet.Path, "ready": w.Readiness.HTTPGet.Path,
	}
	want := map[string]any{
		"command": []string{"/agent"}, "args": []string{"start", "--config", "/c/agent.yaml"},
		"check": []string{"identity", "verify", "--keys", "/k", "--termination-log", "/dev/termination-log"}, "data": "/d", "keys": "/k",
		"files": []string{"/c/agent.yaml", "/p/peers.yaml"}, "live": "/live", "started": "/live", "ready": "/ready",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("workload (-want +got):\n%s", diff)
	}
	ports := map[string]int32{}
	for _, p := range w.Ports {
		ports[p.Name+"/"+string(p.Protocol)+"/"+string(p.Purpose)] = p.Number
	}
	wantPorts := map[string]int32{"p2p/TCP/Peer": 2001, "p2p-ws/TCP/Peer": 2002, "p2p-quic/UDP/Peer": 2003, "api/TCP/API": 2004, "metrics/TCP/Metrics": 2005}
	if diff := cmp.Diff(wantPorts, ports); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
}

// By the agent's own program, before it starts: whoever put another key into the Secret has not made another peer.
func TestAnAgentShowsTheExpectedKeyOrDoesNotStart(t *testing.T) {
	spec := full()
	spec.Identity = &v1alpha1.PeerIdentity{ExpectedPublicKey: "CAESINQbYTrwJRB2rDZYnHgwGJ1wNR0y/1UjTQ+qRZrB7e8j"}
	check := workload(t, spec, nil).IdentityCheck
	if n := len(check); check[n-2] != "--expect" || !strings.HasPrefix(check[n-1], "12D3KooW") {
		t.Errorf("the check is %v", check)
	}
	spec.Identity.ExpectedPublicKey = "CAESI"
	p := &v1alpha1.PeerNode{Spec: spec}
	if _, err := (p2pagent.Kind{}).Workload(peer.Input{PeerNode: defaults.PeerNode(p, defaults.Options{})}); err == nil || !strings.Contains(err.Error(), "spec.identity.expectedPublicKey") {
		t.Errorf("what is no key leads to %v", err)
	}
}
