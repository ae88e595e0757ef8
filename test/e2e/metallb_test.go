// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/cluster"
)

// pool are the addresses that MetalLB has to give.
const pool = "203.0.113.16/28"

// runMetalLB runs its controller until the test ends, as a process of the node that may do everything: its own rights are not
// what is under test. Packets for the addresses come to the node by the route of the outside, so nobody has to answer for them.
func runMetalLB(t *testing.T) {
	t.Helper()
	onRequest(t)
	const ns = "metallb-system"
	built, err := cluster.BuildMetalLB(t.Context(), os.Stderr)
	must(t, err)
	definitions := installed(t, built.CRDs)
	_, err = run("kubectl", "wait", "--for=condition=Established", "--timeout=1m", "-f", definitions)
	must(t, err)
	must(t, admin.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}))
	t.Cleanup(func() { _, _ = run("kubectl", "delete", "namespace", ns, "--wait=false") })
	made(t, "metallb.io/v1beta1", "IPAddressPool", ns, "pool", map[string]any{"addresses": []any{pool}})
	controller := exec.Command(built.Controller, "--namespace="+ns, "--webhook-mode=disabled", "--disable-cert-rotation", "--port=17472")
	controller.Stdout, controller.Stderr = t.Output(), t.Output()
	must(t, controller.Start())
	t.Cleanup(func() { _ = controller.Process.Kill(); _ = controller.Wait() })
}

func TestALoadBalancerGivesAPeerAndItsAPITheirAddresses(t *testing.T) {
	runMetalLB(t)
	o, ns := newOuter(t), namespace(t)
	p, authority := public(t, ns, func(p *v1alpha1.PeerNode) {
		unhurried(p)
		balanced, outside := &v1alpha1.Exposure{Type: corev1.ServiceTypeLoadBalancer}, []v1alpha1.NetworkPeer{block(outsideRange)}
		p.Spec.Software.P2PAgent.AllowedPeers = []v1alpha1.PeerID{v1alpha1.PeerID(o.peerID)}
		p.Spec.Network.Peer = v1alpha1.PeerTraffic{AllowFrom: outside, Exposure: balanced}
		p.Spec.Network.API.AllowFrom, p.Spec.Network.API.Exposure = outside, balanced
	})
	awaitReason(t, p, v1alpha1.ConditionExposed, v1alpha1.ReasonAddressFound)
	awaitReason(t, p, v1alpha1.ConditionAPIExposed, v1alpha1.ReasonAddressFound)
	host, port := external(t, p, "p2p")
	if address := net.ParseIP(host); !inPool(address) || port != "8000" {
		t.Errorf("the peer is reached at %s:%s, want an address of %s", host, port, pool)
	}
	o.reaches(p, "/ip4/"+host+"/tcp/8000", "tcp")
	o.reaches(p, "/ip4/"+host+"/udp/8002/quic-v1", "quic-v1")
	announces(t, p, "/ip4/"+host+"/udp/8002/quic-v1")
	api, port := external(t, p, "https")
	if !inPool(net.ParseIP(api)) || api == host {
		t.Errorf("the API is reached at %s, and the peer at %s, want two addresses of %s", api, host, pool)
	}
	u := newUsers(t, o.dialer(wayOut), net.JoinHostPort(api, port), "public-api."+ns+".svc", authority)
	answer, _, err := u.ask(u.lasting, "/api/v1/identity")
	must(t, err)
	if !strings.Contains(string(answer), p.Status.Identity.PeerID) {
		t.Errorf("the API says %s, want the peer ID %s", answer, p.Status.Identity.PeerID)
	}
	seenFrom(t, p, wayOut)

	edit(t, p, func(p *v1alpha1.PeerNode) { p.Spec.Network.Peer.Exposure, p.Spec.Network.API.Exposure = nil, nil })
	for _, name := range []string{"public-peer", "public-api-ext"} {
		gone(t, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}})
	}
	o.shut(host, 8000)
	o.shut(api, 443)
	awaitReady(t, p)
}

// inPool reports whether MetalLB has an address to give.
func inPool(address net.IP) bool {
	_, all, err := net.ParseCIDR(pool)
	return err == nil && all.Contains(address)
}
