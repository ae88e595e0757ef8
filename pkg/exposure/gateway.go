// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/peer"
)

// ByGateway is what was seen of the way by Gateways.
type ByGateway struct {
	// API is spec.network.api.
	API v1alpha1.PeerAPI
	// Port is that of the API.
	Port peer.Port
	// Served is whether the cluster has TLSRoutes at all.
	Served bool
	// Route leads to the API, nil while there is none.
	Route *gatewayv1.TLSRoute
}

// Asked reports whether the spec asks for it.
func (b ByGateway) Asked() bool { return b.API.Gateway != nil }

// Missing is the first thing that is missing, nil where nothing is.
func (b ByGateway) Missing() *conditions.Finding {
	switch {
	case !b.Served:
		return conditions.Refuse(v1alpha1.ReasonGatewayAPIMissing,
			"the cluster does not serve TLSRoutes of "+gatewayv1.GroupVersion.String()+"; install the Gateway API, 1.5 or later, with a controller for it")
	case b.Route == nil:
		return conditions.Wait(v1alpha1.ReasonWaitingForGateway, "the TLSRoute is being made")
	}
	for _, parent := range b.API.Gateway.ParentRefs {
		if f := b.untaken(parent); f != nil {
			return f
		}
	}
	return shut(b.API, "the Gateway")
}

// untaken is why one Gateway does not lead to the API, nil where it does. What is said of an earlier route does not count.
func (b ByGateway) untaken(parent v1alpha1.GatewayReference) *conditions.Finding {
	gateway := cmp.Or(parent.Namespace, b.Route.Namespace) + "/" + parent.Name
	i := slices.IndexFunc(b.Route.Status.Parents, func(s gatewayv1.RouteParentStatus) bool { return b.isOf(s.ParentRef, parent) })
	if i < 0 {
		return conditions.Wait(v1alpha1.ReasonWaitingForGateway, fmt.Sprintf(
			"Gateway %s has not said yet whether it takes TLSRoute %s; if it exists, its events and those of its controller say more", gateway, b.Route.Name))
	}
	for _, which := range []gatewayv1.RouteConditionType{gatewayv1.RouteConditionAccepted, gatewayv1.RouteConditionResolvedRefs} {
		c := meta.FindStatusCondition(b.Route.Status.Parents[i].Conditions, string(which))
		switch {
		case c == nil || c.ObservedGeneration < b.Route.Generation:
			return conditions.Wait(v1alpha1.ReasonWaitingForGateway, fmt.Sprintf("Gateway %s has yet to look at TLSRoute %s", gateway, b.Route.Name))
		case c.Status != metav1.ConditionTrue:
			return conditions.Refuse(v1alpha1.ReasonGatewayRefused, fmt.Sprintf("Gateway %s does not lead to the API: %s (%s is %s): %s", gateway, c.Reason, c.Type, c.Status, c.Message))
		}
	}
	return nil
}

// isOf reports whether a status is about a parent of the spec. What the spec leaves open is the status's affair.
func (b ByGateway) isOf(told gatewayv1.ParentReference, parent v1alpha1.GatewayReference) bool {
	namespace, section := b.Route.Namespace, ""
	if told.Namespace != nil {
		namespace = string(*told.Namespace)
	}
	if told.SectionName != nil {
		section = string(*told.SectionName)
	}
	return string(told.Name) == parent.Name && namespace == cmp.Or(parent.Namespace, b.Route.Namespace) && (parent.SectionName == "" || section == parent.SectionName)
}

// Endpoints are the hosts, once every Gateway takes the route.
func (b ByGateway) Endpoints() []v1alpha1.ExternalEndpoint {
	if b.API.Gateway == nil || b.Missing() != nil {
		return nil
	}
	return ofHosts(b.API.Gateway.Hosts, b.Port, v1alpha1.AddressOfGateway)
}
