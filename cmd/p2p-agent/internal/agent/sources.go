// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"errors"
	"fmt"
	"time"

	"github.com/peernode/operator/cmd/p2p-agent/internal/api"
	"github.com/peernode/operator/cmd/p2p-agent/internal/host"
	"github.com/peernode/operator/cmd/p2p-agent/internal/monitor"
	"github.com/peernode/operator/cmd/p2p-agent/internal/version"
)

// stuckAfter is how long the main loop may take on top of three intervals; a
// slow disk alone must not get the agent killed.
const stuckAfter = 30 * time.Second

func (a *Agent) sources() monitor.Sources {
	return monitor.Sources{
		Healthy: map[string]monitor.Check{"mainLoop": a.checkLoop},
		Ready: map[string]monitor.Check{
			"listeners": a.checkListeners,
			"storage":   a.store.Writable,
			"running":   a.checkRunning,
		},
		Identity: a.identity,
		Peers:    a.peers,
	}
}

func (a *Agent) checkLoop() error {
	if idle := time.Since(a.beats.LastTick()); idle > 3*a.options.HeartbeatInterval+stuckAfter {
		return fmt.Errorf("the main loop has not gone round for %s", idle.Round(time.Second))
	}
	return nil
}

func (a *Agent) checkListeners() error {
	if want, got := len(a.config.Network.Listen), len(a.host.Network().ListenAddresses()); got < want {
		return fmt.Errorf("%d of %d listeners are up", got, want)
	}
	return nil
}

func (a *Agent) checkRunning() error {
	if a.stopping.Load() {
		return errors.New("stopping")
	}
	return nil
}

func (a *Agent) identity() api.Identity {
	starts, sequence := a.store.Counters()
	id := api.Identity{
		PeerID: a.info.PeerID, PublicKey: a.info.PublicKey, KeyType: a.info.KeyType,
		Name: a.name, Version: version.Version, StartedAt: a.started,
		Starts: starts, Sequence: sequence, Addresses: []string{},
	}
	for _, addr := range a.host.Addrs() {
		id.Addresses = append(id.Addresses, addr.String())
	}
	return id
}

// peers joins what libp2p knows of the connections with what the heartbeats say.
func (a *Agent) peers() []api.Peer {
	peers := host.Connected(a.host)
	for i := range peers {
		p := &peers[i]
		if rtt, ok := a.beats.RTT(p.PeerID); ok {
			p.RTTMillis = new(float64(rtt.Microseconds()) / 1000)
		}
		if seen, ok := a.store.Last(p.PeerID); ok {
			p.Name, p.Sequence, p.LastHeartbeat = seen.Name, seen.Sequence, new(seen.Time)
		}
	}
	return peers
}
