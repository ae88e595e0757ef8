// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// Names of the network outside of the cluster, and of the node's end of the link to it, with its address there.
const (
	outsideName    = "e2e-outside"
	outsideLink    = "e2e-outside0"
	outsideGateway = "192.0.2.1"
)

// outsideNetwork is one of its own outside of the cluster: its only way there is by the node, as one machine to another.
type outsideNetwork struct{ *testing.T }

// newOutsideNetwork makes the network, without an address.
func newOutsideNetwork(t *testing.T) *outsideNetwork {
	t.Helper()
	n := &outsideNetwork{t}
	remove := func() {
		_, _ = run("ip", "link", "delete", outsideLink) // goes with the network, but later
		_, _ = run("ip", "netns", "delete", outsideName)
	}
	remove()
	t.Cleanup(remove)
	n.ip("netns", "add", outsideName)
	n.ip("link", "add", outsideLink, "type", "veth", "peer", "name", "eth0", "netns", outsideName)
	n.ip("address", "add", outsideGateway+"/32", "dev", outsideLink)
	n.ip("link", "set", outsideLink, "up")
	n.ip("-n", outsideName, "link", "set", "lo", "up")
	n.ip("-n", outsideName, "link", "set", "eth0", "up")
	n.ip("-n", outsideName, "route", "add", outsideGateway, "dev", "eth0")
	n.ip("-n", outsideName, "route", "add", "default", "via", outsideGateway)
	// Where many addresses are in one place, the kernel there would tell of a few closed ports a second only.
	_, err := run("ip", "netns", "exec", outsideName, "sh", "-c", "echo 0 >/proc/sys/net/ipv4/icmp_ratelimit")
	must(t, err)
	return n
}

func (n *outsideNetwork) ip(args ...string) {
	n.Helper()
	_, err := run("ip", args...)
	must(n.T, err)
}

// has gives the network an address.
func (n *outsideNetwork) has(address string) {
	n.Helper()
	n.ip("-n", outsideName, "address", "add", address+"/32", "dev", "eth0")
	n.ip("route", "add", address+"/32", "dev", outsideLink)
}

// hasAll gives the network all addresses of a range, to those there who ask for one.
func (n *outsideNetwork) hasAll(addresses string) {
	n.Helper()
	n.ip("-n", outsideName, "route", "add", "local", addresses, "dev", "lo")
	n.ip("route", "add", addresses, "dev", outsideLink)
}

// inside is a command that runs in the network.
func (n *outsideNetwork) inside(command ...string) []string {
	return append([]string{"ip", "netns", "exec", outsideName}, command...)
}

// within does something in the network, and returns when that is done.
func (n *outsideNetwork) within(do func()) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: nobody else is to get a thread that is elsewhere, so it ends with this
		err := enter(filepath.Join("/run/netns", outsideName))
		if err == nil {
			do()
		}
		done <- err
	}()
	return <-done
}

func enter(netns string) error {
	f, err := os.Open(netns)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter %s: %w", netns, err)
	}
	return nil
}

// dialFrom connects from one address of the network. It has to be called within it.
func dialFrom(ctx context.Context, from, to string) (net.Conn, error) {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	return dialer.DialContext(ctx, "tcp", to)
}

// dialer connects from one address of the network, wherever it is called.
func (n *outsideNetwork) dialer(from string) func(ctx context.Context, network, to string) (net.Conn, error) {
	return func(ctx context.Context, _, to string) (c net.Conn, err error) {
		if failed := n.within(func() { c, err = dialFrom(ctx, from, to) }); failed != nil {
			return nil, failed
		}
		return c, err
	}
}
