// SPDX-License-Identifier: Apache-2.0

// Package announce reads the addresses at which others reach an agent from
// where it cannot see itself: through a load balancer, a port of its node, NAT.
package announce

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/multiformats/go-multiaddr"
	"go.yaml.in/yaml/v3"
)

// transports are those that the agent has.
var transports = []string{"tcp", "tcp/ws", "udp/quic-v1"}

// New parses multiaddrs. Every wrong entry is reported with its place; prefix
// comes before it.
func New(prefix string, entries []string) ([]multiaddr.Multiaddr, error) {
	var out []multiaddr.Multiaddr
	var errs []error
	for i, s := range entries {
		address, err := multiaddr.NewMultiaddr(s)
		if err != nil || !reachable(address) {
			errs = append(errs, fmt.Errorf("%sannounce[%d]: %q must be a host with a transport of the agent and nothing after it, as in /dns/peer.example.com/tcp/8000, /ip4/203.0.113.7/tcp/8001/ws or /ip4/203.0.113.7/udp/8002/quic-v1", prefix, i, s))
			continue
		}
		out = append(out, address)
	}
	return out, errors.Join(errs...)
}

func reachable(address multiaddr.Multiaddr) bool {
	var names []string
	for _, p := range address.Protocols() {
		names = append(names, p.Name)
	}
	return slices.Contains([]string{"ip4", "ip6", "dns", "dns4", "dns6"}, names[0]) && slices.Contains(transports, strings.Join(names[1:], "/"))
}

// Parse reads the content of announce.yaml. As with the list of peers, empty
// content is taken for an accident.
func Parse(data []byte) ([]multiaddr.Multiaddr, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	var file *struct {
		Announce []string `yaml:"announce"`
	}
	if err := dec.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("want only announce, a list of strings: %w", err)
	}
	if file == nil {
		return nil, errors.New("the file is empty; write announce: [] to announce nothing")
	}
	return New("", file.Announce)
}
