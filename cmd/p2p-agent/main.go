// SPDX-License-Identifier: Apache-2.0

// Command p2p-agent is the reference implementation of the p2p-agent contract
// (docs/p2p-agent-contract.md): a small libp2p peer that honours every field it
// accepts and refuses every field it cannot honour.
package main

import (
	"os"

	"github.com/peernode/operator/cmd/p2p-agent/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr))
}
