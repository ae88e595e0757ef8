// SPDX-License-Identifier: Apache-2.0

// Command peer-companion is what works beside peers, outside the operator. It makes their keys, seals them into
// envelopes, opens those again for who holds a recovery key, and puts copies of them into buckets (docs/keys.md); and it
// serves their API to the outside (docs/edge.md); and it shows whether NetworkPolicies are enforced (docs/network-policies.md).
package main

import (
	"os"

	// The image holds this program and nothing else, so no certificates of public authorities. These are Mozilla's, for
	// stores that one of them vouches for, and count only where the system has none.
	_ "golang.org/x/crypto/x509roots/fallback"

	"github.com/peernode/operator/cmd/peer-companion/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
