// SPDX-License-Identifier: Apache-2.0

// Package api holds the JSON of the agent's HTTP API, shared by the server and
// the command that reads it.
package api

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Paths of the HTTP API, part of the p2p-agent contract.
const (
	HealthPath   = "/healthz"
	ReadyPath    = "/readyz"
	IdentityPath = "/api/v1/identity"
	PeersPath    = "/api/v1/peers"
	MetricsPath  = "/metrics"
)

// Identity is the body of /api/v1/identity.
type Identity struct {
	PeerID    peer.ID   `json:"peerID"`
	PublicKey string    `json:"publicKey"`
	KeyType   string    `json:"keyType"`
	Name      string    `json:"name"`
	Version   string    `json:"version"`
	Addresses []string  `json:"addresses"`
	StartedAt time.Time `json:"startedAt"`
	// Starts and Sequence are kept in storage.path and only ever grow.
	Starts   uint64 `json:"starts"`
	Sequence uint64 `json:"sequence"`
}

// Peer is one connected peer.
type Peer struct {
	PeerID         peer.ID   `json:"peerID"`
	Addresses      []string  `json:"addresses"`
	Direction      string    `json:"direction"`
	Transport      string    `json:"transport"`
	ConnectedSince time.Time `json:"connectedSince"`
	// RTTMillis is the round trip of the last heartbeat that was answered.
	RTTMillis *float64 `json:"rttMillis,omitempty"`
	// Name, Sequence and LastHeartbeat are those of the peer's last valid one.
	Name          string     `json:"name,omitempty"`
	Sequence      uint64     `json:"sequence,omitempty"`
	LastHeartbeat *time.Time `json:"lastHeartbeat,omitempty"`
}

// PeerList is the body of /api/v1/peers.
type PeerList struct {
	Peers []Peer `json:"peers"`
}

// Health is the body of /healthz and /readyz.
type Health struct {
	// Status is ok or failing.
	Status string `json:"status"`
	// Checks holds ok or the reason of the failure, by check.
	Checks map[string]string `json:"checks"`
}
