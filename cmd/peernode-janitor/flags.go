// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/pflag"
)

// flags are what the command line decides.
type flags struct {
	namespaces   []string
	probeAddress string
	logLevel     slog.Level
}

func parseFlags(args []string) (flags, error) {
	var f flags
	set := pflag.NewFlagSet("peernode-janitor", pflag.ContinueOnError)
	set.StringSliceVar(&f.namespaces, "namespaces", nil, "namespaces to work in; all when empty")
	set.StringVar(&f.probeAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz; 0 turns them off")
	set.TextVar(&f.logLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
	if err := set.Parse(args); err != nil {
		return f, err
	}
	if set.NArg() > 0 {
		return f, fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	for _, namespace := range f.namespaces {
		if strings.TrimSpace(namespace) == "" {
			return f, errors.New("--namespaces: contains an empty name")
		}
	}
	return f, nil
}
