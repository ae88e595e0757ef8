// SPDX-License-Identifier: Apache-2.0

// Command peernode-operator is the manager: it reads its flags, limits its cache, starts the controllers and
// serves health and metrics.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"
	ctrl "sigs.k8s.io/controller-runtime"
)

func main() {
	options, err := parseFlags(os.Args[1:])
	if errors.Is(err, pflag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peernode-operator:", err)
		os.Exit(2)
	}
	log := newLogger(options.logLevel)
	ctrl.SetLogger(log)
	if err := run(ctrl.SetupSignalHandler(), options); err != nil {
		log.Error(err, "the operator stops")
		os.Exit(1)
	}
}
