// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/neighbours"
)

// peersFile is what an agent reads, by docs/p2p-agent-contract.md.
type peersFile struct {
	AllowedPeers []string            `json:"allowed_peers"`
	Bootstrap    []string            `json:"bootstrap"`
	Siblings     []string            `json:"siblings"`
	Fleets       map[string][]string `json:"fleets"`
}

// read is the list as an agent would read it.
func (w *world) read() peersFile {
	w.t.Helper()
	var out peersFile
	if err := yaml.UnmarshalStrict([]byte(w.list().Data["peers.yaml"]), &out); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// beta is a PeerNode outside the fleet, which is known unless changed.
func beta(change ...func(*v1alpha1.PeerNode)) *v1alpha1.PeerNode {
	p := &v1alpha1.PeerNode{
		ObjectMeta: metav1.ObjectMeta{Name: "beta", Namespace: "elsewhere"},
		Spec:       v1alpha1.PeerNodeSpec{Software: v1alpha1.PeerSoftware{P2PAgent: &v1alpha1.P2PAgentSoftware{}}, Image: imageV1},
		Status:     v1alpha1.PeerNodeStatus{Identity: &v1alpha1.PeerIdentityStatus{PeerID: "id-of-beta"}},
	}
	for _, c := range change {
		c(p)
	}
	return p
}

// everybody are the three peers of alpha, as they call each other.
var everybody = peersFile{
	AllowedPeers: []string{"id-of-alpha-0", "id-of-alpha-1", "id-of-alpha-2"},
	Bootstrap:    []string{},
	Siblings: []string{
		"/dns/alpha-0.peers.svc/tcp/8000/p2p/id-of-alpha-0",
		"/dns/alpha-1.peers.svc/tcp/8000/p2p/id-of-alpha-1",
		"/dns/alpha-2.peers.svc/tcp/8000/p2p/id-of-alpha-2",
	},
}

// without is the list without the peer of an ordinal.
func without(ordinal int) peersFile {
	return peersFile{
		AllowedPeers: append(append([]string{}, everybody.AllowedPeers[:ordinal]...), everybody.AllowedPeers[ordinal+1:]...),
		Bootstrap:    []string{},
		Siblings:     append(append([]string{}, everybody.Siblings[:ordinal]...), everybody.Siblings[ordinal+1:]...),
	}
}

func TestTheListNamesThePeersThatAreKnown(t *testing.T) {
	withBeta := peersFile{
		AllowedPeers: append(append([]string{}, everybody.AllowedPeers...), "id-of-beta"),
		Bootstrap:    []string{"/dns/beta.elsewhere.svc/tcp/8000/p2p/id-of-beta"},
		Siblings:     everybody.Siblings,
	}
	withNext := peersFile{AllowedPeers: append([]string{"id-of-alpha-0-to-come"}, everybody.AllowedPeers...), Bootstrap: []string{}, Siblings: everybody.Siblings}
	slices.Sort(withNext.AllowedPeers)
	// It may run as it did when its spec still made sense, but nobody knows on which port.
	allowingBeta := peersFile{AllowedPeers: withBeta.AllowedPeers, Bootstrap: []string{}, Siblings: everybody.Siblings}
	for name, c := range map[string]struct {
		observe func(t *testing.T) *world
		want    peersFile
	}{
		"Every peer is a sibling of the others.":      {isServing(func(*world) {}), everybody},
		"A new fleet knows nobody.":                   {func(t *testing.T) *world { return newborn(t) }, peersFile{AllowedPeers: []string{}, Bootstrap: []string{}}},
		"A peer that is down stays on the list.":      {isServing(func(w *world) { w.goesDown("alpha-1") }), everybody},
		"A parked peer stays on the list.":            {isServing(func(w *world) { w.edit(parked(1)).step() }), everybody},
		"A peer that is gone is off the list.":        {isServing(func(w *world) { delete(w.Peers, "alpha-1") }), without(1)},
		"A peer on its way out is off the list.":      {isServing(func(w *world) { w.edit(replicas(2)) }), without(2)},
		"A peer being deleted is off the list.":       {isServing(func(w *world) { w.peer("alpha-0").DeletionTimestamp = &metav1.Time{Time: now} }), without(0)},
		"A foreign peer under a name is none.":        {isServing(func(w *world) { w.stands("alpha-1") }), without(1)},
		"A peer that lost its identity is nobody.":    {isServing(func(w *world) { w.peer("alpha-0").Status.Identity = nil }), without(0)},
		"A key that nobody has proven is no name.":    {isServing(func(w *world) { w.peer("alpha-0").Status.Identity.PeerID = "" }), without(0)},
		"A peer that changes its key has both names.": {isServing(func(w *world) { w.rotates("alpha-0") }), withNext},
		"A declared peer is where agents begin.":      {seesBeta(beta()), withBeta},
		"A declared peer that does not exist.":        {seesBeta(), everybody},
		"A declared peer without an identity.":        {seesBeta(beta(func(p *v1alpha1.PeerNode) { p.Status.Identity = nil })), everybody},
		"A declared peer whose key is not proven.":    {seesBeta(beta(func(p *v1alpha1.PeerNode) { p.Status.Identity.PeerID = "" })), everybody},
		"A declared peer on its way out.":             {seesBeta(beta(func(p *v1alpha1.PeerNode) { p.DeletionTimestamp = &metav1.Time{Time: now} })), everybody},
		"A declared peer that makes no sense.":        {seesBeta(beta(func(p *v1alpha1.PeerNode) { p.Spec.Software = v1alpha1.PeerSoftware{} })), allowingBeta},
		"The port of the contract is in each name.":   {isServing(func(*world) {}, portsOf(9000)), onPort9000},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.observe(t)
			w.carryOut()
			if diff := cmp.Diff(c.want, w.read()); diff != "" {
				t.Errorf("list (-want +got):\n%s", diff)
			}
		})
	}
}

// rotates lets a peer be about to change its key.
func (w *world) rotates(name string) {
	id := w.peer(name).Status.Identity
	id.Epochs = []v1alpha1.KeyEpoch{{Epoch: 1, Stage: v1alpha1.KeyActive, PeerID: id.PeerID}, {Epoch: 2, Stage: v1alpha1.KeyPublished, PeerID: id.PeerID + "-to-come"}}
}

var onPort9000 = peersFile{
	AllowedPeers: everybody.AllowedPeers, Bootstrap: []string{},
	Siblings: []string{
		"/dns/alpha-0.peers.svc/tcp/9000/p2p/id-of-alpha-0",
		"/dns/alpha-1.peers.svc/tcp/9000/p2p/id-of-alpha-1",
		"/dns/alpha-2.peers.svc/tcp/9000/p2p/id-of-alpha-2",
	},
}

func portsOf(tcp v1alpha1.PortNumber) edits {
	return func(f *v1alpha1.PeerFleet) {
		f.Spec.Template.Spec.Software.P2PAgent.Contract = &v1alpha1.P2PAgentContract{Ports: v1alpha1.P2PAgentPorts{TCP: tcp}}
	}
}

// isServing changes a fleet that serves.
func isServing(change func(w *world), spec ...edits) func(*testing.T) *world {
	return func(t *testing.T) *world {
		w := serving(t, spec...)
		change(w)
		return w
	}
}

// sees lets the world observe the declared peer beta; none means that it does not exist.
func (w *world) sees(exists ...*v1alpha1.PeerNode) {
	declared := neighbours.Peer{NamespacedName: types.NamespacedName{Namespace: "elsewhere", Name: "beta"}}
	if len(exists) > 0 {
		declared.PeerNode = exists[0]
	}
	w.Declared.Peers = []neighbours.Peer{declared}
}

// seesBeta declares beta, and observes it where it exists.
func seesBeta(exists ...*v1alpha1.PeerNode) func(*testing.T) *world {
	return isServing(func(w *world) { w.sees(exists...) }, declaring(v1alpha1.PeerReference{Name: "beta", Namespace: "elsewhere"}))
}

// The list is that of both fleets; the members of the other one are kept apart, because they make another ring.
func TestThePeersOfADeclaredFleetAreOnTheList(t *testing.T) {
	edge := func(ordinal int32, change ...func(*v1alpha1.PeerNode)) *v1alpha1.PeerNode {
		return beta(append([]func(*v1alpha1.PeerNode){func(p *v1alpha1.PeerNode) {
			p.Name, p.Spec.Fleet = names.Peer("edge", ordinal), &v1alpha1.FleetMembership{Name: "edge"}
			p.Status.Identity.PeerID = "id-of-" + p.Name
		}}, change...)...)
	}
	unproven := func(p *v1alpha1.PeerNode) { p.Status.Identity = nil }
	leaving := func(p *v1alpha1.PeerNode) { p.DeletionTimestamp = &metav1.Time{Time: now} }
	stranger := func(p *v1alpha1.PeerNode) { p.Spec.Fleet = nil }
	w := serving(t, func(f *v1alpha1.PeerFleet) {
		f.Spec.Template.Spec.Network.Fleets = []v1alpha1.FleetReference{{Name: "edge", Namespace: "elsewhere"}}
	})
	other := &v1alpha1.PeerFleet{Spec: v1alpha1.PeerFleetSpec{Replicas: 5, Template: v1alpha1.PeerNodeTemplate{Spec: edge(0).Spec}}}
	w.Declared.Fleets = []neighbours.Fleet{{
		NamespacedName: types.NamespacedName{Namespace: "elsewhere", Name: "edge"}, PeerFleet: other,
		Members: []*v1alpha1.PeerNode{edge(1), edge(0), edge(2, unproven), edge(3, leaving), edge(4, stranger), edge(5)},
	}}
	if diff := cmp.Diff([]string{theList}, applied(w.carryOut())); diff != "" {
		t.Errorf("applied (-want +got):\n%s", diff)
	}
	want := peersFile{
		AllowedPeers: append(append([]string{}, everybody.AllowedPeers...), "id-of-edge-0", "id-of-edge-1"),
		Bootstrap:    []string{},
		Siblings:     everybody.Siblings,
		Fleets: map[string][]string{"elsewhere/edge": {
			"/dns/edge-0.elsewhere.svc/tcp/8000/p2p/id-of-edge-0", "/dns/edge-1.elsewhere.svc/tcp/8000/p2p/id-of-edge-1",
		}},
	}
	if diff := cmp.Diff(want, w.read()); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
}

// One write for a fleet of any size: this is why the list is not in each peer's own ConfigMap.
func TestAPeerThatBecomesKnownChangesTheListAlone(t *testing.T) {
	w := serving(t, replicas(20))
	w.peer("alpha-7").Status.Identity.PeerID = "another-id"
	if diff := cmp.Diff([]string{theList}, applied(w.decide())); diff != "" {
		t.Errorf("applied (-want +got):\n%s", diff)
	}
	w = serving(t, replicas(20), declaring(v1alpha1.PeerReference{Name: "beta", Namespace: "elsewhere"}))
	w.sees(beta())
	if diff := cmp.Diff([]string{theList}, applied(w.decide())); diff != "" {
		t.Errorf("applied for a declared peer (-want +got):\n%s", diff)
	}
}

func TestTheBudgetLeavesWhatHasToStay(t *testing.T) {
	percent := func(share string) edits { return maxUnavailable(intstr.FromString(share)) }
	for name, c := range map[string]struct {
		spec []edits
		want int
	}{
		"One may be down by default.": {nil, 2},
		"A number.":                   {[]edits{replicas(10), unavailable(3)}, 7},
		"A number larger than the fleet leaves nothing.": {[]edits{unavailable(20)}, 0},
		"A share.":                                       {[]edits{replicas(10), percent("20%")}, 8},
		"A share is rounded down.":                       {[]edits{replicas(10), percent("29%")}, 8},
		"A share of less than one is one.":               {[]edits{replicas(10), percent("1%")}, 9},
		"The whole fleet.":                               {[]edits{replicas(10), percent("100%")}, 0},
		"What is neither a number nor a share is one.":   {[]edits{percent("some")}, 2},
		"Parked peers are not among those that stay.":    {[]edits{replicas(10), parked(0), parked(9)}, 7},
		"A share is one of the peers that run.":          {[]edits{replicas(11), percent("10%"), parked(0), parked(9)}, 8},
		"A fleet of one can be drained.":                 {[]edits{replicas(1)}, 0},
		"A fleet of nobody.":                             {[]edits{replicas(0)}, 0},
		"All parked.":                                    {[]edits{suspended}, 0},
		"One of the parked is let run by its override.":  {[]edits{suspended, overridden(v1alpha1.PeerOverride{Ordinal: 1, Suspend: new(false)}), unavailable(1)}, 0},
		"A paused fleet makes no peers that could stay.": {[]edits{paused}, 0},
		"An override of an ordinal that is not there.":   {[]edits{parked(7)}, 2},
	} {
		w := newborn(t, c.spec...)
		w.carryOut()
		if got := w.budget().Spec.MinAvailable; got.Type != intstr.Int || got.IntValue() != c.want {
			t.Errorf("%s minAvailable is %s, want %d", name, got, c.want)
		}
	}
}

// A pod of a peer that the fleet has yet to take over does not carry the label that the budget counts by.
func TestTheBudgetCountsThePodsThatItSees(t *testing.T) {
	w := newborn(t, replicas(4), unavailable(1)).stands("alpha-0", invited).stands("alpha-1", invited)
	w.edit(paused).carryOut()
	if got := w.budget().Spec.MinAvailable.IntValue(); got != 0 {
		t.Errorf("minAvailable is %d although no pod carries the label", got)
	}
	w.edit(resumed).carryOut()
	if got := w.budget().Spec.MinAvailable.IntValue(); got != 1 {
		t.Errorf("minAvailable is %d, want 1 of the 2 peers that are made", got)
	}
}

// invited is a PeerNode that its owner lets the fleet have.
func invited(p *v1alpha1.PeerNode) { p.Labels = map[string]string{v1alpha1.LabelFleet: "alpha"} }
