// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/peernode/operator/test/cluster"
)

func build(ctx context.Context, flags *flag.FlagSet, args []string) error {
	controlPlaneOnly := flags.Bool("control-plane-only", false, "leave the programs of the full node out")
	install := flags.Bool("install", false, "install missing Debian packages")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if !*controlPlaneOnly {
		if err := cluster.CheckPackages(ctx, cluster.NodeOptions{Install: *install}); err != nil {
			return err
		}
	}
	bin, err := cluster.Build(ctx, !*controlPlaneOnly, os.Stderr)
	if err != nil {
		return err
	}
	fmt.Println(bin)
	return nil
}

// nodeFlags are the flags of all commands that mean a full node.
func nodeFlags(flags *flag.FlagSet) *cluster.NodeOptions {
	opts := &cluster.NodeOptions{Progress: os.Stderr}
	flags.StringVar(&opts.Name, "name", "default", "name of the cluster")
	return opts
}

func up(ctx context.Context, flags *flag.FlagSet, args []string) error {
	opts := nodeFlags(flags)
	flags.BoolVar(&opts.Install, "install", false, "install missing Debian packages")
	if err := flags.Parse(args); err != nil {
		return err
	}
	node, err := cluster.Up(ctx, *opts)
	if err != nil {
		return err
	}
	printEnv(node)
	return nil
}

func down(ctx context.Context, flags *flag.FlagSet, args []string) error {
	opts := nodeFlags(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	return cluster.Down(ctx, *opts)
}

func status(ctx context.Context, flags *flag.FlagSet, args []string) error {
	node, err := attach(flags, args)
	if err != nil {
		return err
	}
	programs, err := node.Status(ctx)
	if err != nil {
		return err
	}
	var ended []string
	for _, p := range programs {
		state := "running"
		if !p.Running {
			state, ended = "ENDED", append(ended, p.Name)
		}
		fmt.Printf("%-26s %-8s %8d  %s\n", p.Name, state, p.PID, p.Log)
	}
	if len(ended) > 0 {
		return errors.New("not running: " + strings.Join(ended, ", "))
	}
	return nil
}

func env(_ context.Context, flags *flag.FlagSet, args []string) error {
	node, err := attach(flags, args)
	if err != nil {
		return err
	}
	printEnv(node)
	return nil
}

func printEnv(node *cluster.FullNode) {
	fmt.Printf("export KUBECONFIG=%q PATH=%q:\"$PATH\"\n", node.Kubeconfig(), node.BinDir())
}

// attach parses the flags and opens the cluster they name.
func attach(flags *flag.FlagSet, args []string) (*cluster.FullNode, error) {
	opts := nodeFlags(flags)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	return cluster.Attach(*opts)
}

func loadImage(ctx context.Context, flags *flag.FlagSet, args []string) error {
	opts := nodeFlags(flags)
	tag := flags.String("tag", "", "repository and tag, such as registry.peernode.dev/p2p-agent:dev")
	user := flags.String("user", "", "numeric UID:GID (default 65532:65532)")
	entrypoint := flags.String("entrypoint", "", "program to run (default: the first one)")
	files := fileFlag{}
	flags.Var(files, "file", "a further file as PATH-IN-IMAGE=PATH-HERE; may be repeated")
	if err := flags.Parse(args); err != nil {
		return err
	}
	spec := cluster.ImageSpec{Name: *tag, Binaries: flags.Args(), Files: files, User: *user}
	if *entrypoint != "" {
		spec.Entrypoint = []string{path.Clean("/" + *entrypoint)}
	}
	node, err := cluster.Attach(*opts)
	if err != nil {
		return err
	}
	image, err := cluster.BuildImage(spec)
	if err != nil {
		return err
	}
	if err := node.LoadImage(ctx, image); err != nil {
		return err
	}
	fmt.Println(image.Reference())
	return nil
}

// fileFlag collects files for an image.
type fileFlag map[string]string

// String is part of flag.Value.
func (f fileFlag) String() string { return "" }

// Set adds one file.
func (f fileFlag) Set(value string) error {
	target, source, ok := strings.Cut(value, "=")
	if !ok {
		return errors.New("want PATH-IN-IMAGE=PATH-HERE")
	}
	f[target] = source
	return nil
}

func controlPlane(ctx context.Context, flags *flag.FlagSet, args []string) error {
	opts := cluster.ControlPlaneOptions{}
	flags.IntVar(&opts.SimulatedNodes, "nodes", 0, "number of simulated nodes; any makes the scheduler run too")
	flags.BoolVar(&opts.Scheduler, "scheduler", false, "run the scheduler")
	flags.BoolVar(&opts.CertManager, "cert-manager", false, "run cert-manager")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cp, err := cluster.StartControlPlane(ctx, opts)
	if err != nil {
		return err
	}
	fmt.Printf("export KUBECONFIG=%q PATH=%q:\"$PATH\"\n", cp.Kubeconfig(), cp.BinDir())
	fmt.Fprintln(os.Stderr, "the control plane runs until you interrupt it; its audit log is", cp.AuditLogPath())
	<-ctx.Done()
	return cp.Stop()
}
