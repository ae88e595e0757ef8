// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/testenv"
)

const (
	// wayOut is the outside as the node sees it.
	wayOut       = "198.51.100.2"
	outsideRange = "198.51.100.0/24"
	// balanced is the address that the test gives to the load balancer. kube-proxy leads it to the peer.
	balanced = "203.0.113.7"
)

// outer is a p2p-agent outside of the cluster.
type outer struct {
	*outsideNetwork

	dir, peerID string
	agent       *exec.Cmd
}

// newOuter makes the network and the key of the agent.
func newOuter(t *testing.T) *outer {
	t.Helper()
	o := &outer{outsideNetwork: newOutsideNetwork(t), dir: t.TempDir()}
	o.has(wayOut)
	out, err := run(agentProgram(), "identity", "generate", "--keys", filepath.Join(o.dir, "keys"))
	must(t, err)
	var identity struct{ PeerID string }
	must(t, json.Unmarshal([]byte(out), &identity))
	o.peerID = identity.PeerID
	t.Cleanup(o.stop)
	return o
}

func agentProgram() string { return filepath.Join(testenv.Root(), ".cache", "bin", "p2p-agent") }

// dials starts the agent anew, with one peer at one address.
func (o *outer) dials(p *v1alpha1.PeerNode, address string) {
	o.Helper()
	o.stop()
	config, err := json.Marshal(map[string]any{
		"agent":    map[string]any{"name": "outer"},
		"identity": map[string]any{"storage": map[string]any{"location": filepath.Join(o.dir, "keys")}},
		"storage":  map[string]any{"path": filepath.Join(o.dir, "data")},
		"peers": map[string]any{
			"allowed_peers": []string{p.Status.Identity.PeerID}, "bootstrap": []string{address + "/p2p/" + p.Status.Identity.PeerID},
		},
	})
	must(o.T, err)
	file := filepath.Join(o.dir, "agent.yaml")
	must(o.T, os.WriteFile(file, config, 0o600))
	start := o.inside(agentProgram(), "start", "--config", file)
	o.agent = exec.Command(start[0], start[1:]...)
	o.agent.Stderr = o.Output()
	must(o.T, o.agent.Start())
}

func (o *outer) stop() {
	if o.agent == nil {
		return
	}
	_ = o.agent.Process.Signal(os.Interrupt)
	_ = o.agent.Wait()
	o.agent = nil
}

// reaches fails unless the agent dials the peer at an address and gets through, and the peer sees from where it comes.
func (o *outer) reaches(p *v1alpha1.PeerNode, address, transport string) {
	o.Helper()
	o.dials(p, address)
	eventually(o.T, func() error {
		var answer struct {
			Peers []struct {
				PeerID, Direction, Transport string
				Addresses                    []string
			}
		}
		if err := ask(p, "/api/v1/peers", &answer); err != nil {
			return err
		}
		for _, peer := range answer.Peers {
			if peer.PeerID == o.peerID && peer.Direction == "inbound" && peer.Transport == transport && strings.HasPrefix(peer.Addresses[0], "/ip4/"+wayOut+"/") {
				return nil
			}
		}
		return fmt.Errorf("%s is connected to %+v, not to %s over %s from %s", p.Name, answer.Peers, o.peerID, transport, wayOut)
	})
}

// shut waits until a TCP port does not let the outside in.
func (o *outer) shut(host string, port int) {
	o.Helper()
	eventually(o.T, func() error {
		ctx, cancel := context.WithTimeout(o.Context(), 3*time.Second)
		defer cancel()
		connection, err := o.dialer(wayOut)(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			connection.Close()
			return errors.New("the outside still gets in")
		}
		return nil
	})
}

// announces waits until an agent says that it is reached at an address. The kubelet takes a minute or so.
func announces(t *testing.T, p *v1alpha1.PeerNode, address string) {
	t.Helper()
	eventually(t, func() error {
		var says struct{ Addresses []string }
		if err := ask(p, "/api/v1/identity", &says); err != nil {
			return err
		}
		if !slices.Contains(says.Addresses, address) {
			return fmt.Errorf("%s announces %v, not %s", p.Name, says.Addresses, address)
		}
		return nil
	})
}

// external is where the outside reaches a port, by the status: host and port.
func external(t *testing.T, p *v1alpha1.PeerNode, port string) (host, number string) {
	t.Helper()
	for _, e := range p.Status.Endpoints.External {
		if e.Name == port {
			host, number, _ = strings.Cut(e.Address, ":")
			return host, number
		}
	}
	t.Fatalf("%s is not reached at %s: %+v", p.Name, port, p.Status.Endpoints.External)
	return "", ""
}

// balance does what a controller of load balancers does: it gives a Service an address.
func balance(t *testing.T, ns, name string) *corev1.Service {
	t.Helper()
	service := &corev1.Service{}
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: name}, service))
	service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: balanced}}
	must(t, admin.Status().Update(t.Context(), service))
	return service
}

func TestAPeerIsReachedFromOutsideOfTheCluster(t *testing.T) {
	o := newOuter(t)
	allowed := func(from v1alpha1.CIDR, as corev1.ServiceType) func(*v1alpha1.PeerNode) {
		return func(p *v1alpha1.PeerNode) {
			p.Spec.Software.P2PAgent.AllowedPeers = []v1alpha1.PeerID{v1alpha1.PeerID(o.peerID)}
			p.Spec.Network.Peer = v1alpha1.PeerTraffic{AllowFrom: []v1alpha1.NetworkPeer{{IPBlock: &v1alpha1.IPBlock{CIDR: from}}}, Exposure: &v1alpha1.Exposure{Type: as}}
		}
	}
	p := agent(t, namespace(t), "alpha", allowed(outsideRange, corev1.ServiceTypeNodePort))
	awaitReady(t, p)
	awaitReason(t, p, v1alpha1.ConditionExposed, v1alpha1.ReasonAddressFound)
	pod := podOf(t, p)
	host, number := external(t, p, "p2p")
	o.reaches(p, "/ip4/"+host+"/tcp/"+number, "tcp")
	_, webSocket := external(t, p, "p2p-ws")
	o.reaches(p, "/ip4/"+host+"/tcp/"+webSocket+"/ws", "websocket")
	_, quic := external(t, p, "p2p-quic")
	o.reaches(p, "/ip4/"+host+"/udp/"+quic+"/quic-v1", "quic-v1")
	begun := time.Now()
	announces(t, p, "/ip4/"+host+"/udp/"+quic+"/quic-v1")
	t.Logf("the peer was at %s, and announced it %s after it was reached", host, time.Since(begun).Round(time.Second))

	edit(t, p, allowed(outsideRange, corev1.ServiceTypeLoadBalancer))
	awaitReason(t, p, v1alpha1.ConditionExposed, v1alpha1.ReasonWaitingForAddress)
	service := balance(t, p.Namespace, "alpha-peer")
	awaitReason(t, p, v1alpha1.ConditionExposed, v1alpha1.ReasonAddressFound)
	o.reaches(p, "/ip4/"+balanced+"/tcp/8000", "tcp")
	o.reaches(p, "/ip4/"+balanced+"/udp/8002/quic-v1", "quic-v1")
	announces(t, p, "/ip4/"+balanced+"/udp/8002/quic-v1")
	if now := podOf(t, p); now.UID != pod.UID || now.Status.ContainerStatuses[0].RestartCount > 0 {
		t.Error("the peer was restarted for another address")
	}

	// What a load balancer is told of allowFrom turns others away.
	edit(t, p, allowed("192.0.2.0/24", corev1.ServiceTypeLoadBalancer))
	o.shut(balanced, 8000)
	edit(t, p, allowed(outsideRange, corev1.ServiceTypeLoadBalancer))
	o.reaches(p, "/ip4/"+balanced+"/tcp/8000", "tcp")

	edit(t, p, func(p *v1alpha1.PeerNode) { p.Spec.Network = v1alpha1.PeerNetwork{} })
	gone(t, service)
	o.shut(balanced, 8000)
	awaitReady(t, p)
}
