// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/x/rate"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	// connsPerPeer lets two agents dial each other on all three transports.
	connsPerPeer = 8
	// streamsPerPeer is far above identify and one heartbeat at a time.
	streamsPerPeer = 32
	memoryPerPeer  = 4 << 20
	baseMemory     = 64 << 20
)

// errRateLimited closes a stream whose peer is over its quota.
var errRateLimited = errors.New("rate limit exceeded")

// newResources bounds connections, streams and memory in proportion to
// maxPeers. libp2p's own scaling looks at the machine's memory, which in a pod
// is that of the node.
func newResources(maxPeers int, registry prometheus.Registerer) (network.ResourceManager, error) {
	rcmgr.MustRegisterWith(registry)
	conns := rcmgr.LimitVal(maxPeers * connsPerPeer)
	streams := rcmgr.LimitVal(maxPeers * streamsPerPeer)
	total := rcmgr.ResourceLimits{
		Conns: conns, ConnsInbound: conns, ConnsOutbound: conns, FD: conns,
		Streams: streams, StreamsInbound: streams, StreamsOutbound: streams,
		Memory: rcmgr.LimitVal64(baseMemory + maxPeers*memoryPerPeer),
	}
	perPeer := rcmgr.ResourceLimits{
		Conns: connsPerPeer, ConnsInbound: connsPerPeer, ConnsOutbound: connsPerPeer,
		Streams: streamsPerPeer, StreamsInbound: streamsPerPeer, StreamsOutbound: streamsPerPeer,
	}
	limits := rcmgr.PartialLimitConfig{System: total, PeerDefault: perPeer}.Build(rcmgr.DefaultLimits.Scale(baseMemory, int(conns)))
	manager, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(limits), perAddress(int(conns))...)
	if err != nil {
		return nil, fmt.Errorf("set up the resource limits: %w", err)
	}
	return manager, nil
}

// perAddress lets one IP address open as many connections as all peers may:
// behind a load balancer or a node's source NAT every peer has the same one.
// The defaults would admit eight, and one new one in five seconds.
func perAddress(conns int) []rcmgr.Option {
	subnet := func(bits int) rate.SubnetLimit {
		return rate.SubnetLimit{PrefixLength: bits, Limit: rate.Limit{RPS: float64(conns) / 10, Burst: conns}}
	}
	return []rcmgr.Option{
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: conns}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 56, ConnCount: conns}}),
		rcmgr.WithConnRateLimiters(&rate.Limiter{
			NetworkPrefixLimits: []rate.PrefixLimit{
				{Prefix: netip.MustParsePrefix("127.0.0.0/8")},
				{Prefix: netip.MustParsePrefix("::1/128")},
			},
			SubnetRateLimiter: rate.SubnetLimiter{
				IPv4SubnetLimits: []rate.SubnetLimit{subnet(32)},
				IPv6SubnetLimits: []rate.SubnetLimit{subnet(56)},
				GracePeriod:      time.Minute,
			},
		}),
	}
}

// meteredResources asks for leave before each stream that a remote opens. This
// is the one place that every protocol passes, identify included.
type meteredResources struct {
	network.ResourceManager
	allow func(peer.ID) bool
}

// OpenStream refuses inbound streams of peers over their quota.
func (m *meteredResources) OpenStream(p peer.ID, dir network.Direction) (network.StreamManagementScope, error) {
	if dir == network.DirInbound && !m.allow(p) {
		return nil, errRateLimited
	}
	return m.ResourceManager.OpenStream(p, dir)
}
