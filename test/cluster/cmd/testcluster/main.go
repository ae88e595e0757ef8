// SPDX-License-Identifier: Apache-2.0

// Command testcluster builds, starts and stops the project's own Kubernetes for tests and demos.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sort"
	"syscall"
)

const usage = `testcluster runs a Kubernetes of its own, built from source.

    testcluster build [--control-plane-only] [--install]    build all programs into the repository's cache
    testcluster up [--name NAME] [--install]                start a full node (root, Linux) and return
    testcluster down [--name NAME]                          stop it and remove all it left
    testcluster status [--name NAME]                        say which programs run
    testcluster env [--name NAME]                           print KUBECONFIG and PATH for the shell: eval "$(testcluster env)"
    testcluster load-image --tag NAME:TAG [--name NAME] BINARY...
                                                            make an image of static programs, the first of which is its
                                                            entrypoint, and give it to the node
    testcluster control-plane [--nodes N] [--cert-manager]  run a control plane alone until interrupted (no root)

"testcluster COMMAND --help" lists all flags of a command.
`

// commands are the subcommands; each parses its own flags.
var commands = map[string]func(context.Context, *flag.FlagSet, []string) error{
	"build":         build,
	"up":            up,
	"down":          down,
	"status":        status,
	"env":           env,
	"load-image":    loadImage,
	"control-plane": controlPlane,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := dispatch(ctx, os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "testcluster:", err)
		stop()
		os.Exit(1)
	}
}

// dispatch runs the named subcommand.
func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		fmt.Print(usage)
		return nil
	}
	command, ok := commands[args[0]]
	if !ok {
		names := make([]string, 0, len(commands))
		for name := range commands {
			names = append(names, name)
		}
		sort.Strings(names)
		return fmt.Errorf("unknown command %q: want one of %v", args[0], names)
	}
	return command(ctx, flag.NewFlagSet("testcluster "+args[0], flag.ContinueOnError), args[1:])
}
