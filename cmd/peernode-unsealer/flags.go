// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/pflag"
)

// envNamespace names the namespace in which the unsealer runs.
const envNamespace = "POD_NAMESPACE"

// flags are what the command line and the environment decide.
type flags struct {
	sealingKeys    string
	listen         string
	metricsAddress string
	probeAddress   string
	checkSource    bool
	namespace      string
	logLevel       slog.Level
}

func parseFlags(args []string, env func(string) string) (flags, error) {
	f := flags{namespace: env(envNamespace)}
	set := pflag.NewFlagSet("peernode-unsealer", pflag.ContinueOnError)
	set.StringVar(&f.sealingKeys, "sealing-keys", "/var/run/peernode/sealing", "folder with a folder for each sealing key, named by its number; read at start")
	set.StringVar(&f.listen, "listen", ":8443", "address on which peers ask")
	set.StringVar(&f.metricsAddress, "metrics-bind-address", ":8444", "address of the metrics endpoint; 0 turns it off")
	set.StringVar(&f.probeAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz; 0 turns them off")
	set.BoolVar(&f.checkSource, "check-source-address", true, "take requests from the pod's own addresses only; false where the network hides them")
	set.TextVar(&f.logLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
	if err := set.Parse(args); err != nil {
		return f, err
	}
	if set.NArg() > 0 {
		return f, fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	if f.namespace == "" {
		return f, errors.New("the environment has no " + envNamespace + ", the namespace of the unsealer; set it from metadata.namespace")
	}
	return f, nil
}
