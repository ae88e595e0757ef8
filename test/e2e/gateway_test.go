// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// worldName is what the world calls the peer of these stories.
const worldName = "peer.example.com"

// behind has a listener of the Gateway pass a name on to the API of a peer.
func behind(gateway, listener, host string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		p.Spec.Network.API.Gateway = &v1alpha1.APIGateway{
			ParentRefs: []v1alpha1.GatewayReference{{Name: gateway, Namespace: traefikNamespace, SectionName: listener}}, Hosts: []v1alpha1.HostPattern{v1alpha1.HostPattern(host)},
		}
	}
}

// serialOf is the number of the certificate in a Secret.
func serialOf(t *testing.T, ns, name string) string {
	t.Helper()
	secret := &corev1.Secret{}
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: name}, secret))
	block, _ := pem.Decode(secret.Data[corev1.TLSCertKey])
	certificate, err := x509.ParseCertificate(block.Bytes)
	must(t, err)
	return certificate.SerialNumber.String()
}

// isAnswered waits until users get the peer's answer under a certificate.
func isAnswered(t *testing.T, u *users, p *v1alpha1.PeerNode, serial string) {
	t.Helper()
	eventually(t, func() error {
		answer, seen, err := u.ask(u.anew(), "/api/v1/identity")
		if err != nil {
			return err
		}
		if seen != serial || !strings.Contains(string(answer), p.Status.Identity.PeerID) {
			return fmt.Errorf("%s under certificate %s, want the peer ID %s and certificate %s", answer, seen, p.Status.Identity.PeerID, serial)
		}
		return nil
	})
}

// TestUsersReachAnAPIThroughAGateway that passes TLS through: what they see is the edge's.
func TestUsersReachAnAPIThroughAGateway(t *testing.T) {
	c, n, ns := newTraefik(t), newOutsideNetwork(t), namespace(t)
	n.has(wayOut)
	p, authority := public(t, ns, func(p *v1alpha1.PeerNode) {
		unhurried(p)
		p.Spec.Network.API.AllowFrom = []v1alpha1.NetworkPeer{c.peer()}
		p.Spec.TLS.DNSNames = []string{worldName}
		behind("world", "peers", worldName)(p)
	})
	awaitReason(t, p, v1alpha1.ConditionAPIExposed, v1alpha1.ReasonAddressFound)
	if host, port := external(t, p, "https"); host != worldName || port != "443" {
		t.Errorf("it is reached at %s:%s", host, port)
	}
	u := c.users(t, n, worldName, authority)
	isAnswered(t, u, p, serialOf(t, ns, "public-api-tls"))
	seenFrom(t, p, c.pod.Status.PodIP)
	if _, _, err := u.ask(u.anew(), "/metrics"); err == nil {
		t.Error("the metrics are on the API")
	}
	other := c.users(t, n, "other.example.com", authority)
	if _, _, err := other.ask(other.anew(), "/api/v1/identity"); err == nil {
		t.Error("the Gateway passes on a name that no route has")
	}

	allow := func(from v1alpha1.NetworkPeer) func(*v1alpha1.PeerNode) {
		return func(p *v1alpha1.PeerNode) { p.Spec.Network.API.AllowFrom = []v1alpha1.NetworkPeer{from} }
	}
	edit(t, p, allow(block(outsideRange)))
	getNothing(t, u)
	edit(t, p, allow(c.peer()))
	isAnswered(t, u, p, serialOf(t, ns, "public-api-tls"))

	_, err := run("kubectl", "delete", "gateway", "-n", traefikNamespace, "world")
	must(t, err)
	getNothing(t, u)
}

// getNothing waits until users get no answer any more.
func getNothing(t *testing.T, u *users) {
	t.Helper()
	eventually(t, func() error {
		if _, _, err := u.ask(u.anew(), "/api/v1/identity"); err == nil {
			return errors.New("users still reach the API")
		}
		return nil
	})
}

// What a real Gateway says of routes that lead nowhere, and the operator of what it says.
func TestAGatewaySaysWhichRoutesItTakes(t *testing.T) {
	c, ns := newTraefik(t), namespace(t)
	p, _ := public(t, ns, func(p *v1alpha1.PeerNode) {
		p.Spec.Network.API.AllowFrom = []v1alpha1.NetworkPeer{c.peer()}
		behind("nobody", "", worldName)(p)
	})
	awaitReason(t, p, v1alpha1.ConditionAPIExposed, v1alpha1.ReasonWaitingForGateway)
	for _, r := range []struct{ listener, host, reason, says string }{
		{"peers", "peer.example.org", v1alpha1.ReasonGatewayRefused, "NoMatchingListenerHostname (Accepted is False)"},
		{"own", "peer.example.net", v1alpha1.ReasonGatewayRefused, "NotAllowedByListeners (Accepted is False)"},
		{"none", worldName, v1alpha1.ReasonGatewayRefused, "NoMatchingParent (Accepted is False)"},
		{"peers", worldName, v1alpha1.ReasonAddressFound, worldName + ":443/tcp"},
		{"", worldName, v1alpha1.ReasonAddressFound, worldName + ":443/tcp"},
	} {
		edit(t, p, behind("world", r.listener, r.host))
		eventually(t, func() error {
			awaitReason(t, p, v1alpha1.ConditionAPIExposed, r.reason)
			if says := conditions.Find(p.Status.Conditions, v1alpha1.ConditionAPIExposed).Message; !strings.Contains(says, r.says) {
				return fmt.Errorf("of listener %q and %s is said %q, want %q", r.listener, r.host, says, r.says)
			}
			return nil
		})
	}
}

// ended is a peer to which Traefik asks the requests of users whose TLS it has ended. A ConfigMap has the authority by which it knows the edge.
func ended(t *testing.T, c traefik, ns string, change func(*v1alpha1.PeerNode)) *v1alpha1.PeerNode {
	t.Helper()
	p, authority := public(t, ns, func(p *v1alpha1.PeerNode) {
		unhurried(p)
		change(p)
		p.Spec.Network.API.AllowFrom = []v1alpha1.NetworkPeer{c.peer()}
		p.Spec.Edge.TrustedProxies = []v1alpha1.CIDR{"10.244.0.0/24"} // all pods: of them only Traefik gets in
	})
	must(t, admin.Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "authority"}, Data: map[string]string{"ca.crt": string(authority)},
	}))
	return p
}

// TestUsersReachAnAPIThroughAnIngress whose controller has a certificate of its own, and knows the edge by another.
func TestUsersReachAnAPIThroughAnIngress(t *testing.T) {
	c, n, ns := newTraefik(t), newOutsideNetwork(t), namespace(t)
	n.has(wayOut)
	p := ended(t, c, ns, func(p *v1alpha1.PeerNode) {
		p.Spec.Network.API.Ingress = &v1alpha1.APIIngress{ClassName: "traefik", Hosts: []v1alpha1.HostPattern{worldName}, SecretName: "front-tls"}
	})
	front := certified(t, ns, "front", worldName)
	awaitReason(t, p, v1alpha1.ConditionAPIExposed, v1alpha1.ReasonAddressFound)
	u := c.users(t, n, worldName, front)
	eventually(t, func() error {
		_, _, err := u.ask(u.anew(), "/api/v1/identity")
		if err == nil || !strings.HasPrefix(err.Error(), "500 ") {
			return fmt.Errorf("Traefik, which does not know the edge's authority, answers: %w", err)
		}
		return nil
	})

	made(t, "traefik.io/v1alpha1", "ServersTransport", ns, "edge", map[string]any{
		"serverName": "public-api." + ns + ".svc", "rootCAs": []any{map[string]any{"configMap": "authority"}},
	})
	edit(t, p, func(p *v1alpha1.PeerNode) {
		p.Spec.Network.API.Ingress.ServiceAnnotations = v1alpha1.Annotations{"traefik.ingress.kubernetes.io/service.serverstransport": v1alpha1.AnnotationValue(ns + "-edge@kubernetescrd")}
	})
	isAnswered(t, u, p, serialOf(t, ns, "front-tls"))
	seenFrom(t, p, wayOut)
}

// TestUsersReachAnAPIThroughAGatewayThatEndsTheirTLS, and which is told by objects of the Gateway API alone how to know the edge.
func TestUsersReachAnAPIThroughAGatewayThatEndsTheirTLS(t *testing.T) {
	const name = "peer.example.org"
	c, n, ns := newTraefik(t), newOutsideNetwork(t), namespace(t)
	n.has(wayOut)
	front := certified(t, traefikNamespace, "front", name)
	p := ended(t, c, ns, func(*v1alpha1.PeerNode) {})
	made(t, gatewayAPI, "BackendTLSPolicy", ns, "edge", map[string]any{
		"targetRefs": []any{map[string]any{"group": "", "kind": "Service", "name": "public-api"}},
		"validation": map[string]any{
			"hostname":          "public-api." + ns + ".svc",
			"caCertificateRefs": []any{map[string]any{"group": "", "kind": "ConfigMap", "name": "authority"}},
		},
	})
	awaitSaid(t, httpRoute(t, ns, name, "public-api"), taken)
	isAnswered(t, c.users(t, n, name, front), p, serialOf(t, traefikNamespace, "front-tls"))
	seenFrom(t, p, wayOut)
}
