// SPDX-License-Identifier: Apache-2.0

// Command peernode-janitor deletes the Secrets of revoked keys that PeerNodes do not keep (docs/rotation.md). It is the one
// program that may.
package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
	ctrl "sigs.k8s.io/controller-runtime"
)

func main() {
	options, err := parseFlags(os.Args[1:])
	if errors.Is(err, pflag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peernode-janitor:", err)
		os.Exit(2)
	}
	log := logr.FromSlogHandler(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: options.logLevel}))
	ctrl.SetLogger(log)
	if err := run(ctrl.SetupSignalHandler(), options); err != nil {
		log.Error(err, "the janitor stops")
		os.Exit(1)
	}
}
