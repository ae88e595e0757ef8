// SPDX-License-Identifier: Apache-2.0

package firewall_test

import (
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/test/firewall"
)

// goldens are the policies as the operator builds them, which its own tests hold it to.
const goldens = "../../pkg/resources/testdata"

// truth is what a peer with a spec may do on the network, in the words of the spec: with whom, on which ports.
type truth struct {
	// scenario is the folder of the spec, pod one of the pods of that peer.
	scenario string
	pod      actor
	// in are those who reach the pod, out those whom it reaches; "all" is every port.
	in, out map[string]string
}

const (
	dns      = "53/TCP 53/UDP"
	unsealer = "8443/TCP"
	agent    = "8000/TCP 8001/TCP 8002/UDP"
	every    = "all"
)

// closed is a peer that nobody was allowed to.
var closed = map[string]string{"the DNS server": dns, "another pod of kube-system": dns, "the unsealer": unsealer}

func with(base map[string]string, more map[string]string) map[string]string {
	out := maps.Clone(base)
	maps.Copy(out, more)
	return out
}

var truths = map[string]truth{
	"a peer that names nobody": {"p2p-agent-minimal", peer("alpha"), nil, closed},
	"a peer that opens its key by itself": {
		"direct-secret", peer("alpha"), nil, map[string]string{"the DNS server": dns, "another pod of kube-system": dns},
	},
	"a peer that is suspended": {"suspended", peer("alpha"), nil, closed},
	"a peer that declares others": {
		"declared-peers", peer("alpha"),
		map[string]string{"beta, a declared peer": agent, "gamma, a declared peer elsewhere": agent, "serf, a declared peer of other software": agent, "a peer of relay, a declared fleet elsewhere": agent, "a peer of shut, a declared fleet": agent},
		with(closed, map[string]string{"beta, a declared peer": "8000/TCP 8002/UDP", "gamma, a declared peer elsewhere": "9000/TCP", "a peer of relay, a declared fleet elsewhere": "8000/TCP"}),
	},
	"a peer of a fleet": {
		"of-a-fleet", actor{"peers", map[string]string{"peernode.dev/peernode": "relay-3", "peernode.dev/fleet": "relay", "app.kubernetes.io/component": "peer"}, "10.244.0.9"},
		map[string]string{"relay-0, of the same fleet": agent}, with(closed, map[string]string{"relay-0, of the same fleet": agent}),
	},
	"a peer with every part of a network": {
		"p2p-agent-full", peer("alpha"),
		map[string]string{
			// All of IPv4 but for two private networks, so some addresses more that are not of the cluster.
			"the internet": "9000/TCP 9001/TCP 9002/UDP", "a server elsewhere": "9000/TCP 9001/TCP 9002/UDP",
			"a store with an address": "9000/TCP 9001/TCP 9002/UDP", "the DNS server of the node": "9000/TCP 9001/TCP 9002/UDP",
			"the metadata service of a cloud": "9000/TCP 9001/TCP 9002/UDP",
			"a user of the API":               "8443/TCP", "prometheus": "9091/TCP 9095/TCP",
		},
		with(closed, map[string]string{"the DNS server of the node": dns, "the internet of IPv6 that is allowed to": every}),
	},
	// To be exposed opens nothing: these are the ranges that the specs let in.
	"a peer behind a load balancer": {
		"exposed-loadbalancer", peer("alpha"), map[string]string{"the internet": agent, "a server elsewhere": agent}, closed,
	},
	"a peer of a fleet at a port of its node": {
		"exposed-of-a-fleet", actor{"peers", map[string]string{"peernode.dev/peernode": "relay-3", "peernode.dev/fleet": "relay", "app.kubernetes.io/component": "peer"}, "10.244.0.9"},
		map[string]string{
			"relay-0, of the same fleet": agent, "the internet": agent, "a server elsewhere": agent, "a private network": agent,
			"a store with an address": agent, "the DNS server of the node": agent, "the metadata service of a cloud": agent,
		},
		with(closed, map[string]string{"relay-0, of the same fleet": agent}),
	},
	"other software with an API": {
		"custom-full", peer("serf"), map[string]string{"a client of the namespace": "8443/TCP"}, map[string]string{"the DNS server": dns, "another pod of kube-system": dns},
	},
	"an edge for everybody, which checks tokens": {
		"edge", peer("alpha"), with(addresses("8445/TCP"), pods("8445/TCP 9095/TCP 9096/TCP")),
		map[string]string{"the DNS server": dns, "another pod of kube-system": dns, "a server elsewhere": every},
	},
	"the pod that makes a key": {
		"key-copies", job("keygen"), nil, closed,
	},
	"the peer whose key is copied": {"key-copies", peer("alpha"), nil, closed},
	"the pod that copies a key": {
		"key-copies", job("key-copy"), nil,
		with(everybody("443/TCP"), with(closed, map[string]string{
			"the DNS server": "443/TCP " + dns, "another pod of kube-system": "443/TCP " + dns, "the unsealer": "443/TCP " + unsealer,
			"a store with an address": "443/TCP 9000/TCP",
		})),
	},
	"the peer that begins with a backup": {"restored", peer("alpha"), nil, closed},
	"the pod that restores it": {
		"restored", job("restore"), nil, with(closed, map[string]string{"a store with an address": "9000/TCP"}),
	},
	// These goldens are of two stores, each with a policy that holds for its own pods.
	"the pod that checks a store of the public": {
		"store-check", checking("small"), nil, with(everybody("443/TCP"), map[string]string{"the DNS server": "443/TCP " + dns, "another pod of kube-system": "443/TCP " + dns}),
	},
	"the pod that removes old backups from a store of the public": {
		"store-prune", pruning("small"), nil, with(everybody("443/TCP"), map[string]string{"the DNS server": "443/TCP " + dns, "another pod of kube-system": "443/TCP " + dns}),
	},
	"the pod that checks a store of the cluster": {
		"store-check", checking("full"), nil, map[string]string{
			"the DNS server": dns, "another pod of kube-system": dns, "the DNS server of the node": dns, "a store of the cluster": every,
		},
	},
}

// addresses are those of IPv4, pods those of the cluster.
func addresses(ports string) map[string]string {
	return of(ports, func(a actor) bool { return netip.MustParseAddr(a.ip).Is4() })
}

func pods(ports string) map[string]string {
	return of(ports, func(a actor) bool { return a.namespace != "" })
}

func of(ports string, these func(actor) bool) map[string]string {
	out := map[string]string{}
	for who, a := range actors {
		if these(a) {
			out[who] = ports
		}
	}
	return out
}

// everybody is any address there is.
func everybody(ports string) map[string]string {
	return of(ports, func(actor) bool { return true })
}

// actor is a pod, or, without a namespace, an address outside of the cluster.
type actor struct {
	namespace string
	labels    map[string]string
	ip        string
}

func peer(name string) actor {
	return actor{"peers", map[string]string{"peernode.dev/peernode": name, "app.kubernetes.io/component": "peer"}, "10.244.0.9"}
}

func job(component string) actor {
	return actor{"peers", map[string]string{"peernode.dev/peernode": "alpha", "app.kubernetes.io/component": component}, "10.244.0.9"}
}

func pruning(store string) actor {
	return actor{"peers", map[string]string{"peernode.dev/backup-store": store, "app.kubernetes.io/component": "store-prune"}, "10.244.0.9"}
}

func checking(store string) actor {
	return actor{"peers", map[string]string{"peernode.dev/backup-store": store, "app.kubernetes.io/component": "store-check"}, "10.244.0.9"}
}

func named(namespace, name, ip string) actor {
	return actor{namespace, map[string]string{"app.kubernetes.io/name": name}, ip}
}

// actors are all with whom a peer may have to do.
var actors = map[string]actor{
	"the internet":                                {ip: "198.51.100.7"},
	"a server elsewhere":                          {ip: "203.0.113.9"},
	"a private network":                           {ip: "192.168.7.7"},
	"the node":                                    {ip: "10.0.0.5"},
	"the API server":                              {ip: "10.96.0.1"},
	"the metadata service of a cloud":             {ip: "169.254.169.254"},
	"the DNS server of the node":                  {ip: "169.254.20.10"},
	"a store with an address":                     {ip: "192.0.2.7"},
	"the internet of IPv6":                        {ip: "2001:db9::7"},
	"the internet of IPv6 that is allowed to":     {ip: "2001:db8::7"},
	"the DNS server":                              {"kube-system", map[string]string{"k8s-app": "kube-dns"}, "10.244.0.2"},
	"another pod of kube-system":                  named("kube-system", "metrics-server", "10.244.0.3"),
	"the operator":                                named("peernode-system", "peernode-operator", "10.244.0.4"),
	"the unsealer":                                named("peernode-system", "peernode-unsealer", "10.244.0.5"),
	"another unsealer":                            named("other", "peernode-unsealer", "10.244.0.6"),
	"prometheus":                                  named("monitoring", "prometheus", "10.244.0.7"),
	"prometheus' canary":                          {"monitoring", map[string]string{"app.kubernetes.io/name": "prometheus", "canary": "yes"}, "10.244.0.8"},
	"a store of the cluster":                      {"storage", map[string]string{"app": "s3"}, "10.244.0.22"},
	"a user of the API":                           {"users", map[string]string{"app": "web"}, "10.244.0.10"},
	"a client of the namespace":                   {"peers", map[string]string{"role": "client"}, "10.244.0.11"},
	"a client of another namespace":               {"other", map[string]string{"role": "client"}, "10.244.0.12"},
	"a pod of the namespace":                      {"peers", map[string]string{"app": "web"}, "10.244.0.13"},
	"beta, a declared peer":                       {"peers", map[string]string{"peernode.dev/peernode": "beta"}, "10.244.0.14"},
	"a beta elsewhere":                            {"elsewhere", map[string]string{"peernode.dev/peernode": "beta"}, "10.244.0.15"},
	"gamma, a declared peer elsewhere":            {"elsewhere", map[string]string{"peernode.dev/peernode": "gamma"}, "10.244.0.16"},
	"serf, a declared peer of other software":     {"peers", map[string]string{"peernode.dev/peernode": "serf"}, "10.244.0.17"},
	"delta, a peer that nobody declares":          {"peers", map[string]string{"peernode.dev/peernode": "delta"}, "10.244.0.18"},
	"relay-0, of the same fleet":                  {"peers", map[string]string{"peernode.dev/peernode": "relay-0", "peernode.dev/fleet": "relay"}, "10.244.0.19"},
	"a peer of relay, a declared fleet elsewhere": {"elsewhere", map[string]string{"peernode.dev/peernode": "relay-0", "peernode.dev/fleet": "relay"}, "10.244.0.20"},
	"a peer of shut, a declared fleet":            {"peers", map[string]string{"peernode.dev/peernode": "shut-0", "peernode.dev/fleet": "shut"}, "10.244.0.21"},
}

// namespaceLabels are those that Kubernetes gives, and those that users gave.
func namespaceLabels(name string) map[string]string {
	out := map[string]string{"kubernetes.io/metadata.name": name}
	if name == "users" {
		out["team"] = "users"
	}
	return out
}

// ports are those of everything here, and some that nothing should ever be open on.
var ports = []int{
	22, 53, 80, 443, 2379, 4001, 6443, 7373, 7946, 8000, 8001, 8002, 8080, 8443, 8444, 8445, 9000, 9001, 9002, 9080, 9090, 9091, 9095, 9096, 10250, 18888, 65535,
}

var protocols = []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}

func TestPoliciesLetThroughWhatSpecsSayAndNothingElse(t *testing.T) {
	judged := 0
	for name, c := range truths {
		t.Run(name, func(t *testing.T) {
			judge := firewall.NewJudge(policiesOf(t, c.scenario))
			for direction, want := range map[bool]map[string]string{true: c.in, false: c.out} {
				got := map[string]string{}
				for who, other := range actors {
					if open := reached(judge, c.pod, other, direction); len(open) > 0 {
						got[who] = told(open)
					}
					judged += len(ports) * len(protocols)
				}
				if diff := cmp.Diff(expanded(want), got); diff != "" {
					t.Errorf("inbound: %t (-spec +policy):\n%s", direction, diff)
				}
			}
		})
	}
	t.Logf("%d pairs of pod, other, port and protocol", judged)
}

// Without this the engine could just as well say what the test wants to hear.
func TestAPolicyThatIsWiderIsFound(t *testing.T) {
	policies := policiesOf(t, "p2p-agent-minimal")
	policies[0].Spec.Egress = append(policies[0].Spec.Egress, networkingv1.NetworkPolicyEgressRule{})
	open := reached(firewall.NewJudge(policies), peer("alpha"), actors["the internet"], false)
	if told(open) != every {
		t.Errorf("a policy that is open to everybody lets through %q", told(open))
	}
	if open := reached(firewall.NewJudge(policies[:0]), peer("alpha"), actors["the internet"], true); told(open) != every {
		t.Errorf("no policy lets through %q", told(open))
	}
}

// policiesOf are all golden policies of a scenario.
func policiesOf(t *testing.T, scenario string) []*networkingv1.NetworkPolicy {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(goldens, scenario, "networkpolicy*.golden.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("scenario %s has no policies (%v)", scenario, err)
	}
	var out []*networkingv1.NetworkPolicy
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		policy := &networkingv1.NetworkPolicy{}
		if err := yaml.UnmarshalStrict(raw, policy); err != nil {
			t.Fatal(err)
		}
		out = append(out, policy)
	}
	return out
}

// reached are the ports on which traffic passes between a pod and another, to the pod or from it.
func reached(judge firewall.Judge, pod, other actor, inbound bool) []string {
	lets, c := judge.LetsOut, firewall.Connection{From: side(pod), To: side(other)}
	if inbound {
		lets, c = judge.LetsIn, firewall.Connection{From: side(other), To: side(pod)}
	}
	var open []string
	for _, c.Port = range ports {
		for _, c.Protocol = range protocols {
			if lets(c) {
				open = append(open, fmt.Sprintf("%d/%s", c.Port, c.Protocol))
			}
		}
	}
	return open
}

func side(a actor) firewall.Side {
	out := firewall.Side{IP: netip.MustParseAddr(a.ip).String()}
	if a.namespace != "" {
		out.Namespace, out.Labels, out.NamespaceLabels = a.namespace, a.labels, namespaceLabels(a.namespace)
	}
	return out
}

func told(open []string) string {
	if len(open) == len(ports)*len(protocols) {
		return every
	}
	slices.Sort(open)
	return strings.Join(open, " ")
}

func expanded(want map[string]string) map[string]string {
	out := map[string]string{}
	for who, list := range want {
		open := strings.Fields(list)
		slices.Sort(open)
		out[who] = strings.Join(open, " ")
	}
	return out
}
