// SPDX-License-Identifier: Apache-2.0

// Command peer-companion works with the keys of peers outside the operator: it makes them, seals them into envelopes,
// and opens those again for who holds a recovery key (docs/keys.md).
package main

import (
	"os"

	"github.com/peernode/operator/cmd/peer-companion/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
