// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"net/netip"
	"slices"
	"strings"
)

// maxHops is how many proxies one behind the other are followed. More is somebody playing.
const maxHops = 16

// Client is the address of whom a request is from: that of the connection, or, behind trusted proxies, the nearest one
// in X-Forwarded-For that no trusted proxy has. What a client wrote there itself lies further to the left, and is never
// reached. An entry that is no address ends the search at the proxy that passed it on.
func Client(connection netip.Addr, forwardedFor []string, trusted []netip.Prefix) netip.Addr {
	client := connection.Unmap().WithZone("")
	rest, more := strings.Join(forwardedFor, ","), len(forwardedFor) > 0
	for hop := 0; hop < maxHops && more && IsTrusted(client, trusted); hop++ {
		entry := rest
		if i := strings.LastIndexByte(rest, ','); i >= 0 {
			rest, entry = rest[:i], rest[i+1:]
		} else {
			more = false
		}
		next, ok := address(strings.TrimSpace(entry))
		if !ok {
			break
		}
		client = next
	}
	return client
}

// address reads an entry of X-Forwarded-For. Some proxies add the port.
func address(entry string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(entry)
	if err != nil {
		withPort, err := netip.ParseAddrPort(entry)
		if err != nil {
			return netip.Addr{}, false
		}
		a = withPort.Addr()
	}
	return a.Unmap().WithZone(""), true
}

// IsTrusted says whether the address is that of a proxy whose word counts.
func IsTrusted(a netip.Addr, trusted []netip.Prefix) bool {
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
}

// Group is by what clients are counted: the address, or the /64 of an address of IPv6, all of which one host can have.
func Group(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(a, bits).Masked()
}
