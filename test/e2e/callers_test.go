// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	libp2phost "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"
	"github.com/multiformats/go-multiaddr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
)

const (
	// perSecond is how many handshakes are made with the peers of a fleet together.
	perSecond = 50
	// callersOf is how many callers share that, so that none of them exceeds what a peer takes of one.
	callersOf = 10
	// handshakeTimeout is far more than a handshake takes.
	handshakeTimeout = 5 * time.Second
	// told is how late a pod that stops or starts serving is reported.
	told = 3 * time.Second
)

// callers are hosts outside of the cluster whom a fleet lets in, and who shake hands with its peers all the time, each
// time over a new connection and with whoever the peer is accepted to be just then.
type callers struct {
	hosts    []libp2phost.Host
	accepted *acceptance
	ns       string

	mu           sync.Mutex
	made, missed int
	failures     []string
	// away is when the pod of a peer was last seen not to serve.
	away map[string]time.Time
}

// newCallers makes hosts and has them let in by a template.
func newCallers(t *testing.T) *callers {
	t.Helper()
	c := &callers{away: map[string]time.Time{}}
	for range callersOf {
		// By default a host takes no more than a few new connections with one address in a minute.
		h, err := libp2p.New(libp2p.NoListenAddrs, libp2p.ResourceManager(&network.NullResourceManager{}))
		must(t, err)
		t.Cleanup(func() { _ = h.Close() })
		c.hosts = append(c.hosts, h)
	}
	return c
}

// admitted lets the callers in.
func (c *callers) admitted(p *v1alpha1.PeerNode) {
	for _, h := range c.hosts {
		p.Spec.Software.P2PAgent.AllowedPeers = append(p.Spec.Software.P2PAgent.AllowedPeers, v1alpha1.PeerID(h.ID().String()))
	}
}

// call goes on until ctx ends: each caller calls each peer again and again, and all of them together are as many as
// perSecond, but for calls of a peer that is not there, which take longer.
func (c *callers) call(ctx context.Context, peers []string) {
	every := time.Duration(len(c.hosts)*len(peers)) * time.Second / perSecond
	var calling sync.WaitGroup
	for i, h := range c.hosts {
		for j, name := range peers {
			begin := time.After(time.Duration(i*len(peers)+j) * time.Second / perSecond)
			calling.Go(func() { again(ctx, begin, every, func() { c.once(ctx, h, name, &calling) }) })
		}
	}
	calling.Wait()
}

// again calls at some time next, and then at intervals until ctx ends.
func again(ctx context.Context, next <-chan time.Time, every time.Duration, call func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-next:
		}
		next = time.After(every)
		call()
	}
}

// once makes one handshake. What became of it is written down by and by, without holding up the next one.
func (c *callers) once(ctx context.Context, h libp2phost.Host, name string, later *sync.WaitGroup) {
	begun := time.Now()
	pod, err := c.pod(ctx, name)
	if err == nil {
		err = c.handshake(ctx, h, pod.Status.PodIP, c.accepted.of(name))
	}
	switch {
	case ctx.Err() != nil:
	case err == nil:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.made++
	default:
		later.Go(func() { c.explain(ctx, name, begun, err) })
	}
}

// explain tells a handshake that came to nothing because the peer was being replaced from one that failed.
func (c *callers) explain(ctx context.Context, name string, begun time.Time, err error) {
	replaced := c.wasAway(ctx, name, begun)
	c.mu.Lock()
	defer c.mu.Unlock()
	if replaced {
		c.missed++
		return
	}
	c.failures = append(c.failures, fmt.Sprintf("%s: %s: %v", begun.Format(time.TimeOnly), name, err))
}

func (c *callers) pod(ctx context.Context, name string) (*corev1.Pod, error) {
	pod := &corev1.Pod{}
	err := admin.Get(ctx, client.ObjectKey{Namespace: c.ns, Name: name + "-0"}, pod)
	if apierrors.IsNotFound(err) || err == nil && !serves(pod) {
		c.mu.Lock()
		c.away[name] = time.Now()
		c.mu.Unlock()
	}
	if err == nil && pod.Status.PodIP == "" {
		err = errors.New("the pod has no address")
	}
	return pod, err
}

// wasAway reports whether the pod of a peer did not serve at some time since a call began, or shortly before.
func (c *callers) wasAway(ctx context.Context, name string, begun time.Time) bool {
	for end := time.Now().Add(told); ; time.Sleep(100 * time.Millisecond) {
		_, _ = c.pod(ctx, name)
		c.mu.Lock()
		last := c.away[name]
		c.mu.Unlock()
		if last.After(begun.Add(-told)) {
			return true
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return false
		}
	}
}

func serves(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue && pod.DeletionTimestamp == nil
		}
	}
	return false
}

// handshake connects to a peer that has one of the IDs, and has it say who it is.
func (c *callers) handshake(ctx context.Context, h libp2phost.Host, address string, ids []string) error {
	ctx, cancel := context.WithTimeout(network.WithForceDirectDial(ctx, "handshake"), handshakeTimeout)
	defer cancel()
	addr, err := multiaddr.NewMultiaddr("/ip4/" + address + "/tcp/8000")
	if err != nil {
		return err
	}
	errs := []error{fmt.Errorf("nobody of %v is there", ids)}
	for _, text := range ids {
		id, err := peer.Decode(text)
		if err != nil {
			return err
		}
		if err = greet(ctx, h, peer.AddrInfo{ID: id, Addrs: []multiaddr.Multiaddr{addr}}); err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// greet connects anew and reads who the other one says it is, which it says to those alone whom it lets in.
func greet(ctx context.Context, h libp2phost.Host, info peer.AddrInfo) error {
	defer func() {
		_ = h.Network().ClosePeer(info.ID)
		h.Peerstore().RemovePeer(info.ID)
		h.Peerstore().ClearAddrs(info.ID)
	}()
	if err := h.Connect(ctx, info); err != nil {
		return err
	}
	stream, err := h.NewStream(ctx, info.ID, identify.ID)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Reset() }()
	_, err = stream.Read(make([]byte, 1))
	return err
}
