// SPDX-License-Identifier: Apache-2.0

// Command peernode-operator is the manager: it reads its flags, limits its cache, starts the controllers and
// serves health and metrics.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	_ "time/tzdata" // the image holds nothing but the program

	"github.com/spf13/pflag"
	ctrl "sigs.k8s.io/controller-runtime"
)

// gcPercent trades a little CPU, of which an operator at rest uses none, for memory: garbage may grow to this share
// of what is in use before it is collected.
const gcPercent = 40

// limitGarbage leaves a GOGC that the user has set alone.
func limitGarbage() {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(gcPercent)
	}
}

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
	limitGarbage()
	if err := run(ctrl.SetupSignalHandler(), options); err != nil {
		log.Error(err, "the operator stops")
		os.Exit(1)
	}
}
