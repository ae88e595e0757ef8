// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/testenv"
)

// Users far away go on asking an API while attackers, from hundreds of addresses that are let in as theirs are, do what the
// guides warn of. All of it comes by a port of the node and past the policies of the cluster.
func TestAnEdgeUnderAttackServesItsUsersAndItsPeerStaysReady(t *testing.T) {
	n, ns := newOutsideNetwork(t), namespace(t)
	n.has(wayOut)
	n.hasAll(attackerRange)
	p, authority := public(t, ns, func(p *v1alpha1.PeerNode) {
		unhurried(p)
		p.Spec.Network.API.AllowFrom = []v1alpha1.NetworkPeer{block(outsideRange), block(attackerRange)}
		p.Spec.Network.API.Exposure = &v1alpha1.Exposure{Type: corev1.ServiceTypeNodePort}
	})
	awaitReason(t, p, v1alpha1.ConditionAPIExposed, v1alpha1.ReasonAddressFound)
	host, port := external(t, p, "https")
	door := net.JoinHostPort(host, port)
	pod := podOf(t, p)
	pods, err := testenv.FollowPods(t.Context(), config, ns, client.MatchingLabels{v1alpha1.LabelPeerNode: p.Name})
	must(t, err)
	defer pods.Stop()
	memory := followMemory(t, net.JoinHostPort(pod.Status.PodIP, "9095"))

	for i, c := range []struct {
		what  string
		abuse func(*attackers)
	}{
		{"10,000 handshakes that never end", func(a *attackers) { a.crowd(handshakeWithoutEnd) }},
		{"10,000 requests whose headers never end", func(a *attackers) { a.crowd(headersWithoutEnd) }},
		{"malformed TLS, bodies without end, slow requests and closed routes, 400 at a time", (*attackers).everything},
	} {
		u := newUsers(t, n.dialer(wayOut), door, "public-api."+ns+".svc", authority)
		u.begin()
		begun := time.Now()
		a := &attackers{T: t, network: n, subnet: i, door: door}
		c.abuse(a)
		time.Sleep(5 * time.Second) // What is open stays open, for as long as the edge lets it.
		a.leave()
		took := time.Since(begun)
		asked, failures := u.end()
		t.Logf("%s: %d connections in %s; users asked %d times meanwhile, %d failed; the edge has had %d MB",
			c.what, a.made.Load(), took.Round(time.Second), asked, len(failures), memory.most.Load()>>20)
		if len(failures)*100 > asked {
			t.Errorf("%s: requests of users failed: %v", c.what, failures[:min(5, len(failures))])
		}
		if least := took.Seconds() * usersPerSecond / 2; float64(asked) < least {
			t.Errorf("%s: users asked %d times in %s, which shows little", c.what, asked, took)
		}
		if a.made.Load() < crowdSize/2 && i < 2 {
			t.Errorf("%s: %d connections came about", c.what, a.made.Load())
		}
	}

	if pods.LeastReady() < 1 {
		t.Error("the peer was not ready all the time")
	}
	now := podOf(t, p)
	for _, s := range now.Status.ContainerStatuses {
		if s.RestartCount > 0 || now.UID != pod.UID {
			t.Errorf("container %s was restarted %d times: %+v", s.Name, s.RestartCount, s.LastTerminationState)
		}
	}
	seenFrom(t, p, wayOut)
}

// seenFrom fails unless the edge has seen requests come from an address.
func seenFrom(t *testing.T, p *v1alpha1.PeerNode, address string) {
	t.Helper()
	log, err := run("kubectl", "logs", "-n", p.Namespace, podOf(t, p).Name, "-c", "edge", "--tail=2000")
	must(t, err)
	if !strings.Contains(log, `"client":"`+address+`"`) {
		t.Errorf("the edge has not seen %s among its clients:\n%s", address, log[max(0, len(log)-1000):])
	}
}

// memory is the most resident memory, in bytes, that an edge was seen to have.
type memory struct{ most atomic.Int64 }

// followMemory looks at the metrics of an edge, at an address, until the test ends.
func followMemory(t *testing.T, address string) *memory {
	t.Helper()
	m := &memory{}
	ctx, end := context.WithCancel(t.Context())
	var looking sync.WaitGroup
	looking.Go(func() {
		for ctx.Err() == nil {
			if bytes, err := residentMemory(ctx, address); err == nil {
				m.most.Store(max(m.most.Load(), bytes))
			}
			time.Sleep(500 * time.Millisecond)
		}
	})
	t.Cleanup(func() { end(); looking.Wait() })
	return m
}

func residentMemory(ctx context.Context, address string) (int64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	for scanner := bufio.NewScanner(response.Body); scanner.Scan(); {
		if number, ok := strings.CutPrefix(scanner.Text(), "process_resident_memory_bytes "); ok {
			bytes, err := strconv.ParseFloat(number, 64)
			return int64(bytes), err
		}
	}
	return 0, errors.New("the edge does not say how much memory it has")
}
