// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"slices"

	"github.com/multiformats/go-multiaddr"

	"github.com/peernode/operator/cmd/p2p-agent/internal/announce"
	"github.com/peernode/operator/cmd/p2p-agent/internal/follow"
	"github.com/peernode/operator/cmd/p2p-agent/internal/peerlist"
)

// follow reads the live files of the configuration until ctx ends.
func (a *Agent) follow(ctx context.Context) {
	for _, f := range []follow.File{
		{What: "peer list", Path: a.config.Peers.File, Load: func(data []byte) error { return a.loadList(ctx, data) }},
		{What: "announced addresses", Path: a.config.Network.AnnounceFile, Load: a.loadAnnounced},
	} {
		if f.Path == "" {
			continue
		}
		f.Poll, f.Log, f.OnFailure = a.options.PollInterval, a.log, a.metrics.ReloadFailures.Inc
		a.wg.Go(func() { f.Run(ctx) })
	}
}

func (a *Agent) loadList(ctx context.Context, data []byte) error {
	list, err := peerlist.Parse(data)
	if err != nil {
		return err
	}
	a.log.Info("peer list loaded", "path", a.config.Peers.File,
		"allowed", len(list.Allowed), "bootstrap", len(list.Bootstrap), "siblings", len(list.Siblings), "fleets", len(list.Fleets))
	a.applyList(ctx, list)
	return nil
}

// loadAnnounced needs to tell nobody: libp2p asks for the addresses every few
// seconds, and tells connected peers of a change.
func (a *Agent) loadAnnounced(data []byte) error {
	addresses, err := announce.Parse(data)
	if err != nil {
		return err
	}
	a.log.Info("announced addresses loaded", "path", a.config.Network.AnnounceFile, "addresses", addresses)
	a.announcedNow.Store(&addresses)
	return nil
}

func (a *Agent) announced() []multiaddr.Multiaddr {
	if now := a.announcedNow.Load(); now != nil {
		return slices.Concat(a.announcedAlways, *now)
	}
	return a.announcedAlways
}
