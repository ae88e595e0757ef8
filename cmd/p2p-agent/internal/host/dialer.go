// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	libp2phost "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/multiformats/go-multiaddr"
)

const (
	dialTimeout = 10 * time.Second
	minBackoff  = 500 * time.Millisecond
	maxBackoff  = 15 * time.Second
	// settled is how long a connection must hold before its loss is met with a
	// quick redial. A peer that refuses us closes the connection right after
	// the handshake, which looks like success from here.
	settled = 10 * time.Second
	// lookEvery is how often a connection is looked at.
	lookEvery = 500 * time.Millisecond
)

// Dialer keeps a connection to each of the peers it is given, forever.
type Dialer struct {
	host            libp2phost.Host
	permits         func(peer.ID) bool
	handshakeFailed func(error)
	log             *slog.Logger

	wg    sync.WaitGroup
	kept  map[peer.ID]keeper
	keptL sync.Mutex
}

type keeper struct {
	addrs  []multiaddr.Multiaddr
	cancel context.CancelFunc
}

// NewDialer returns a dialer without peers. Peers that permits refuses are waited
// for, not dialled.
func NewDialer(h libp2phost.Host, permits func(peer.ID) bool, handshakeFailed func(error), log *slog.Logger) *Dialer {
	return &Dialer{host: h, permits: permits, handshakeFailed: handshakeFailed, log: log, kept: map[peer.ID]keeper{}}
}

// Set replaces the peers. New ones are dialled at once and kept until
// ctx ends; connections to removed ones stay until somebody closes them.
func (d *Dialer) Set(ctx context.Context, peers map[peer.ID][]multiaddr.Multiaddr) {
	d.keptL.Lock()
	defer d.keptL.Unlock()
	for p, k := range d.kept {
		if !slices.EqualFunc(k.addrs, peers[p], multiaddr.Multiaddr.Equal) {
			k.cancel()
			delete(d.kept, p)
		}
	}
	for p, addrs := range peers {
		if _, ok := d.kept[p]; ok {
			continue
		}
		kept, cancel := context.WithCancel(ctx)
		d.kept[p] = keeper{addrs: addrs, cancel: cancel}
		d.wg.Go(func() { d.keep(kept, peer.AddrInfo{ID: p, Addrs: addrs}) })
	}
}

// Wait returns when the work has ended, after the contexts given to Set.
func (d *Dialer) Wait() { d.wg.Wait() }

func (d *Dialer) keep(ctx context.Context, info peer.AddrInfo) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = minBackoff, maxBackoff
	var connected time.Time
	for ctx.Err() == nil {
		wait := lookEvery
		switch {
		case d.host.Network().Connectedness(info.ID) == network.Connected:
			if connected.IsZero() {
				connected = time.Now()
			}
			if time.Since(connected) > settled {
				pause.Reset()
			}
		case d.permits(info.ID):
			connected = time.Time{}
			d.dial(ctx, info)
			wait = pause.NextBackOff()
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// dial uses the declared addresses only, resolved anew. What libp2p remembers
// may be the address of a pod that is gone and belong to another peer by now.
func (d *Dialer) dial(ctx context.Context, info peer.AddrInfo) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if sw, ok := d.host.Network().(*swarm.Swarm); ok {
		sw.Backoff().Clear(info.ID) // the pause is ours; libp2p's grows to minutes
	}
	d.host.Peerstore().ClearAddrs(info.ID)
	d.host.Peerstore().AddAddrs(info.ID, info.Addrs, peerstore.TempAddrTTL)
	if _, err := d.host.Network().DialPeer(ctx, info.ID); err != nil {
		if failed := quicHandshakeError(err); failed != nil {
			d.handshakeFailed(failed)
		}
		d.log.Info("cannot reach peer, will try again", "peer", info.ID, "addresses", info.Addrs, "error", err)
	}
}
