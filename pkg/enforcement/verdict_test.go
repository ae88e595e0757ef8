// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/pkg/enforcement"
)

const (
	unknown = enforcement.Unknown
	yes     = enforcement.Yes
	no      = enforcement.No
)

var (
	own   = netip.MustParseAddr("10.0.0.7")
	nodes = netip.MustParseAddr("192.0.2.1")
)

// seen is a look of an operator that knows its address, unless changed.
func seen(open, closed bool, client netip.Addr, wayOut enforcement.Finding, self ...netip.Addr) enforcement.Seen {
	return enforcement.Seen{Open: open, Closed: closed, Client: client, WayOut: wayOut, Self: self}
}

func TestWhatIsSeenIsJudged(t *testing.T) {
	six := netip.MustParseAddr("fd00::7")
	for name, c := range map[string]struct {
		seen enforcement.Seen
		want enforcement.Verdict
	}{
		"Policies are enforced.":                        {seen(true, false, own, no, own), enforcement.Verdict{Ingress: yes, Egress: yes, Sources: yes}},
		"Nothing is.":                                   {seen(true, true, own, yes, own), enforcement.Verdict{Ingress: no, Egress: no, Sources: yes}},
		"Only who comes in is limited.":                 {seen(true, false, own, yes, own), enforcement.Verdict{Ingress: yes, Egress: no, Sources: yes}},
		"Only who gets out is limited.":                 {seen(true, true, own, no, own), enforcement.Verdict{Ingress: no, Egress: yes, Sources: yes}},
		"The operator arrives as its node.":             {seen(true, false, nodes, no, own), enforcement.Verdict{Ingress: yes, Egress: yes, Sources: no}},
		"The operator has two addresses.":               {seen(true, false, six, no, own, six), enforcement.Verdict{Ingress: yes, Egress: yes, Sources: yes}},
		"An address of IPv4 in the clothes of IPv6.":    {seen(true, false, netip.MustParseAddr("::ffff:10.0.0.7"), no, own), enforcement.Verdict{Ingress: yes, Egress: yes, Sources: yes}},
		"The operator does not know its own address.":   {seen(true, false, own, unknown), enforcement.Verdict{Ingress: yes}},
		"The operator arrives as nobody.":               {seen(true, false, netip.Addr{}, unknown, own), enforcement.Verdict{Ingress: yes, Sources: no}},
		"Both ports are silent.":                        {seen(false, false, netip.Addr{}, unknown, own), enforcement.Verdict{}},
		"Both ports are silent, whatever was seen.":     {seen(false, false, own, yes, own), enforcement.Verdict{}},
		"The closed port answers, and not the open one": {seen(false, true, netip.Addr{}, unknown, own), enforcement.Verdict{Ingress: no}},
	} {
		if diff := cmp.Diff(c.want, c.seen.Verdict()); diff != "" {
			t.Errorf("%s Verdict (-want +got):\n%s", name, diff)
		}
	}
}

func TestTheWorstOfAllAddressesCounts(t *testing.T) {
	enforced, silent := seen(true, false, own, no, own), seen(false, false, netip.Addr{}, unknown, own)
	open := seen(true, true, nodes, yes, own)
	for name, c := range map[string]struct {
		all  []enforcement.Seen
		want enforcement.Verdict
	}{
		"There is none.":                    {nil, enforcement.Verdict{}},
		"One.":                              {[]enforcement.Seen{enforced}, enforced.Verdict()},
		"Both are enforced.":                {[]enforcement.Seen{enforced, enforced}, enforced.Verdict()},
		"The second is open.":               {[]enforcement.Seen{enforced, open}, open.Verdict()},
		"The first is open.":                {[]enforcement.Seen{open, enforced}, open.Verdict()},
		"One is silent.":                    {[]enforcement.Seen{enforced, silent}, enforcement.Verdict{}},
		"One is silent, and one is open.":   {[]enforcement.Seen{silent, open}, open.Verdict()},
		"One knows nothing of the way out.": {[]enforcement.Seen{enforced, seen(true, false, own, unknown, own)}, enforcement.Verdict{Ingress: yes, Sources: yes}},
	} {
		if diff := cmp.Diff(c.want, enforcement.Worst(c.all)); diff != "" {
			t.Errorf("%s Worst (-want +got):\n%s", name, diff)
		}
	}
}
