// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// identity is a route that the edge opens, and that the agent answers out of its memory.
const identity = "/api/v1/identity"

// noProxy is how the peer is called where others are measured before it.
const noProxy = "no proxy"

const agentDocument = `agent: {name: bench}
identity: {storage: {location: %[1]s/keys}}
network: {listen: [/ip4/127.0.0.1/tcp/0]}
storage: {path: %[1]s/data}
monitoring: {health: {listen: "%[2]s"}, metrics: {listen: "127.0.0.1:0"}}
`

// startPeer starts an agent without any other peers.
func (b *bed) startPeer(ctx context.Context) error {
	agent := filepath.Join(b.dir, "p2p-agent")
	out, err := command(ctx, agent, "identity", "generate", "--keys", filepath.Join(b.dir, "keys")).Output()
	if err != nil {
		return fmt.Errorf("generate its key: %w", err)
	}
	var made struct{ PeerID string }
	if err := json.Unmarshal(out, &made); err != nil {
		return fmt.Errorf("generate its key: %w", err)
	}
	b.id = []byte(made.PeerID)
	address, err := free()
	if err != nil {
		return err
	}
	document := filepath.Join(b.dir, "agent.yaml")
	if err := os.WriteFile(document, fmt.Appendf(nil, agentDocument, b.dir, address), 0o600); err != nil {
		return err
	}
	b.peer = &program{name: noProxy, url: "http://" + address}
	if err := b.run(b.peer, agent, "start", "--config", document); err != nil {
		return err
	}
	return b.begins(ctx, b.peer)
}
