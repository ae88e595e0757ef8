// SPDX-License-Identifier: Apache-2.0

package edge_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/peernode/operator/pkg/edge"
)

var trusted = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}

func TestAClientIsWhoTheNearestStrangerIs(t *testing.T) {
	for name, c := range map[string]struct {
		connection, want string
		forwarded        []string
	}{
		"Nobody in between.":                         {"192.0.2.1", "192.0.2.1", nil},
		"A client that says to be another.":          {"192.0.2.1", "192.0.2.1", []string{"198.51.100.1"}},
		"A client that says to be a proxy.":          {"192.0.2.1", "192.0.2.1", []string{"10.0.0.1"}},
		"Behind a proxy.":                            {"10.0.0.1", "192.0.2.1", []string{"192.0.2.1"}},
		"Behind two.":                                {"10.0.0.1", "192.0.2.1", []string{"192.0.2.1, 10.0.0.2"}},
		"Behind two, in two headers.":                {"10.0.0.1", "192.0.2.1", []string{"192.0.2.1", "10.0.0.2"}},
		"Behind a proxy, with more made up before.":  {"10.0.0.1", "192.0.2.1", []string{"198.51.100.1, 10.0.0.9,192.0.2.1"}},
		"Behind a proxy, with a header made up.":     {"10.0.0.1", "192.0.2.1", []string{"198.51.100.1", "192.0.2.1"}},
		"A proxy that says nothing.":                 {"10.0.0.1", "10.0.0.1", nil},
		"A proxy that says nothing, in a header.":    {"10.0.0.1", "10.0.0.1", []string{""}},
		"A proxy that passes on nonsense.":           {"10.0.0.1", "10.0.0.2", []string{"192.0.2.1, unknown, 10.0.0.2"}},
		"A client within.":                           {"10.0.0.1", "10.0.0.7", []string{"10.0.0.7"}},
		"A proxy that adds the port.":                {"10.0.0.1", "192.0.2.1", []string{"192.0.2.1:4711"}},
		"A proxy that adds the port, in IPv6.":       {"fd00::1", "2001:db8::1", []string{"[2001:db8::1]:4711"}},
		"IPv4 in the clothes of IPv6.":               {"::ffff:10.0.0.1", "192.0.2.1", []string{"::ffff:192.0.2.1"}},
		"A zone is not part of who one is.":          {"fd00::1%eth0", "2001:db8::1", []string{"2001:db8::1%eth1"}},
		"More proxies than there are.":               {"10.0.0.1", "10.0.0.2", []string{"192.0.2.1," + strings.Repeat("10.0.0.2,", 40) + "10.0.0.3"}},
		"A trailing comma is an entry that is none.": {"10.0.0.1", "10.0.0.1", []string{"192.0.2.1,"}},
	} {
		if got := edge.Client(netip.MustParseAddr(c.connection), c.forwarded, trusted); got.String() != c.want {
			t.Errorf("%s %s, want %s", name, got, c.want)
		}
	}
}

func TestClientsAreCountedByWhatOneHostCanHave(t *testing.T) {
	for a, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "::ffff:192.0.2.1": "192.0.2.1/32", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := edge.Group(netip.MustParseAddr(a)); got.String() != want {
			t.Errorf("%s: %s, want %s", a, got, want)
		}
	}
}

// Whatever a client writes, it is who its proxy says it is, and without a proxy who it is connected as.
func FuzzClient(f *testing.F) {
	f.Add("198.51.100.1, 10.0.0.1")
	f.Add("10.0.0.1,,[::1]:4")
	f.Add("for=\"[2001:db8::1]\"")
	known, proxy := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("10.0.0.1")
	f.Fuzz(func(t *testing.T, written string) {
		if got := edge.Client(known, []string{written}, trusted); got != known {
			t.Errorf("%q makes %s of %s", written, got, known)
		}
		for _, forwarded := range [][]string{{written + "," + known.String()}, {written, known.String()}} {
			if got := edge.Client(proxy, forwarded, trusted); got != known {
				t.Errorf("%q makes %s of %s behind a proxy", written, got, known)
			}
		}
	})
}
