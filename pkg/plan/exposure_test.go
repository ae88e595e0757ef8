// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/plan"
)

// exposedAs is a spec that the outside reaches, and that lets everybody in.
func exposedAs(as corev1.ServiceType, change ...func(*v1alpha1.Exposure)) func(*v1alpha1.PeerNode) {
	e := v1alpha1.Exposure{Type: as}
	for _, c := range change {
		c(&e)
	}
	return func(p *v1alpha1.PeerNode) {
		p.Spec.Network.Peer = v1alpha1.PeerTraffic{Exposure: &e, AllowFrom: []v1alpha1.NetworkPeer{{IPBlock: &v1alpha1.IPBlock{CIDR: "0.0.0.0/0"}}}}
	}
}

var (
	balanced = exposedAs(corev1.ServiceTypeLoadBalancer)
	onNode   = exposedAs(corev1.ServiceTypeNodePort)
)

func ofClass(class string) func(*v1alpha1.Exposure) {
	return func(e *v1alpha1.Exposure) { e.LoadBalancerClass = class }
}

// outer is the Service by which the outside reaches the peer.
func (w *world) outer() *corev1.Service {
	w.t.Helper()
	return w.service("alpha-peer")
}

// service is the live Service of a name.
func (w *world) service(name string) *corev1.Service {
	w.t.Helper()
	for ref, o := range w.Objects {
		if service, ok := o.(*corev1.Service); ok && ref.Name == name {
			return service
		}
	}
	w.t.Fatalf("there is no Service %s", name)
	return nil
}

// given lets a controller of load balancers give the Service an address.
func (w *world) given(address string) *world {
	w.outer().Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: address}}
	return w
}

// opened lets the API server choose ports of the nodes, and the kubelet say on which node the pod runs.
func (w *world) opened(node string) *world {
	for i := range w.outer().Spec.Ports {
		w.outer().Spec.Ports[i].NodePort = 30800 + int32(i)
	}
	w.Pod.Status.HostIP = node
	return w
}

// leaving lets the Service be on its way out, which a cloud delays.
func (w *world) leaving() *world {
	w.outer().DeletionTimestamp, w.outer().Finalizers = &metav1.Time{Time: now}, []string{"service.kubernetes.io/load-balancer-cleanup"}
	return w
}

// apiExposedAs is a spec whose API the outside reaches, and that lets everybody use it.
func apiExposedAs(as corev1.ServiceType) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		withAPI(p)
		p.Spec.Network.API.Exposure = &v1alpha1.Exposure{Type: as}
		p.Spec.Network.API.AllowFrom = []v1alpha1.NetworkPeer{{IPBlock: &v1alpha1.IPBlock{CIDR: "0.0.0.0/0"}}}
	}
}

// routed leads users to the API by an Ingress and by a Gateway.
func routed(p *v1alpha1.PeerNode) {
	withAPI(p)
	hosts := []v1alpha1.HostPattern{"peer.example.com"}
	p.Spec.Network.API.AllowFrom = []v1alpha1.NetworkPeer{{NamespaceSelector: &metav1.LabelSelector{}}}
	p.Spec.Network.API.Ingress = &v1alpha1.APIIngress{ClassName: "internal", Hosts: hosts}
	p.Spec.Network.API.Gateway = &v1alpha1.APIGateway{ParentRefs: []v1alpha1.GatewayReference{{Name: "public", Namespace: "gateways"}}, Hosts: slices.Clone(hosts)}
}

// servedByIngress lets an ingress controller give the Ingress an address.
func (w *world) servedByIngress() *world {
	object[*networkingv1.Ingress](w).Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: "203.0.113.7"}}
	return w
}

// takenByGateway lets the Gateway say whether it takes the route.
func (w *world) takenByGateway(accepted metav1.ConditionStatus) *world {
	route := object[*gatewayv1.TLSRoute](w)
	route.Status.Parents = []gatewayv1.RouteParentStatus{{
		ParentRef: gatewayv1.ParentReference{Name: "public", Namespace: new(gatewayv1.Namespace("gateways"))},
		Conditions: []metav1.Condition{
			{Type: "Accepted", Status: accepted, Reason: "Because", ObservedGeneration: route.Generation}, {Type: "ResolvedRefs", Status: metav1.ConditionTrue, ObservedGeneration: route.Generation},
		},
	}}
	return w
}

const (
	isExposed    = v1alpha1.ConditionExposed
	isAPIExposed = v1alpha1.ConditionAPIExposed
)

var exposures = map[string]situation{
	"Nobody is to reach the peer from outside.": {isServing(func(*world) {}), told(serves, settled, settled, isExposed, ""), ""},
	"The load balancer has no address yet.":     {isServing(func(*world) {}, balanced), told(serves, settled, settled, isExposed, "False WaitingForAddress"), "no controller of load balancers"},
	"The load balancer has an address.": {
		isServing(func(w *world) { w.given("203.0.113.7"); w.carryOut() }, balanced), told(serves, settled, settled, isExposed, "True AddressFound"),
		"203.0.113.7:8000/tcp, 203.0.113.7:8001/tcp, 203.0.113.7:8002/udp",
	},
	"The pod runs on a node that is known.": {
		isServing(func(w *world) { w.opened("192.0.2.10"); w.carryOut() }, onNode), told(serves, settled, settled, isExposed, "True AddressFound"), "192.0.2.10:30802/udp",
	},
	"The pod runs on no node yet.": {
		isServing(func(w *world) { w.opened(""); w.Pod = nil }, onNode), waits("WaitingForPod", isExposed, "False WaitingForPod"), "the node on which the pod runs",
	},
	"Nobody outside is let in.": {
		isServing(func(w *world) {
			w.PeerNode.Spec.Network.Peer.AllowFrom = nil
			w.carryOut()
			w.given("203.0.113.7")
		}, balanced), told(serves, settled, settled, isExposed, "False NobodyAllowed"), "allowFrom names no ipBlock",
	},
	"Other software is exposed, and has no port for peers.": {
		isServing(func(*world) {}, custom, func(p *v1alpha1.PeerNode) { p.Spec.Software.Custom.Ports = nil }, balanced),
		told(serves, settled, settled, isExposed, "False UnknownPort"), "the software has no such port",
	},
	"The load balancer of before is still going away.": {
		isServing(func(w *world) { w.leaving() }, balanced), told(serves, settled, settled, isExposed, "False WaitingForServiceGone"), "load-balancer-cleanup",
	},
	"The Service of an earlier PeerNode is still going away.": {
		isServing(func(w *world) { w.outer().OwnerReferences[0].UID = "uid-0" }, balanced), told(serves, settled, settled, isExposed, "False WaitingForServiceGone"), "",
	},
	"Somebody else has the name of the Service.": {
		isServing(func(w *world) { w.outer().OwnerReferences, w.outer().Labels = nil, nil }, balanced),
		told(serves, settled, "True ForeignObject", isExposed, "False WaitingForAddress"), "Service peers/alpha-peer",
	},
	"What was seen of the outside stays while the spec cannot be run.": {
		isServing(func(w *world) {
			w.given("203.0.113.7")
			w.PeerNode.Status = w.status()
			w.PeerNode.Spec.Image, w.PeerNode.Spec.Software = "", v1alpha1.PeerSoftware{}
		}, balanced), told(serves, settled, "True InvalidSoftware", isExposed, "True AddressFound"), "203.0.113.7:8000/tcp",
	},
}

// apiExposures are those of the API, of which each has its own Service.
var apiExposures = map[string]situation{
	"The load balancer of the API has no address yet.": {
		isServing(func(w *world) { w.withEdge(true).issued() }, apiExposedAs(corev1.ServiceTypeLoadBalancer)),
		told(serves, settled, settled, isAPIExposed, "False WaitingForAddress", isExposed, ""), "kubectl describe service alpha-api-ext",
	},
	"The load balancer of the API has an address.": {
		isServing(func(w *world) {
			w.withEdge(true).issued()
			w.service("alpha-api-ext").Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{Hostname: "lb.example.com"}}
		}, apiExposedAs(corev1.ServiceTypeLoadBalancer)), told(serves, settled, settled, isAPIExposed, "True AddressFound"), "lb.example.com:443/tcp",
	},
	"Peers and users reach it by load balancers of their own.": {
		isServing(func(w *world) {
			w.withEdge(true).issued()
			w.given("203.0.113.7").carryOut()
			w.service("alpha-api-ext").Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "203.0.113.8"}}
		}, balanced, apiExposedAs(corev1.ServiceTypeLoadBalancer)),
		told(serves, settled, settled, isExposed, "True AddressFound", isAPIExposed, "True AddressFound"), "203.0.113.8:443/tcp",
	},
	"An Ingress and a Gateway lead to the API.": {
		isServing(func(w *world) { w.withEdge(true).servedByIngress().takenByGateway(metav1.ConditionTrue).issued() }, routed),
		told(serves, settled, settled, isAPIExposed, "True AddressFound"), "the outside reaches peer.example.com:443/tcp",
	},
	"No ingress controller serves the Ingress.": {
		isServing(func(w *world) { w.withEdge(true).takenByGateway(metav1.ConditionTrue).issued() }, routed),
		told(serves, settled, settled, isAPIExposed, "False WaitingForAddress"), "kubectl describe ingress alpha-api",
	},
	"The Gateway has not looked at the route.": {
		isServing(func(w *world) { w.withEdge(true).servedByIngress().issued() }, routed),
		told(serves, settled, settled, isAPIExposed, "False WaitingForGateway"), "Gateway gateways/public has not said yet",
	},
	"The Gateway does not take the route.": {
		isServing(func(w *world) { w.withEdge(true).servedByIngress().takenByGateway(metav1.ConditionFalse).issued() }, routed),
		told(serves, settled, settled, isAPIExposed, "False GatewayRefused"), "Gateway gateways/public",
	},
	"The cluster has no Gateway API.": {
		isServing(func(w *world) {
			w.withEdge(true).servedByIngress().issued()
			w.GatewayAPI = false
			delete(w.Objects, plan.Route(w.PeerNode))
		}, routed),
		told(serves, settled, settled, isAPIExposed, "False GatewayAPIMissing"), "install the Gateway API",
	},
	"No user outside is let in.": {
		isServing(func(w *world) {
			w.withEdge(true).issued()
			w.PeerNode.Spec.Network.API.AllowFrom = nil
			w.carryOut()
			w.service("alpha-api-ext").Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "203.0.113.8"}}
		}, apiExposedAs(corev1.ServiceTypeLoadBalancer)), told(serves, settled, settled, isAPIExposed, "False NobodyAllowed"), "spec.network.api.allowFrom names no ipBlock",
	},
}

func TestAnExposureTouchesOnlyWhatItIsAbout(t *testing.T) {
	as := func(spec func(*v1alpha1.PeerNode)) func(*world) { return func(w *world) { spec(w.PeerNode) } }
	shut := func(w *world) { w.PeerNode.Spec.Network.Peer.Exposure = nil }
	listed := []string{"Service alpha-peer"}
	for name, c := range map[string]struct {
		spec          func(*v1alpha1.PeerNode)
		change        func(*world)
		apply, remove []string
	}{
		"It is exposed: the agent is told at its start where it will read its addresses.": {
			func(*v1alpha1.PeerNode) {}, as(balanced), []string{"ConfigMap alpha-config", "NetworkPolicy alpha", "StatefulSet alpha", "Service alpha-peer"}, nil,
		},
		"An address is found: the file that the agent follows changes, and the pod does not.": {
			balanced, func(w *world) { w.given("203.0.113.7") }, []string{"ConfigMap alpha-config"}, nil,
		},
		"The pod is on a node: likewise.": {onNode, func(w *world) { w.opened("192.0.2.10") }, []string{"ConfigMap alpha-config"}, nil},
		"The type changes.":               {balanced, as(onNode), listed, nil},
		"Ranges change: the firewall and the load balancer.": {
			balanced, func(w *world) { w.PeerNode.Spec.Network.Peer.AllowFrom[0].IPBlock.CIDR = "10.0.0.0/8" }, []string{"NetworkPolicy alpha", "Service alpha-peer"}, nil,
		},
		"Other software is exposed: it is told nothing, so its pod stays.": {custom, as(onNode), []string{"NetworkPolicy alpha", "Service alpha-peer"}, nil},
		"It is exposed no longer.": {balanced, shut, []string{"ConfigMap alpha-config", "StatefulSet alpha"}, []string{"alpha-peer"}},
		"It is exposed no longer, and the Service is going already.": {
			balanced, func(w *world) { shut(w.leaving()) }, []string{"ConfigMap alpha-config", "StatefulSet alpha"}, nil,
		},
		"The Service is going, and is made anew after it; all else goes on.": {
			balanced, func(w *world) { w.leaving().PeerNode.Spec.Image = "registry.example.com/p2p-agent:v2" }, []string{"StatefulSet alpha"}, nil,
		},
		"Another class: the Service has to go first.": {
			exposedAs(corev1.ServiceTypeLoadBalancer, ofClass("a")), as(exposedAs(corev1.ServiceTypeLoadBalancer, ofClass("b"))), nil, []string{"alpha-peer"},
		},
		"No class any more: likewise.": {exposedAs(corev1.ServiceTypeLoadBalancer, ofClass("a")), as(balanced), nil, []string{"alpha-peer"}},
		"A class that an admission webhook put there is left alone.": {
			balanced, func(w *world) { w.outer().Spec.LoadBalancerClass = new("service.k8s.aws/nlb") }, nil, nil,
		},
		"A class and another type: the class is dropped by the change of the type.": {
			exposedAs(corev1.ServiceTypeLoadBalancer, ofClass("a")), as(onNode), listed, nil,
		},
		"Somebody changes the type of the Service.": {balanced, func(w *world) { w.outer().Spec.Type = corev1.ServiceTypeNodePort }, listed, nil},
		"The cluster chooses ports of the nodes, which stay.": {
			balanced, func(w *world) {
				w.outer().Spec.Ports[0].NodePort, w.outer().Spec.HealthCheckNodePort, w.outer().Spec.ClusterIP = 30800, 31800, "10.96.0.9"
			}, nil, nil,
		},
		"A name is told, and nothing else is made.": {
			func(*v1alpha1.PeerNode) {}, as(exposedAs(corev1.ServiceTypeClusterIP, func(e *v1alpha1.Exposure) {
				e.ExternalAddresses = []v1alpha1.ExternalAddress{{Host: "peer.example.com"}}
			})), []string{"ConfigMap alpha-config", "NetworkPolicy alpha", "StatefulSet alpha"}, nil,
		},
		"To say the default changes nothing.": {
			func(*v1alpha1.PeerNode) {}, func(w *world) { w.PeerNode.Spec.Network.Peer.Exposure = &v1alpha1.Exposure{} }, nil, nil,
		},
		"The API is exposed: one Service more, beside the one for the cluster.": {
			withAPI, as(apiExposedAs(corev1.ServiceTypeNodePort)), []string{"NetworkPolicy alpha", "Service alpha-api-ext"}, nil,
		},
		"The API gets routes: its pod does not notice.": {
			withAPI, as(routed), []string{"NetworkPolicy alpha", "Ingress alpha-api", "TLSRoute alpha-api"}, nil,
		},
		"The API gets routes, and there is no Gateway API yet.": {
			withAPI, func(w *world) { routed(w.PeerNode); w.GatewayAPI = false }, []string{"NetworkPolicy alpha", "Ingress alpha-api"}, nil,
		},
		"The API has no routes any more.": {
			routed, func(w *world) { w.PeerNode.Spec.Network.API.Ingress, w.PeerNode.Spec.Network.API.Gateway = nil, nil },
			nil, []string{"alpha-api", "alpha-api"},
		},
		"Another host.": {
			routed, func(w *world) { w.PeerNode.Spec.Network.API.Gateway.Hosts[0] = "api.example.com" }, []string{"TLSRoute alpha-api"}, nil,
		},
		"The API is exposed no longer: the one for the cluster stays.": {
			apiExposedAs(corev1.ServiceTypeNodePort), func(w *world) { w.PeerNode.Spec.Network.API.Exposure = nil }, nil, []string{"alpha-api-ext"},
		},
		"The API is closed: both go.": {
			apiExposedAs(corev1.ServiceTypeNodePort), func(w *world) { w.PeerNode.Spec.Network.API = v1alpha1.PeerAPI{} },
			[]string{"ConfigMap alpha-config", "NetworkPolicy alpha", "StatefulSet alpha"}, []string{"alpha-api", "alpha-api", "alpha-api-ext"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := serving(t, c.spec)
			c.change(w)
			p := w.decide()
			if diff := cmp.Diff(c.apply, applied(p)); diff != "" {
				t.Errorf("applied (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.remove, deleted(p)); diff != "" {
				t.Errorf("deleted (-want +got):\n%s", diff)
			}
		})
	}
}

// While a pod is replaced nobody knows its node. To take the address back in between would be two writes for nothing, and
// the peers of the peer would forget where it is.
func TestTheAddressOfTheNodeOutlastsThePod(t *testing.T) {
	w := serving(t, onNode).opened("192.0.2.10")
	w.carryOut()
	w.PeerNode.Status = w.status()
	w.Pod = nil
	if p := w.decide(); len(p.Apply) > 0 {
		t.Errorf("a pod that goes has %v applied", applied(p))
	}
	if got := w.status().Endpoints.External; len(got) != 3 || got[0].Address != "192.0.2.10:30800" {
		t.Errorf("the endpoints are %v", got)
	}
}

func TestTheAgentIsToldWhereItIsReached(t *testing.T) {
	p := serving(t, balanced).given("203.0.113.7").decide()
	i := slices.IndexFunc(p.Workload.Files, func(f peer.File) bool { return f.Key == "announce.yaml" })
	if i < 0 || !strings.Contains(p.Workload.Files[i].Content, "- /ip4/203.0.113.7/udp/8002/quic-v1\n") {
		t.Errorf("the files are %v", p.Workload.Files)
	}
}
