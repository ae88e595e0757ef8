// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"

	"github.com/peernode/operator/cmd/p2p-agent/internal/gate"
	"github.com/peernode/operator/cmd/p2p-agent/internal/heartbeat"
	"github.com/peernode/operator/cmd/p2p-agent/internal/host"
	"github.com/peernode/operator/cmd/p2p-agent/internal/version"
)

func (a *Agent) gateConfig() gate.Config {
	ddos := a.config.Security.DDoS
	return gate.Config{
		Trust:    gate.Trust(a.config.Peers.TrustLevel),
		MaxPeers: a.config.Network.MaxPeers,
		Observer: observer{a},
		Limits: gate.Limits{
			Enabled: ddos.Enabled, PerMinute: ddos.RateLimit,
			Burst: ddos.BurstLimit, BanFor: ddos.BlacklistDuration,
		},
	}
}

func (a *Agent) hostConfig(key crypto.PrivKey) host.Config {
	return host.Config{
		Key: key, Listen: a.config.Network.Listen, Announced: a.announced, MaxPeers: a.config.Network.MaxPeers,
		Encryption: a.config.Security.Communication.Encryption,
		UserAgent:  "p2p-agent/" + version.Version,
		Gater:      a.gate, AllowRequest: a.gate.AllowRequest,
		HandshakeFailed: a.handshakeFailed, Registry: a.metrics.Registry,
	}
}

func (a *Agent) heartbeatConfig(key crypto.PrivKey) heartbeat.Config {
	return heartbeat.Config{
		Host: a.host, Key: key, Name: a.name, Store: a.store,
		Interval: a.options.HeartbeatInterval,
		MaxAge:   time.Duration(a.config.Security.Messages.MaxAge) * time.Second,
		Observer: observer{a}, Log: a.log,
	}
}
