// SPDX-License-Identifier: Apache-2.0

package plan

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/exposure"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/resources"
)

// peerExposure is what is seen of how the outside reaches the ports of the peer protocol. ports are all of the software.
func (o Observed) peerExposure(ports []peer.Port) exposure.Seen {
	traffic := o.PeerNode.Spec.Network.Peer
	return o.seen(names.PeerService(o.PeerNode), exposure.Seen{
		Field: "spec.network.peer", Exposure: traffic.Exposure, AllowFrom: traffic.AllowFrom, Ports: peer.PortsFor(ports, v1alpha1.PurposePeer),
	})
}

// apiWays are what is seen of how users outside of the cluster reach the API.
func (o Observed) apiWays() []exposure.Way {
	api, port := o.PeerNode.Spec.Network.API, resources.APIPort
	ingress, _ := o.Objects[intent.Ref{GroupVersionKind: kindIngress, NamespacedName: Route(o.PeerNode).NamespacedName}].(*networkingv1.Ingress)
	route, _ := o.Objects[Route(o.PeerNode)].(*gatewayv1.TLSRoute)
	return []exposure.Way{
		o.seen(names.ExternalAPI(o.PeerNode), exposure.Seen{Field: "spec.network.api", Exposure: api.Exposure, AllowFrom: api.AllowFrom, Ports: []peer.Port{port}}),
		exposure.ByIngress{API: api, Port: port, Ingress: ours(o, ingress)},
		exposure.ByGateway{API: api, Port: port, Served: o.GatewayAPI, Route: ours(o, route)},
	}
}

// ours is an object that this PeerNode has, nil where it is somebody else's.
func ours[T intent.Object](o Observed, object T) (none T) {
	if any(object) == any(none) || o.foreign(object) || o.previous(object) {
		return none
	}
	return object
}

// seen adds what was observed of an exposure, whose Service has a name.
func (o Observed) seen(name string, s exposure.Seen) exposure.Seen {
	s.Pod = o.Pod
	if before := o.PeerNode.Status.Endpoints; before != nil {
		s.Before = before.External
	}
	service := o.service(name)
	switch {
	case service == nil, o.foreign(service):
	case o.outlived(service, s.Exposure):
		s.Going = service
	default:
		s.Service = service
	}
	return s
}

// service returns the live Service of a name, nil where there is none.
func (o Observed) service(name string) *corev1.Service {
	for ref, object := range o.Objects {
		if service, ok := object.(*corev1.Service); ok && ref.Name == name {
			return service
		}
	}
	return nil
}

// standsInTheWay reports whether a Service that leads to the outside cannot be made yet.
func (o Observed) standsInTheWay(name string, e *v1alpha1.Exposure) bool {
	service := o.service(name)
	return service != nil && !o.foreign(service) && o.outlived(service, e)
}

// outlived reports whether the Service that leads to the outside has to go before another can be made: it is on its way
// out, maybe for as long as a cloud takes to give its load balancer up, or of an earlier PeerNode, or of another class,
// which nobody can change. The peer does without it meanwhile, so it stands in the way of nothing else.
func (o Observed) outlived(service *corev1.Service, e *v1alpha1.Exposure) bool {
	if o.previous(service) {
		return true
	}
	if !e.HasService() || e.Type != corev1.ServiceTypeLoadBalancer || service.Spec.Type != corev1.ServiceTypeLoadBalancer {
		return false
	}
	return service.Annotations[v1alpha1.AnnotationLoadBalancerClass] != e.LoadBalancerClass
}

// exposing are the objects that lead to the peer and its API from outside of the cluster, but for those that cannot be made
// yet.
func (o Observed) exposing(in resources.Input) []any {
	objects, network := []any{resources.Ingress(in)}, o.PeerNode.Spec.Network
	if o.GatewayAPI {
		objects = append(objects, resources.TLSRoute(in))
	}
	if !o.standsInTheWay(names.ExternalAPI(o.PeerNode), network.API.Exposure) {
		objects = append(objects, resources.ExternalAPI(in))
	}
	if !o.standsInTheWay(names.PeerService(o.PeerNode), network.Peer.Exposure) {
		objects = append(objects, resources.PeerService(in))
	}
	return objects
}

// outside is what the software is told of where it is reached.
func (o Observed) outside() []peer.Address {
	if !o.PeerNode.Spec.Network.Peer.Exposure.Asked() {
		return nil
	}
	return exposure.Addresses(o.peerExposure(blueprint.Ports(o.PeerNode, o.Options)).Places())
}

// exposed tells how the outside reaches the peer and its API. What the spec leads to is not known while it cannot be run.
func exposed(o Observed, p Plan) (told []metav1.Condition, external []v1alpha1.ExternalEndpoint) {
	unknown := len(p.Workload.Ports) == 0 && p.Blocked != nil
	for _, e := range []struct {
		conditionType string
		ways          []exposure.Way
	}{
		{v1alpha1.ConditionExposed, []exposure.Way{o.peerExposure(p.Workload.Ports)}},
		{v1alpha1.ConditionAPIExposed, o.apiWays()},
	} {
		if before := conditions.Find(o.PeerNode.Status.Conditions, e.conditionType); unknown && before.Type != "" {
			told = append(told, before)
		} else if c := exposure.Condition(e.conditionType, e.ways...); !unknown && c != nil {
			told = append(told, *c)
			for _, way := range e.ways {
				external = append(external, way.Endpoints()...)
			}
		}
	}
	return told, external
}

// gatewayTrouble are the reasons for which the person of a Gateway may be needed.
func gatewayTrouble(reason string) bool {
	return reason == v1alpha1.ReasonGatewayAPIMissing || reason == v1alpha1.ReasonGatewayRefused
}
