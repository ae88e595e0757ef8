// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"net/netip"
	"slices"
)

// Finding is the answer to one question.
type Finding string

// Findings. Unknown is neither of the others.
const (
	Unknown Finding = ""
	Yes     Finding = "Yes"
	No      Finding = "No"
)

// Seen is what asking the probe at one of its addresses came to.
type Seen struct {
	// Open and Closed are whether it answered on the one port and on the other.
	Open, Closed bool
	// Client is the address from which the operator arrived at the open port.
	Client netip.Addr
	// Self are the addresses of the operator's own pod, as far as it knows them.
	Self []netip.Addr
	// WayOut is whether the probe could connect to the operator, which its policy forbids; Unknown where it was not asked.
	WayOut Finding
}

// Verdict is what follows from it.
type Verdict struct {
	// Ingress and Egress are whether policies limit who comes in, and who gets out.
	Ingress, Egress Finding
	// Sources is whether a pod sees the address of the pod that connects to it.
	Sources Finding
}

// Verdict says what it shows. A closed port that answers is a proof whatever else is; one that is silent proves something
// only while its neighbour answers.
func (s Seen) Verdict() Verdict {
	switch {
	case s.Closed && !s.Open:
		return Verdict{Ingress: No}
	case !s.Open:
		return Verdict{}
	}
	return Verdict{Ingress: not(s.Closed), Egress: s.egress(), Sources: s.sources()}
}

func (s Seen) egress() Finding {
	if s.WayOut == Unknown {
		return Unknown
	}
	return not(s.WayOut == Yes)
}

func (s Seen) sources() Finding {
	if len(s.Self) == 0 {
		return Unknown
	}
	return not(!slices.Contains(s.Self, s.Client.Unmap()))
}

func not(b bool) Finding {
	if b {
		return No
	}
	return Yes
}

// Worst is what holds of all addresses together: a family of addresses that is not looked after is a way in.
func Worst(all []Seen) Verdict {
	if len(all) == 0 {
		return Verdict{}
	}
	worst := all[0].Verdict()
	for _, s := range all[1:] {
		v := s.Verdict()
		worst = Verdict{Ingress: worse(worst.Ingress, v.Ingress), Egress: worse(worst.Egress, v.Egress), Sources: worse(worst.Sources, v.Sources)}
	}
	return worst
}

func worse(a, b Finding) Finding {
	for _, f := range []Finding{No, Unknown} {
		if a == f || b == f {
			return f
		}
	}
	return Yes
}
