// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/builders"
)

// openPorts are those of agents, of the operator and of the unsealer, and some that nothing is ever open on.
var openPorts = map[corev1.Protocol][]int{
	corev1.ProtocolTCP: {22, 53, 443, 8000, 8001, 8080, 8443, 9090, 65535},
	corev1.ProtocolUDP: {53, 8000, 8002},
}

// TestPacketsGoWhereThePoliciesSay tries every connection between peers and all with whom they may have to do, and compares what happens
// with what an engine says of the policies that neither the project nor the cluster has a part in.
func TestPacketsGoWhereThePoliciesSay(t *testing.T) {
	alpha, corners := scene(t)
	all := everyConnection(corners, openPorts)
	all = append(all, throughService(t, corners, alpha.Name, alpha.Namespace, alpha.Name+"-api")...)
	began := policies(t)
	none(t, differences(t, all, began))

	// From here on something is wrong on purpose: a comparison that still finds nothing would find nothing ever.
	toAlpha := slices.DeleteFunc(slices.Clone(all), func(c connection) bool { return c.to != alpha.Name })
	edit(t, alpha, func(p *v1alpha1.PeerNode) { p.Spec.Network.Metrics.AllowFrom = nil })
	awaitTried(t, pick(t, all, "prometheus to alpha 9090/TCP"), false)
	want := []string{"prometheus to alpha 9090/TCP: stopped, but the policies let it through"}
	if diff := cmp.Diff(want, differences(t, toAlpha, began)); diff != "" {
		t.Errorf("a rule was taken away (-want +got):\n%s", diff)
	}

	closed := policies(t)
	none(t, differences(t, toAlpha, closed))
	must(t, admin.Create(t.Context(), &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: alpha.Namespace, Name: "hole"},
		Spec: networkingv1.NetworkPolicySpec{
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}, Ingress: []networkingv1.NetworkPolicyIngressRule{{}},
		},
	}))
	awaitTried(t, pick(t, all, "web to alpha 22/TCP"), true)
	found := differences(t, toAlpha, closed)
	if !slices.Contains(found, "web to alpha 22/TCP: let through, but the policies stop it") {
		t.Errorf("a hole was made, and this is all that was found: %v", found)
	}
	t.Logf("with a hole %d of %d connections to alpha differ", len(found), len(toAlpha))
	none(t, differences(t, toAlpha, policies(t)))
}

// scene is a peer with every kind of rule, and everybody whom the rules are about or not.
func scene(t *testing.T) (*v1alpha1.PeerNode, []corner) {
	t.Helper()
	ns, elsewhere, users, monitoring := namespace(t), namespace(t), namespace(t), namespace(t)
	_, err := run("kubectl", "label", "namespace", users, "team=users")
	must(t, err)
	named := func(name string) map[string]string { return map[string]string{"app.kubernetes.io/name": name} }
	role := map[string]string{"role": "client"}
	corners := []corner{
		stranger(t, "web", ns, map[string]string{"app": "web"}),
		stranger(t, "client", ns, role),
		stranger(t, "a pod whose address is named", elsewhere, nil),
		stranger(t, "a client of another namespace", elsewhere, role),
		stranger(t, "somebody's unsealer", elsewhere, named("peernode-unsealer")),
		stranger(t, "a user of the API", users, nil),
		stranger(t, "prometheus", monitoring, named("prometheus")),
		stranger(t, "grafana", monitoring, named("grafana")),
		stranger(t, "a pod beside the operator", systemNamespace, nil),
		stranger(t, "a DNS server", metav1.NamespaceSystem, map[string]string{"k8s-app": "kube-dns"}),
	}
	corners = append(corners, outside(t, map[string]string{
		"the range": "203.0.113.9", "the range's exception": "203.0.113.200", "the world": "192.0.2.99",
		"a server": "198.51.100.7", "a server of the exception": "198.51.100.200",
	})...)

	certified(t, ns, "public", "alpha-api."+ns+".svc")
	alpha := agent(t, ns, "alpha", builders.Declaring("beta"), func(p *v1alpha1.PeerNode) {
		n := &p.Spec.Network
		n.Peer.AllowFrom = []v1alpha1.NetworkPeer{block("203.0.113.0/24", "203.0.113.128/25"), block(v1alpha1.CIDR(corners[2].side.IP + "/32"))}
		n.Peer.AllowTo = []v1alpha1.NetworkPeer{block("198.51.100.0/24", "198.51.100.128/25")}
		p.Spec.TLS = &v1alpha1.PeerTLS{SecretName: "public-tls"}
		n.API = v1alpha1.PeerAPI{Enabled: true, AllowFrom: []v1alpha1.NetworkPeer{
			{PodSelector: &metav1.LabelSelector{MatchLabels: role}},
			{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "users"}}},
		}}
		n.Metrics.AllowFrom = []v1alpha1.NetworkPeer{{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: monitoring}},
			PodSelector:       &metav1.LabelSelector{MatchLabels: named("prometheus")},
		}}
	})
	beta, gamma := agent(t, ns, "beta", builders.Declaring("alpha")), agent(t, ns, "gamma", builders.Declaring("alpha"))
	for _, p := range []*v1alpha1.PeerNode{alpha, beta, gamma} {
		awaitReady(t, p)
		corners = append(corners, within(t, p.Name, podOf(t, p)))
	}
	awaitConnected(t, alpha, beta)
	for _, name := range []string{release, "peernode-unsealer"} {
		corners = append(corners, within(t, name, podLabelled(t, systemNamespace, name)))
	}
	return alpha, corners
}

func block(cidr v1alpha1.CIDR, except ...v1alpha1.CIDR) v1alpha1.NetworkPeer {
	return v1alpha1.NetworkPeer{IPBlock: &v1alpha1.IPBlock{CIDR: cidr, Except: except}}
}

// everyConnection is each pair of corners with each port; what happens between two places outside is nobody's business here.
func everyConnection(corners []corner, ports map[corev1.Protocol][]int) []connection {
	var all []connection
	for i := range corners {
		for _, to := range corners {
			from := &corners[i]
			if from.name == to.name || from.side.Namespace == "" && to.side.Namespace == "" {
				continue
			}
			for protocol, numbers := range ports {
				for _, port := range numbers {
					all = append(all, newConnection(from, to, protocol, port))
				}
			}
		}
	}
	return all
}

// throughService is everybody with the address of a Service in place of the pod's. Policies know pods only.
func throughService(t *testing.T, corners []corner, to, ns, service string) []connection {
	t.Helper()
	s := &corev1.Service{}
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: service}, s))
	target := corners[slices.IndexFunc(corners, func(c corner) bool { return c.name == to })]
	var all []connection
	for i := range corners {
		if corners[i].name == to || corners[i].side.Namespace == "" {
			continue
		}
		c := newConnection(&corners[i], target, corev1.ProtocolTCP, 8443)
		c.line = fmt.Sprintf("TCP %s:%d", s.Spec.ClusterIP, s.Spec.Ports[0].Port)
		c.name += " through its Service"
		all = append(all, c)
	}
	return all
}

// policies are all that there are in the cluster.
func policies(t *testing.T) []networkingv1.NetworkPolicy {
	t.Helper()
	list := &networkingv1.NetworkPolicyList{}
	must(t, admin.List(t.Context(), list))
	return list.Items
}

func none(t *testing.T, differences []string) {
	t.Helper()
	for _, d := range differences {
		t.Error(d)
	}
	if len(differences) > 0 {
		t.FailNow()
	}
}
