// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/enforcement"
)

// Every verdict, for a peer whose policy names ranges of addresses and for one whose does not.
func TestEveryVerdictIsToldAsItIs(t *testing.T) {
	// Written ingress, egress, sources: Y, N or ?; * is any of them. The first line that fits counts.
	rules := []struct{ verdict, ranges, want string }{
		{"?**", "*", "Unknown ProbeUnreachable"},
		{"NY*", "*", "False IngressNotEnforced"},
		{"N**", "*", "False NotEnforced"},
		{"YN*", "*", "False EgressNotEnforced"},
		{"Y*N", "Y", "False SourceAddressHidden"},
		{"Y?*", "*", "Unknown NotProbed"},
		{"YY*", "*", "True Enforced"},
	}
	used := map[int]bool{}
	letters := map[enforcement.Finding]string{unknown: "?", yes: "Y", no: "N"}
	for v := range everyVerdict() {
		for _, ranges := range []bool{false, true} {
			text := letters[v.Ingress] + letters[v.Egress] + letters[v.Sources]
			got := enforcement.Word{Asked: true, Heard: true, Verdict: v}.Condition(metav1.Condition{}, ranges)
			for i, rule := range rules {
				if !fits(rule.verdict, text) || rule.ranges == "Y" && !ranges {
					continue
				}
				used[i] = true
				if told := string(got.Status) + " " + got.Reason; told != rule.want {
					t.Errorf("%s, ranges %v: got %s, want %s", text, ranges, told, rule.want)
				}
				break
			}
			if got.Message == "" || got.Type != v1alpha1.ConditionNetworkPolicyEnforced {
				t.Errorf("%s, ranges %v: got %+v", text, ranges, got)
			}
		}
	}
	if len(used) != len(rules) {
		t.Errorf("some rules never count: %v of %d", used, len(rules))
	}
}

func everyVerdict() map[enforcement.Verdict]bool {
	out := map[enforcement.Verdict]bool{}
	all := []enforcement.Finding{unknown, yes, no}
	for _, ingress := range all {
		for _, egress := range all {
			for _, sources := range all {
				out[enforcement.Verdict{Ingress: ingress, Egress: egress, Sources: sources}] = true
			}
		}
	}
	return out
}

func fits(pattern, text string) bool {
	for i := range pattern {
		if pattern[i] != '*' && pattern[i] != text[i] {
			return false
		}
	}
	return true
}

func TestUntilSomethingIsKnownTheRecordStays(t *testing.T) {
	record := metav1.Condition{Type: v1alpha1.ConditionNetworkPolicyEnforced, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonEnforced, Message: "as it was"}
	enforced := enforcement.Verdict{Ingress: yes, Egress: yes, Sources: yes}
	for name, c := range map[string]struct {
		word   enforcement.Word
		record metav1.Condition
		want   string
	}{
		"The operator has just started.":               {enforcement.Word{Asked: true}, record, "True Enforced: as it was"},
		"So it has, and the peer is new.":              {enforcement.Word{Asked: true}, metav1.Condition{}, "Unknown NotProbed: the operator has not asked"},
		"Nothing is probed, which outdates the record": {enforcement.Word{}, record, "Unknown NotProbed: the operator was started without --policy-probe"},
		"Something else is known.":                     {enforcement.Word{Asked: true, Heard: true, Verdict: enforcement.Verdict{Ingress: no, Egress: no}}, record, "False NotEnforced: the network plugin"},
		"The same is known, in other words.":           {enforcement.Word{Asked: true, Heard: true, Verdict: enforced}, record, "True Enforced: the network plugin enforces"},
	} {
		got := c.word.Condition(c.record, false)
		if told := fmt.Sprintf("%s %s: %s", got.Status, got.Reason, got.Message); !strings.HasPrefix(told, c.want) {
			t.Errorf("%s Told is %q, want %q", name, told, c.want)
		}
	}
}

// A peer that names no ranges need not hear of them.
func TestNotesAreForThoseWhomTheyConcern(t *testing.T) {
	kept, hidden := enforcement.Verdict{Ingress: yes, Egress: yes, Sources: yes}, enforcement.Verdict{Ingress: yes, Egress: yes, Sources: no}
	for name, c := range map[string]struct {
		verdict enforcement.Verdict
		ranges  bool
		want    string
	}{
		"Nothing is to be noted.":                  {kept, false, "in both directions"},
		"Ranges are named.":                        {kept, true, "arrives with that of a node"},
		"Addresses are hidden, on which none rely": {hidden, false, "on which no rule of this peer depends"},
	} {
		got := enforcement.Word{Asked: true, Heard: true, Verdict: c.verdict}.Condition(metav1.Condition{}, c.ranges)
		if got.Status != metav1.ConditionTrue || !strings.HasSuffix(got.Message, c.want) {
			t.Errorf("%s Told is %s %q, want an end of %q", name, got.Status, got.Message, c.want)
		}
	}
}

func TestRangesOfAddressesAreThoseThatLeaveSomebodyOut(t *testing.T) {
	block := func(cidr v1alpha1.CIDR, except ...v1alpha1.CIDR) []v1alpha1.NetworkPeer {
		return []v1alpha1.NetworkPeer{{PodSelector: &metav1.LabelSelector{}}, {IPBlock: &v1alpha1.IPBlock{CIDR: cidr, Except: except}}}
	}
	for name, c := range map[string]struct {
		network v1alpha1.PeerNetwork
		want    bool
	}{
		"Nobody is let in.":                  {v1alpha1.PeerNetwork{}, false},
		"Pods are, by their labels.":         {v1alpha1.PeerNetwork{Peer: v1alpha1.PeerTraffic{AllowFrom: block("10.0.0.0/8")[:1]}}, false},
		"A range of peers.":                  {v1alpha1.PeerNetwork{Peer: v1alpha1.PeerTraffic{AllowFrom: block("10.0.0.0/8")}}, true},
		"A range of users of the API.":       {v1alpha1.PeerNetwork{API: v1alpha1.PeerAPI{AllowFrom: block("2001:db8::/32")}}, true},
		"A range of who scrapes.":            {v1alpha1.PeerNetwork{Metrics: v1alpha1.PeerMetrics{AllowFrom: block("10.0.0.0/8")}}, true},
		"Everybody.":                         {v1alpha1.PeerNetwork{Peer: v1alpha1.PeerTraffic{AllowFrom: block("0.0.0.0/0")}}, false},
		"Everybody of the other family.":     {v1alpha1.PeerNetwork{Peer: v1alpha1.PeerTraffic{AllowFrom: block("::/0")}}, false},
		"Everybody but some.":                {v1alpha1.PeerNetwork{Peer: v1alpha1.PeerTraffic{AllowFrom: block("0.0.0.0/0", "10.0.0.0/8")}}, true},
		"A range to which the peer connects": {v1alpha1.PeerNetwork{Peer: v1alpha1.PeerTraffic{AllowTo: block("10.0.0.0/8")}}, false},
	} {
		if got := enforcement.Ranges(c.network); got != c.want {
			t.Errorf("%s Ranges = %v, want %v", name, got, c.want)
		}
	}
}
