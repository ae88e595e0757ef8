// SPDX-License-Identifier: Apache-2.0

package neighbours_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/neighbours"
	"github.com/peernode/operator/pkg/settings"
)

// alpha is the PeerNode that declares.
func alpha(change ...func(*v1alpha1.PeerNode)) *v1alpha1.PeerNode {
	return with(&v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Name: "alpha", Namespace: "peers"}}, change)
}

// beta is a PeerNode elsewhere, known, and declaring alpha.
func beta(change ...func(*v1alpha1.PeerNode)) *v1alpha1.PeerNode {
	return with(&v1alpha1.PeerNode{
		ObjectMeta: metav1.ObjectMeta{Name: "beta", Namespace: "elsewhere"},
		Spec:       v1alpha1.PeerNodeSpec{Software: agent, Network: lets(alpha())},
		Status:     v1alpha1.PeerNodeStatus{Identity: &v1alpha1.PeerIdentityStatus{PeerID: "id-of-beta"}},
	}, change)
}

// edge is a PeerFleet elsewhere of two, that declares alpha.
func edge(change ...func(*v1alpha1.PeerFleet)) *v1alpha1.PeerFleet {
	return with(&v1alpha1.PeerFleet{
		ObjectMeta: metav1.ObjectMeta{Name: "edge", Namespace: "elsewhere"},
		Spec: v1alpha1.PeerFleetSpec{Replicas: 2, Template: v1alpha1.PeerNodeTemplate{
			Spec: v1alpha1.PeerNodeSpec{Software: agent, Network: lets(alpha())},
		}},
	}, change)
}

// member is a peer of edge, known.
func member(ordinal int32, change ...func(*v1alpha1.PeerNode)) *v1alpha1.PeerNode {
	return beta(append([]func(*v1alpha1.PeerNode){func(p *v1alpha1.PeerNode) {
		p.Name, p.Spec.Fleet = names.Peer("edge", ordinal), &v1alpha1.FleetMembership{Name: "edge"}
		p.Status.Identity.PeerID = "id-of-" + p.Name
	}}, change...)...)
}

var agent = v1alpha1.PeerSoftware{P2PAgent: &v1alpha1.P2PAgentSoftware{}}

func with[T any](o T, change []func(T)) T {
	for _, c := range change {
		c(o)
	}
	return o
}

// lets is a network elsewhere that declares p.
func lets(p *v1alpha1.PeerNode) v1alpha1.PeerNetwork {
	return v1alpha1.PeerNetwork{Peers: []v1alpha1.PeerReference{{Name: p.Name, Namespace: p.Namespace}}}
}

func ofRelay(p *v1alpha1.PeerNode) {
	p.Name, p.Spec.Fleet = "relay-2", &v1alpha1.FleetMembership{Name: "relay"}
}

func leaves(o *v1alpha1.PeerNode)  { o.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} }
func unknown(p *v1alpha1.PeerNode) { p.Status.Identity = nil }

// letsRelay is a network that declares the fleet relay.
var letsRelay = v1alpha1.PeerNetwork{Fleets: []v1alpha1.FleetReference{{Name: "relay", Namespace: "peers"}}}

func declaredPeer(p *v1alpha1.PeerNode) neighbours.Declared {
	return neighbours.Declared{Peers: []neighbours.Peer{{NamespacedName: types.NamespacedName{Namespace: "elsewhere", Name: "beta"}, PeerNode: p}}}
}

func declaredFleet(f *v1alpha1.PeerFleet, members ...*v1alpha1.PeerNode) neighbours.Declared {
	return neighbours.Declared{Fleets: []neighbours.Fleet{{NamespacedName: types.NamespacedName{Namespace: "elsewhere", Name: "edge"}, PeerFleet: f, Members: members}}}
}

func TestWhatIsDeclaredFallsShortInTheseWays(t *testing.T) {
	lone, inFleet := alpha(), alpha(ofRelay)
	here := settings.Operator{Namespaces: []string{"peers"}}
	for name, c := range map[string]struct {
		declared neighbours.Declared
		self     *v1alpha1.PeerNode
		operator settings.Operator
		want     string
	}{
		"A peer that is known.":                   {declaredPeer(beta()), lone, settings.Operator{}, "AllKnown"},
		"A peer that does not exist.":             {declaredPeer(nil), lone, settings.Operator{}, "PeerMissing"},
		"A peer on its way out.":                  {declaredPeer(beta(leaves)), lone, settings.Operator{}, "PeerMissing"},
		"A peer that cannot be seen.":             {declaredPeer(nil), lone, here, "PeerNotWatched"},
		"A peer without an identity.":             {declaredPeer(beta(unknown)), lone, settings.Operator{}, "PeerUnknown"},
		"A peer that lists nobody.":               {declaredPeer(beta(func(p *v1alpha1.PeerNode) { p.Spec.Network = v1alpha1.PeerNetwork{} })), lone, settings.Operator{}, "PeerOneSided"},
		"A peer that lists the fleet of this.":    {declaredPeer(beta(func(p *v1alpha1.PeerNode) { p.Spec.Network = letsRelay })), inFleet, settings.Operator{}, "AllKnown"},
		"A peer that lists a fleet, not this.":    {declaredPeer(beta(func(p *v1alpha1.PeerNode) { p.Spec.Network = letsRelay })), lone, settings.Operator{}, "PeerOneSided"},
		"A peer that lists this one of a fleet.":  {declaredPeer(beta(func(p *v1alpha1.PeerNode) { p.Spec.Network = lets(inFleet) })), inFleet, settings.Operator{}, "AllKnown"},
		"A peer of custom software has no name.":  {declaredPeer(beta(unknown, func(p *v1alpha1.PeerNode) { p.Spec.Software = custom })), lone, settings.Operator{}, "AllKnown"},
		"A fleet that is known.":                  {declaredFleet(edge(), member(0), member(1)), lone, settings.Operator{}, "AllKnown"},
		"A fleet of nobody yet.":                  {declaredFleet(edge()), lone, settings.Operator{}, "AllKnown"},
		"A fleet that does not exist.":            {declaredFleet(nil), lone, settings.Operator{}, "PeerMissing"},
		"A fleet on its way out.":                 {declaredFleet(edge(func(f *v1alpha1.PeerFleet) { f.DeletionTimestamp = &metav1.Time{} }), member(0)), lone, settings.Operator{}, "PeerMissing"},
		"A fleet that cannot be seen.":            {declaredFleet(nil), lone, here, "PeerNotWatched"},
		"A fleet with a peer that nobody knows.":  {declaredFleet(edge(), member(0), member(1, unknown)), lone, settings.Operator{}, "PeerUnknown"},
		"One that leaves need not be known.":      {declaredFleet(edge(), member(0), member(1, unknown, leaves)), lone, settings.Operator{}, "AllKnown"},
		"One beyond the fleet need not be known.": {declaredFleet(edge(), member(0), member(2, unknown)), lone, settings.Operator{}, "AllKnown"},
		"A fleet that lists nobody.":              {declaredFleet(edge(func(f *v1alpha1.PeerFleet) { f.Spec.Template.Spec.Network = v1alpha1.PeerNetwork{} })), lone, settings.Operator{}, "PeerOneSided"},
		"A fleet that lists the fleet of this.":   {declaredFleet(edge(func(f *v1alpha1.PeerFleet) { f.Spec.Template.Spec.Network = letsRelay })), inFleet, settings.Operator{}, "AllKnown"},
		"A fleet that lists the fleet's old one.": {declaredFleet(edge()), inFleet, settings.Operator{}, "PeerOneSided"},
	} {
		got := c.declared.Resolved(c.self, c.operator)
		if got == nil || got.Reason != c.want || (got.Status == metav1.ConditionTrue) != (c.want == "AllKnown") {
			t.Errorf("%s PeersResolved is %+v, want %s", name, got, c.want)
		}
	}
	if got := (neighbours.Declared{}).Resolved(lone, settings.Operator{}); got != nil {
		t.Errorf("nothing is declared, and PeersResolved is %+v", got)
	}
}

var custom = v1alpha1.PeerSoftware{Custom: &v1alpha1.CustomSoftware{Command: []string{"/peer"}, DataPath: "/data"}}

// known is a neighbourhood in short: the peers with the fleet through which each is known, and the fleets with the
// number of their ports.
func known(d neighbours.Declared) map[string]any {
	out := map[string]any{}
	n := d.Neighbourhood(settings.Operator{})
	for _, p := range n.Peers {
		out[p.Namespace+"/"+p.Name] = p.Fleet
	}
	for _, f := range n.Fleets {
		out["fleet "+f.Namespace+"/"+f.Name] = len(f.Ports) > 0
	}
	return out
}

func TestNeighboursAreThoseThatStay(t *testing.T) {
	both := declaredFleet(edge(), member(0), member(1))
	both.Peers = []neighbours.Peer{{PeerNode: member(1)}, {}}
	senseless := func(f *v1alpha1.PeerFleet) { f.Spec.Template.Spec.Software = v1alpha1.PeerSoftware{} }
	for name, c := range map[string]struct {
		declared neighbours.Declared
		want     map[string]any
	}{
		"A peer.":                    {declaredPeer(beta()), map[string]any{"elsewhere/beta": ""}},
		"A peer without an identity": {declaredPeer(beta(unknown)), map[string]any{"elsewhere/beta": ""}},
		"A peer that is missing.":    {declaredPeer(nil), map[string]any{}},
		"A peer on its way out.":     {declaredPeer(beta(leaves)), map[string]any{}},
		"A fleet.":                   {declaredFleet(edge(), member(0), member(1)), map[string]any{"elsewhere/edge-0": "elsewhere/edge", "elsewhere/edge-1": "elsewhere/edge", "fleet elsewhere/edge": true}},
		"A fleet that shrinks.":      {declaredFleet(edge(), member(1), member(2)), map[string]any{"elsewhere/edge-1": "elsewhere/edge", "fleet elsewhere/edge": true}},
		"A stranger under a name.":   {declaredFleet(edge(), member(0, func(p *v1alpha1.PeerNode) { p.Spec.Fleet = nil })), map[string]any{"fleet elsewhere/edge": true}},
		"A fleet without sense.":     {declaredFleet(edge(senseless), member(0)), map[string]any{"elsewhere/edge-0": "elsewhere/edge", "fleet elsewhere/edge": false}},
		"A fleet that is missing.":   {declaredFleet(nil), map[string]any{}},
		"A fleet on its way out.":    {declaredFleet(edge(func(f *v1alpha1.PeerFleet) { f.DeletionTimestamp = &metav1.Time{} }), member(0)), map[string]any{}},
		"Declared in both ways.":     {both, map[string]any{"elsewhere/edge-1": "", "elsewhere/edge-0": "elsewhere/edge", "fleet elsewhere/edge": true}},
	} {
		if diff := cmp.Diff(c.want, known(c.declared)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestANeighbourThatChangesItsKeyHasEachOfItsNames(t *testing.T) {
	rotating := beta(func(p *v1alpha1.PeerNode) {
		p.Status.Identity.Epochs = []v1alpha1.KeyEpoch{{Epoch: 1, Stage: v1alpha1.KeyActive, PeerID: "id-of-beta"}, {Epoch: 2, Stage: v1alpha1.KeyPublished, PeerID: "id-to-come"}}
	})
	got := declaredPeer(rotating).Neighbourhood(settings.Operator{}).Peers[0]
	if got.PeerID != "id-of-beta" || !cmp.Equal(got.Also, []string{"id-to-come"}) {
		t.Errorf("beta is known as %q and %v", got.PeerID, got.Also)
	}
}
