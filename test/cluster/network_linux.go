// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const ipForward = "/proc/sys/net/ipv4/ip_forward"

// bridgeNetfilter makes bridged packets pass nftables; without it an answer from pod to pod would bypass the translation of Services.
const bridgeNetfilter = "/proc/sys/net/bridge/bridge-nf-call-iptables"

// ourTables are the nftables tables that kube-proxy, the portmap plugin and the judge of NetworkPolicies make.
var ourTables = []string{"ip kube-proxy", "ip6 kube-proxy", "ip cni_hostport", "ip6 cni_hostport", "ip " + policyTable, "inet " + policyTable}

// createNetwork makes the bridge with the node's address and lets the kernel route; the settings found before are kept for deleteNetwork.
func (n *FullNode) createNetwork(ctx context.Context) error {
	for _, args := range [][]string{
		{"ip", "link", "add", bridgeName, "type", "bridge"},
		{"ip", "address", "add", nodeIP + "/24", "dev", bridgeName},
		{"ip", "link", "set", bridgeName, "up"},
	} {
		if _, err := run(ctx, args...); err != nil {
			return fmt.Errorf("make the pod network's bridge: %w", err)
		}
	}
	if _, err := os.Stat(bridgeNetfilter); err != nil {
		if _, err := run(ctx, "modprobe", "br_netfilter"); err != nil {
			return fmt.Errorf("the kernel has no br_netfilter, without which pods cannot reach each other through Services: %w", err)
		}
	}
	for name, path := range map[string]string{"ip_forward": ipForward, "bridge_netfilter": bridgeNetfilter} {
		if err := changeSetting(path, filepath.Join(n.dir, "before-"+name)); err != nil {
			return err
		}
	}
	return nil
}

// changeSetting sets a kernel setting to 1 and keeps the old value in a file.
func changeSetting(path, keep string) error {
	before, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read kernel setting %s: %w", path, err)
	}
	if err := os.WriteFile(keep, before, 0o600); err != nil {
		return fmt.Errorf("keep kernel setting %s: %w", path, err)
	}
	if strings.TrimSpace(string(before)) == "1" {
		return nil
	}
	if err := os.WriteFile(path, []byte("1"), 0o644); err != nil {
		return fmt.Errorf("change kernel setting %s: %w", path, err)
	}
	return nil
}

// deleteNetwork removes the bridge and the tables and restores the kernel's settings.
func deleteNetwork(ctx context.Context, paths nodePaths) error {
	if _, err := net.InterfaceByName(bridgeName); err == nil {
		if _, err := run(ctx, "ip", "link", "delete", bridgeName); err != nil {
			return fmt.Errorf("delete the pod network's bridge: %w", err)
		}
	}
	if tables, err := run(ctx, "nft", "list", "tables"); err == nil {
		for _, table := range ourTables {
			if strings.Contains(tables+"\n", "table "+table+"\n") {
				if _, err := run(ctx, append([]string{"nft", "delete", "table"}, strings.Fields(table)...)...); err != nil {
					return fmt.Errorf("delete nftables table %s: %w", table, err)
				}
			}
		}
	}
	for name, path := range map[string]string{"ip_forward": ipForward, "bridge_netfilter": bridgeNetfilter} {
		if before, err := os.ReadFile(filepath.Join(paths.state, "before-"+name)); err == nil {
			if err := os.WriteFile(path, before, 0o644); err != nil {
				return fmt.Errorf("restore kernel setting %s: %w", path, err)
			}
		}
	}
	return nil
}

// run runs a command of the system and returns its output; an error has what it printed.
func run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}
