// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"fmt"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/peer"
)

// ByIngress is what was seen of the way by an Ingress.
type ByIngress struct {
	// API is spec.network.api.
	API v1alpha1.PeerAPI
	// Port is that of the API.
	Port peer.Port
	// Ingress leads to it, nil while there is none.
	Ingress *networkingv1.Ingress
}

// Asked reports whether the spec asks for it.
func (b ByIngress) Asked() bool { return b.API.Ingress != nil }

// Missing is the first thing that is missing, nil where nothing is.
func (b ByIngress) Missing() *conditions.Finding {
	switch {
	case b.Ingress == nil:
		return conditions.Wait(v1alpha1.ReasonWaitingForAddress, "the Ingress is being made")
	case len(b.Ingress.Status.LoadBalancer.Ingress) == 0:
		return conditions.Wait(v1alpha1.ReasonWaitingForAddress, fmt.Sprintf(
			"no ingress controller has given Ingress %[1]s an address yet; its events say more (kubectl describe ingress %[1]s). %[2]s", b.Ingress.Name, b.class()))
	}
	return shut(b.API, "the ingress controller")
}

func (b ByIngress) class() string {
	if class := b.Ingress.Spec.IngressClassName; class != nil {
		return "Its class is " + *class
	}
	return "It has no class: spec.network.api.ingress names none, and the cluster has no default"
}

// Endpoints are the hosts, once a controller serves them.
func (b ByIngress) Endpoints() []v1alpha1.ExternalEndpoint {
	if b.API.Ingress == nil || b.Ingress == nil || len(b.Ingress.Status.LoadBalancer.Ingress) == 0 {
		return nil
	}
	return ofHosts(b.API.Ingress.Hosts, b.Port, v1alpha1.AddressOfIngress)
}
