// SPDX-License-Identifier: Apache-2.0

// Command peernode-unsealer holds the sealing key of a cluster and hands peers that start their keys, each to one init
// container of one pod (docs/unsealer.md).
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
	options, err := parseFlags(os.Args[1:], os.Getenv)
	if errors.Is(err, pflag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peernode-unsealer:", err)
		os.Exit(2)
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: options.logLevel}))
	ctrl.SetLogger(logr.FromSlogHandler(log.Handler()))
	if err := run(ctrl.SetupSignalHandler(), options, log); err != nil {
		log.Error("the unsealer stops", "error", err.Error())
		os.Exit(1)
	}
}
