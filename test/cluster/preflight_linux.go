// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// debianPackages are what the full node takes from the system, and how to see that it is there.
var debianPackages = []struct {
	name    string
	missing func() bool
}{
	{"gcc", noProgram("gcc")},
	{"libc6-dev", func() bool { return !exists("/usr/include/stdlib.h") }},
	{"pkg-config", noProgram("pkg-config")},
	{"libseccomp-dev", func() bool { return exec.Command("pkg-config", "--exists", "libseccomp").Run() != nil }},
	{"iproute2", noProgram("ip")},
	{"nftables", noProgram("nft")},
	{"kmod", func() bool { return !exists(bridgeNetfilter) && noProgram("modprobe")() }},
	{"xfsprogs", noProgram("mkfs.xfs")},
	{"mount", noProgram("losetup")},
	{"util-linux", noProgram("blkid")},
}

// preflight refuses at once, and with advice, what would otherwise fail somewhere deep inside.
func preflight(ctx context.Context, opts NodeOptions) error {
	if err := needRoot(); err != nil {
		return err
	}
	if err := installPackages(ctx, opts); err != nil {
		return err
	}
	if _, err := cgroupRoots(); err != nil {
		return err
	}
	return checkNetworkFree(ctx)
}

// needRoot explains why, and what a user without root can do.
func needRoot() error {
	if os.Geteuid() == 0 {
		return nil
	}
	return errors.New("a full node needs root: it makes a bridge, mounts volumes and starts containers. Run it as root, " +
		"or use a cluster that you have (KUBECONFIG=/path/to/kubeconfig make demo), or the control plane alone, which needs no root (testcluster control-plane)")
}

// CheckPackages reports, with the command that helps, which Debian packages the full node lacks; with Install set it installs them.
func CheckPackages(ctx context.Context, opts NodeOptions) error {
	opts, err := opts.withDefaults()
	if err != nil {
		return err
	}
	return installPackages(ctx, opts)
}

// installPackages installs what is missing if it may, and otherwise says which command does.
func installPackages(ctx context.Context, opts NodeOptions) error {
	missing := missingPackages()
	if len(missing) == 0 {
		return nil
	}
	command := "apt-get update && apt-get install --yes --no-install-recommends " + strings.Join(missing, " ")
	if !opts.Install || noProgram("apt-get")() {
		return fmt.Errorf("programs or headers of these Debian packages are missing: %s\ninstall them with\n    %s\nor let this command do it, with --install", strings.Join(missing, " "), command)
	}
	fmt.Fprintln(opts.Progress, command)
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	cmd.Stdout, cmd.Stderr = opts.Progress, opts.Progress
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("install missing packages with %q: %w", command, err)
	}
	if still := missingPackages(); len(still) > 0 {
		return fmt.Errorf("still missing after the installation: %s", strings.Join(still, " "))
	}
	return nil
}

func missingPackages() []string {
	var missing []string
	for _, p := range debianPackages {
		if p.missing() {
			missing = append(missing, p.name)
		}
	}
	return missing
}

// checkNetworkFree makes sure that the fixed addresses and tables are nobody else's. Our own are gone at this point.
func checkNetworkFree(ctx context.Context) error {
	if _, err := net.InterfaceByName(bridgeName); err == nil {
		return fmt.Errorf("network interface %s exists already: another checkout's cluster runs on this machine; take that down first", bridgeName)
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return fmt.Errorf("list the machine's addresses: %w", err)
	}
	for _, cidr := range []string{podNetwork, serviceNetwork} {
		_, ours, err := net.ParseCIDR(cidr)
		if err != nil {
			return fmt.Errorf("parse %s: %w", cidr, err)
		}
		for _, address := range addresses {
			if theirs, ok := address.(*net.IPNet); ok && (ours.Contains(theirs.IP) || theirs.Contains(ours.IP)) {
				return fmt.Errorf("network %s, which the cluster uses, overlaps with this machine's address %s: the cluster cannot run here", cidr, theirs)
			}
		}
	}
	tables, err := run(ctx, "nft", "list", "tables")
	if err != nil {
		return fmt.Errorf("nftables does not work here: %w", err)
	}
	if slices.Contains(strings.Split(tables, "\n"), "table ip kube-proxy") {
		return errors.New("nftables has a table kube-proxy already: another Kubernetes node runs on this machine, and two cannot share it")
	}
	return nil
}

func noProgram(name string) func() bool {
	return func() bool {
		_, err := exec.LookPath(name)
		return err != nil && !exists("/usr/sbin/"+name) && !exists("/sbin/"+name)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
