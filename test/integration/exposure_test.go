// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/builders"
)

// cleanup is what controllers of load balancers hold a Service with until the cloud has given it up.
const cleanup = "service.kubernetes.io/load-balancer-cleanup"

// balance plays the controller of a cloud: it takes the Service of the peer protocol on and gives it addresses.
func (s *story) balance(addresses ...string) {
	s.Helper()
	s.balanceAs("alpha-peer", addresses...)
}

// balanceAs does so with a Service of a name.
func (s *story) balanceAs(name string, addresses ...string) {
	s.Helper()
	s.patch(name, &corev1.Service{}, `{"metadata":{"finalizers":["`+cleanup+`"]}}`)
	service := &corev1.Service{}
	s.is(name, service)
	service.Status.LoadBalancer.Ingress = nil
	for _, address := range addresses {
		service.Status.LoadBalancer.Ingress = append(service.Status.LoadBalancer.Ingress, corev1.LoadBalancerIngress{IP: address, IPMode: new(corev1.LoadBalancerIPModeVIP)})
	}
	s.must(env.Admin.Status().Update(s.Context(), service))
}

// release plays the same controller once the cloud has given the load balancer up.
func (s *story) release() {
	s.Helper()
	s.patch("alpha-peer", &corev1.Service{}, `{"metadata":{"finalizers":null}}`)
}

func (s *story) outer() *corev1.Service {
	s.Helper()
	service := &corev1.Service{}
	s.is("alpha-peer", service)
	return service
}

// runsOn plays the kubelet, which says at which address of its node a pod runs. Simulated ones do not.
func (s *story) runsOn(name, address string) {
	s.Helper()
	pod := &corev1.Pod{}
	s.is(name+"-0", pod)
	pod.Status.HostIP, pod.Status.HostIPs = address, []corev1.HostIP{{IP: address}}
	s.must(env.Admin.Status().Update(s.Context(), pod))
}

// exposes waits until the condition Exposed has a status and a reason.
func (s *story) exposes(p *v1alpha1.PeerNode, status metav1.ConditionStatus, reason string) metav1.Condition {
	s.Helper()
	return s.becomes(p, v1alpha1.ConditionExposed, status, reason)
}

// announces waits until the agent of a PeerNode is told these addresses.
func (s *story) announces(name string, want ...string) {
	s.Helper()
	s.eventually(func() error {
		config := &corev1.ConfigMap{}
		if err := s.get(name+"-config", config); err != nil {
			return err
		}
		var told struct{ Announce []string }
		if err := yaml.Unmarshal([]byte(config.Data["announce.yaml"]), &told); err != nil {
			return err
		}
		if diff := cmp.Diff(want, told.Announce, cmpopts.EquateEmpty()); diff != "" {
			return fmt.Errorf("announced (-want +got):\n%s", diff)
		}
		return nil
	})
}

// reached are the addresses in the status of a PeerNode.
func reached(p *v1alpha1.PeerNode) []string {
	var out []string
	for _, e := range p.Status.Endpoints.External {
		out = append(out, e.Name+" "+e.Address)
	}
	return out
}

func exposedAs(as corev1.ServiceType, change ...func(*v1alpha1.Exposure)) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		e := &v1alpha1.Exposure{Type: as}
		for _, c := range change {
			c(e)
		}
		p.Spec.Network.Peer = v1alpha1.PeerTraffic{Exposure: e, AllowFrom: []v1alpha1.NetworkPeer{{IPBlock: &v1alpha1.IPBlock{CIDR: "198.51.100.0/24"}}}}
	}
}

func ofClass(class string) func(*v1alpha1.Exposure) {
	return func(e *v1alpha1.Exposure) { e.LoadBalancerClass = class }
}

func withNodePort(name string, number int32) func(*v1alpha1.Exposure) {
	return func(e *v1alpha1.Exposure) {
		e.NodePorts = append(e.NodePorts, v1alpha1.ExposedPort{Name: name, Port: number})
	}
}

func TestALoadBalancerIsFoundAndToldWithoutARestart(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha", exposedAs(corev1.ServiceTypeLoadBalancer))
	s.exposes(p, metav1.ConditionFalse, v1alpha1.ReasonWaitingForAddress)
	service, pod := s.outer(), &corev1.Pod{}
	s.is("alpha-0", pod)
	if service.Spec.ExternalTrafficPolicy != corev1.ServiceExternalTrafficPolicyLocal || !slices.Equal(service.Spec.LoadBalancerSourceRanges, []string{"198.51.100.0/24"}) {
		t.Errorf("the Service is %+v", service.Spec)
	}

	s.balance("203.0.113.7")
	s.exposes(p, metav1.ConditionTrue, v1alpha1.ReasonAddressFound)
	want := []string{"p2p 203.0.113.7:8000", "p2p-ws 203.0.113.7:8001", "p2p-quic 203.0.113.7:8002"}
	if diff := cmp.Diff(want, reached(p)); diff != "" {
		t.Errorf("endpoints (-want +got):\n%s", diff)
	}
	s.announces("alpha", "/ip4/203.0.113.7/tcp/8000", "/ip4/203.0.113.7/tcp/8001/ws", "/ip4/203.0.113.7/udp/8002/quic-v1")

	s.balance("203.0.113.8")
	s.announces("alpha", "/ip4/203.0.113.8/tcp/8000", "/ip4/203.0.113.8/tcp/8001/ws", "/ip4/203.0.113.8/udp/8002/quic-v1")
	s.same("alpha-0", pod)
	s.settle(quiet)
	s.Run("at rest", func(t *testing.T) { (&story{T: t, ns: s.ns, log: s.log}).silent(pause) })
	s.Run("after a restart", func(t *testing.T) { (&story{T: t, ns: s.ns, log: s.log}).silentAfterRestart() })
}

func TestWhatSomebodyDoesToTheServiceOfTheOutsideIsSetRight(t *testing.T) {
	s := tell(t)
	s.serving("alpha", exposedAs(corev1.ServiceTypeLoadBalancer))
	s.balance("203.0.113.7")
	before := s.outer()
	for _, patch := range []string{
		`{"spec":{"externalTrafficPolicy":"Cluster"}}`, `{"spec":{"loadBalancerSourceRanges":["0.0.0.0/0"]}}`, `{"spec":{"selector":{"peernode.dev/peernode":"mallory"}}}`,
		`{"metadata":{"ownerReferences":null}}`,
	} {
		s.patch("alpha-peer", &corev1.Service{}, patch)
		s.eventually(func() error {
			now := s.outer()
			if len(now.OwnerReferences) != 1 || !cmp.Equal(before.Spec.LoadBalancerSourceRanges, now.Spec.LoadBalancerSourceRanges) ||
				!cmp.Equal(before.Spec.Selector, now.Spec.Selector) || now.Spec.ExternalTrafficPolicy != corev1.ServiceExternalTrafficPolicyLocal {
				return fmt.Errorf("after %s it is still %+v", patch, now.Spec)
			}
			return nil
		})
	}
	now := s.outer()
	if diff := cmp.Diff(before.Spec.Ports, now.Spec.Ports); diff != "" || now.Spec.ClusterIP != before.Spec.ClusterIP || len(now.Status.LoadBalancer.Ingress) != 1 || len(now.Finalizers) != 1 {
		t.Errorf("what the cluster and the cloud chose has changed: %+v\n%s", now, diff)
	}
	// What others add is theirs.
	s.patch("alpha-peer", &corev1.Service{}, `{"metadata":{"annotations":{"example.com/allotted":"pool-1"}},"spec":{"sessionAffinity":"ClientIP"}}`)
	s.settle(quiet)
	s.silent(pause)
}

func TestANodePortIsThatOfTheNodeOfThePod(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha", exposedAs(corev1.ServiceTypeNodePort))
	s.exposes(p, metav1.ConditionFalse, v1alpha1.ReasonWaitingForPod)
	s.runsOn("alpha", "192.0.2.10")
	s.exposes(p, metav1.ConditionTrue, v1alpha1.ReasonAddressFound)
	pod, service := &corev1.Pod{}, s.outer()
	s.is("alpha-0", pod)
	for i, e := range p.Status.Endpoints.External {
		want := netip.AddrPortFrom(netip.MustParseAddr("192.0.2.10"), uint16(service.Spec.Ports[i].NodePort))
		if e.Address != want.String() || e.Source != v1alpha1.AddressOfNode || service.Spec.Ports[i].NodePort == 0 {
			t.Errorf("%s is reached at %+v, want %s", e.Name, e, want)
		}
	}

	// From one type to another the Service stays, and so do the ports of the nodes.
	s.edit(p, exposedAs(corev1.ServiceTypeLoadBalancer))
	s.exposes(p, metav1.ConditionFalse, v1alpha1.ReasonWaitingForAddress)
	s.balance("203.0.113.7")
	s.exposes(p, metav1.ConditionTrue, v1alpha1.ReasonAddressFound)
	s.edit(p, exposedAs(corev1.ServiceTypeNodePort))
	s.eventually(func() error {
		s.exposes(p, metav1.ConditionTrue, v1alpha1.ReasonAddressFound)
		if e := p.Status.Endpoints.External[0]; e.Source != v1alpha1.AddressOfNode {
			return fmt.Errorf("it is still reached at %+v", e)
		}
		return nil
	})
	s.same("alpha-peer", service)
	s.same("alpha-0", pod)
	if now := s.outer(); !cmp.Equal(service.Spec.Ports, now.Spec.Ports) || len(now.Spec.LoadBalancerSourceRanges) > 0 {
		t.Errorf("the Service is %+v", now.Spec)
	}
}

// A cloud may take minutes to give a load balancer up, or never do it: nothing else of the peer waits for it.
func TestALoadBalancerThatGoesSlowlyHoldsUpNothingElse(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha", exposedAs(corev1.ServiceTypeLoadBalancer, ofClass("example.com/a")))
	s.balance("203.0.113.7")
	s.exposes(p, metav1.ConditionTrue, v1alpha1.ReasonAddressFound)
	before := s.outer()

	s.edit(p, exposedAs(corev1.ServiceTypeLoadBalancer, ofClass("example.com/b")))
	if c := s.exposes(p, metav1.ConditionFalse, v1alpha1.ReasonWaitingForServiceGone); !strings.Contains(c.Message, cleanup) {
		t.Errorf("the condition says %q", c.Message)
	}
	s.announces("alpha")
	s.edit(p, builders.WithImage(otherImage))
	s.serves(p)
	s.exposes(p, metav1.ConditionFalse, v1alpha1.ReasonWaitingForServiceGone)
	s.settle(pause)
	s.silent(pause)

	s.release()
	s.exposes(p, metav1.ConditionFalse, v1alpha1.ReasonWaitingForAddress)
	after := s.outer()
	if after.UID == before.UID || after.Spec.LoadBalancerClass == nil || *after.Spec.LoadBalancerClass != "example.com/b" {
		t.Errorf("the Service is %+v", after)
	}

	s.balance("203.0.113.8")
	s.edit(p, func(p *v1alpha1.PeerNode) { p.Spec.Network = v1alpha1.PeerNetwork{} })
	s.eventually(func() error {
		if service := s.outer(); service.DeletionTimestamp == nil {
			return errors.New("the Service of a peer that is exposed no longer stays")
		}
		return nil
	})
	s.release()
	s.gone("alpha-peer", &corev1.Service{})
	s.serves(p)
	config := &corev1.ConfigMap{}
	s.is("alpha-config", config)
	if _, there := config.Data["announce.yaml"]; there || len(p.Status.Endpoints.External) > 0 {
		t.Errorf("the agent is told %v, the status says %v", config.Data, p.Status.Endpoints)
	}
}

func TestAPortOfTheNodesThatIsTakenIsSaid(t *testing.T) {
	s := tell(t)
	s.serving("alpha", exposedAs(corev1.ServiceTypeNodePort, withNodePort("p2p", 31999)))
	beta := s.create("beta", exposedAs(corev1.ServiceTypeNodePort, withNodePort("p2p", 31999)))
	if c := s.becomes(beta, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonObjectRefused); !strings.Contains(c.Message, "beta-peer") || !strings.Contains(c.Message, "nodePort") {
		t.Errorf("the condition says %q", c.Message)
	}
	s.becomes(beta, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonServing)
	s.runsOn("beta", "192.0.2.10")
	s.edit(beta, exposedAs(corev1.ServiceTypeNodePort, withNodePort("p2p", 31998)))
	s.serves(beta)
	s.exposes(beta, metav1.ConditionTrue, v1alpha1.ReasonAddressFound)
}

func TestEachPeerOfAFleetIsExposedByItself(t *testing.T) {
	s := tell(t)
	f := s.fleet(2, builders.Template(exposedAs(corev1.ServiceTypeNodePort)))
	ports := map[int32]bool{}
	for name, p := range s.peersOf(f) {
		s.runsOn(name, "192.0.2.10")
		s.exposes(&p, metav1.ConditionTrue, v1alpha1.ReasonAddressFound)
		service := &corev1.Service{}
		s.is(name+"-peer", service)
		var want []string
		for i, transport := range []string{"/tcp/%d", "/tcp/%d/ws", "/udp/%d/quic-v1"} {
			ports[service.Spec.Ports[i].NodePort] = true
			want = append(want, "/ip4/192.0.2.10"+fmt.Sprintf(transport, service.Spec.Ports[i].NodePort))
		}
		s.announces(name, want...)
	}
	if len(ports) != 6 {
		t.Errorf("two peers have the ports %v", ports)
	}
	shared := &corev1.ConfigMap{}
	s.is("relay-fleet", shared)
	if _, there := shared.Data["announce.yaml"]; there {
		t.Errorf("the addresses of one peer are told to all: %v", shared.Data)
	}
	s.settle(quiet)
	s.silent(pause)
}

func TestAnAPIIsExposedBesideItsServiceForTheCluster(t *testing.T) {
	s := tell(t)
	open := func(as corev1.ServiceType) func(*v1alpha1.PeerNode) {
		return func(p *v1alpha1.PeerNode) {
			builders.API(p)
			p.Spec.Network.API.AllowFrom = []v1alpha1.NetworkPeer{{IPBlock: &v1alpha1.IPBlock{CIDR: "198.51.100.0/24"}}}
			p.Spec.Network.API.Exposure = &v1alpha1.Exposure{Type: as}
		}
	}
	p := s.serving("alpha", exposedAs(corev1.ServiceTypeNodePort), open(corev1.ServiceTypeLoadBalancer))
	s.becomes(p, v1alpha1.ConditionAPIExposed, metav1.ConditionFalse, v1alpha1.ReasonWaitingForAddress)
	inner, pod := s.again("alpha-api", &corev1.Service{}), s.again("alpha-0", &corev1.Pod{})
	s.balanceAs("alpha-api-ext", "203.0.113.7")
	s.becomes(p, v1alpha1.ConditionAPIExposed, metav1.ConditionTrue, v1alpha1.ReasonAddressFound)
	if got := reached(p); len(got) != 1 || got[0] != "https 203.0.113.7:443" {
		t.Errorf("it is reached at %v", got)
	}
	s.runsOn("alpha", "192.0.2.10")
	s.exposes(p, metav1.ConditionTrue, v1alpha1.ReasonAddressFound)
	if got := reached(p); len(got) != 4 || got[3] != "https 203.0.113.7:443" {
		t.Errorf("it is reached at %v", got)
	}
	s.settle(quiet)
	s.silent(pause)

	// What nobody asks for any more goes, as soon as the cloud lets go of it; users in the cluster do not notice.
	s.edit(p, func(p *v1alpha1.PeerNode) { p.Spec.Network.API.Exposure = nil })
	s.patch("alpha-api-ext", &corev1.Service{}, `{"metadata":{"finalizers":null}}`)
	s.gone("alpha-api-ext", &corev1.Service{})
	s.same("alpha-api", inner)
	s.same("alpha-0", pod)
}

func TestTheSampleOfAPeerThatIsExposedIsOne(t *testing.T) {
	s := tell(t)
	for _, o := range documents(t, "config/samples/p2pagent-exposed.yaml", "namespace: peers", "namespace: "+s.ns) {
		s.must(env.Admin.Create(s.Context(), o, strict))
	}
	p := &v1alpha1.PeerNode{}
	s.is("exposed", p)
	s.serves(p)
	s.exposes(p, metav1.ConditionTrue, v1alpha1.ReasonAddressFound)
	if got := reached(p); len(got) != 3 || got[0] != "p2p peer.example.com:30900" {
		t.Errorf("it is reached at %v", got)
	}
}
